"""What a command has taken is shown; what nobody could see is handed back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from floruntime.cli.base.errors import Failure, OutputLost
from floruntime.core.errors import FloError

NAMED_MAX = 20
"""More are only counted, but with `--json`."""

HandBack = Callable[[], Awaitable[Any]]


async def show_taken(
    show: Callable[[], None], taken: Sequence[object], hand_back: HandBack | None
) -> None:
    """`show` what was `taken`; `hand_back` it if that fails (`None`: it is acked already)."""
    try:
        show()
    except OutputLost as lost:
        if not taken:
            raise
        fate, is_back = await _fate(hand_back)
        raise Failure(
            f"the output could not be written: {lost}; taken: {_named(taken)}, {fate}",
            exit_code=lost.exit_code,
            code=lost.code,
            ran="yes",
            taken=list(map(str, taken)),
            handed_back=is_back,
        ) from lost


async def _fate(hand_back: HandBack | None) -> tuple[str, bool]:
    if hand_back is None:
        return "which were acked when they were delivered, so they do not come again", False
    try:
        await hand_back()
    except FloError as error:
        return (
            f"which could not be handed back, so they come again when their lease ends: {error}"
        ), False
    return "which were handed back, with no attempt counted", True


def _named(taken: Sequence[object]) -> str:
    shown = ", ".join(map(str, taken[:NAMED_MAX]))
    left = len(taken) - NAMED_MAX
    return f"{shown} and {left} more" if left > 0 else shown
