"""What a run keeps of an error."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime import NonRetryableError
from floruntime.client.worker.failures import HandlerFailed, error_text, is_lost, may_retry


class Unspeakable(Exception):
    """Its text cannot be had."""

    def __str__(self) -> str:
        return str(self.args[7])


class NoText(Exception):
    """Its text is none."""

    def __str__(self) -> Any:
        return 7


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "ValueError: no"),
        (StopIteration(), "StopIteration"),
        (KeyError("k"), "KeyError: 'k'"),
        (Unspeakable("x"), "Unspeakable: <its text cannot be shown: IndexError>"),
        (NoText(), "NoText: <its text cannot be shown: TypeError>"),
        (ValueError("\ud800"), "ValueError: \\ud800"),
        (HandlerFailed("over there"), "over there"),
    ],
)
def test_every_error_has_a_text(error: Exception, text: str) -> None:
    assert error_text(error) == text


def test_a_text_has_at_most_4_kib_and_says_that_it_was_cut() -> None:
    for error in (ValueError("ü" * 5_000), HandlerFailed("ü" * 5_006)):
        text = error_text(error)
        assert len(text.encode()) <= 4_096
        assert text.endswith("… (cut from 10012 bytes)")


def test_what_may_be_tried_again_and_what_was_lost() -> None:
    assert may_retry(ValueError())
    assert not may_retry(NonRetryableError("never"))
    assert not may_retry(HandlerFailed("x", retry=False))
    assert is_lost(HandlerFailed("x", is_lost=True))
    assert not is_lost(HandlerFailed("x"))
    assert not is_lost(ValueError())
