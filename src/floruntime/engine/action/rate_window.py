"""A sliding window of claims: never more than `rate` claims in any span of its period.

The times of the last `rate` claims are kept, each in a row of its own, under ever-growing numbers.
So one look at the `rate`-th last time tells when the next claim is allowed. Older rows are deleted
as claims come.
"""

from __future__ import annotations

from typing import Final, Protocol

from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View

DELETED_PER_CLAIM_MAX = 100
"""Times that one claim deletes at most, where `rate` has become smaller."""

CLAIMED_AT: Final[Table[int]] = Table(b"aw", int, owner_id="u64", claim="u64")


class Window(Protocol):
    """The counts of a window, in a row of whatever has one: claims `first` to `claims` are kept."""

    claims: int
    first_claim: int


def free_at(view: View, owner_id: int, window: Window, rate: int, period_ms: int) -> int:
    """When the next claim may be; 0: it has never been otherwise."""
    oldest = window.claims - rate
    if oldest < window.first_claim:
        return 0
    at_ms = view.get(CLAIMED_AT, CLAIMED_AT.key(owner_id, oldest))
    assert at_ms is not None, "the times of a window are kept"
    return at_ms + period_ms


def note_claim(tx: Tx, owner_id: int, window: Window, rate: int) -> None:
    """One more claim, now."""
    tx.put(CLAIMED_AT, CLAIMED_AT.key(owner_id, window.claims), tx.now_ms)
    window.claims += 1
    surplus = window.claims - window.first_claim - rate
    for _ in range(min(max(0, surplus), DELETED_PER_CLAIM_MAX)):
        _forget_first(tx, owner_id, window)


def forget_claims(tx: Tx, owner_id: int, window: Window) -> None:
    """The window's owner is gone."""
    while window.first_claim < window.claims:
        _forget_first(tx, owner_id, window)


def _forget_first(tx: Tx, owner_id: int, window: Window) -> None:
    tx.delete(CLAIMED_AT, CLAIMED_AT.key(owner_id, window.first_claim))
    window.first_claim += 1
