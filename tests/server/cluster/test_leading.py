"""Whom a node that stops leaves its leads to, and how often it hints at what it publishes."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from floruntime.server.cluster.board.placement import keepers
from floruntime.server.cluster.leading import HINT_S, HINTS_S, Leading
from floruntime.server.cluster.leads.publishing import GivenUpError, OvertakenError

NAMES, COPIES = ["a", "b", "c", "d"], 3
FIRST, SECOND, THIRD = keepers(1, NAMES, COPIES)
[NOT_KEPT] = set(NAMES) - {FIRST, SECOND, THIRD}


@pytest.mark.parametrize(
    ("able", "heir"),
    [
        (NAMES, SECOND),
        ([FIRST, THIRD], THIRD),
        ([NOT_KEPT], FIRST),
        ([], FIRST),
    ],
)
async def test_a_lead_is_left_to_who_keeps_it_and_may_lead_or_else_to_this_node(
    able: list[str], heir: str
) -> None:
    members = SimpleNamespace(names=NAMES, may_lead=lambda format: able)
    meta = SimpleNamespace(copies=COPIES)
    node: Any = SimpleNamespace(name=FIRST, members=members, meta=meta, format=1)
    assert Leading(node)._heir(1) == heir


async def test_what_is_published_is_hinted_at_soon_and_then_not_too_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hints: list[str] = []
    node: Any = SimpleNamespace(is_stopped=False, hint=lambda *told: hints.append(told[2]))
    replica = SimpleNamespace(position=SimpleNamespace(sequence=1))
    lead: Any = SimpleNamespace(partition=1, replica=replica, unsaved=0)
    leading = Leading(node)
    now_s, asked = 100.0, list[tuple[float, Any, Any]]()
    loop = SimpleNamespace(time=lambda: now_s, call_at=lambda *told: asked.append(told))
    monkeypatch.setattr("asyncio.get_running_loop", lambda: loop)

    def due() -> float:
        when_s, hint, argument = asked.pop()
        assert not asked
        hint(argument)
        return float(when_s)

    leading._published(lead)
    leading._published(lead)
    assert due() == now_s + HINT_S
    leading._published(lead)
    assert due() == now_s + HINTS_S
    now_s += 1
    leading._published(lead)
    assert due() == now_s + HINT_S
    assert hints == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (GivenUpError("it was handed over to node b"), logging.INFO),
        (OvertakenError("another node has taken its lease"), logging.WARNING),
    ],
)
async def test_a_lead_that_goes_as_it_was_meant_to_is_nothing_to_warn_of(
    error: OvertakenError, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    router = SimpleNamespace(lost=lambda *told: None)
    node: Any = SimpleNamespace(speakers=[], router=router, look_soon=lambda: None)
    lead: Any = SimpleNamespace(partition=1)
    leading = Leading(node)
    leading._leads[1] = lead
    leading._ended(lead, error)
    [told] = caplog.records
    assert (told.levelno, told.getMessage()) == (
        level,
        f"partition 1: this node no longer leads: {error}",
    )
