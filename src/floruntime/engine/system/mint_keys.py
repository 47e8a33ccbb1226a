"""The keys that sign minted tokens: made when needed, a new one each day, the last two kept.

A minted token lasts an hour at most, so the previous key is kept for longer than any token that it
has signed lives.
"""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.core.token import MintKeyMake
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Topic, Tx, View


class MintKeyRow(Value, frozen=True):
    """`secret`: the key of an HMAC."""

    secret: bytes
    made_at_ms: int


MINT_KEY: Final[Table[MintKeyRow]] = Table(b"ek", MintKeyRow, number="u64", cached=True)
CHANGED: Final[Topic] = ("", "mint key", "")
"""What is touched when a key was asked for: from then on there is one."""


def find_key(view: View, number: int) -> MintKeyRow | None:
    """The key with this number, if it is still known."""
    return view.get(MINT_KEY, MINT_KEY.key(number))


def signing_key(view: View, now_ms: int) -> tuple[int, MintKeyRow] | None:
    """Number and row of the key to sign with; `None` where a new one is to be made."""
    for key, row in view.scan(MINT_KEY, *MINT_KEY.range(), reverse=True):
        is_fresh = now_ms - row.made_at_ms < limits.MINT_KEY_MS
        return (MINT_KEY.unpack(key)[0], row) if is_fresh else None
    return None


def make(tx: Tx, request: MintKeyMake) -> None:
    tx.touch(CHANGED)
    if signing_key(tx, tx.now_ms) is not None:
        return  # somebody else asked for one in the same moment
    known = [MINT_KEY.unpack(key)[0] for key, _ in tx.scan(MINT_KEY, *MINT_KEY.range())]
    number = known[-1] + 1 if known else 1
    for old in known[:-1]:
        tx.delete(MINT_KEY, MINT_KEY.key(old))
    tx.put(MINT_KEY, MINT_KEY.key(number), MintKeyRow(request.secret, tx.now_ms))
