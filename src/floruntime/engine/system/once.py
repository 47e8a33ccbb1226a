"""HTTP writes that happen only once: the request of each `Idempotency-Key`, kept for ten minutes.

A key is a session of its own with one numbered write (`write_memory.py` keeps its answer). The row
here keeps the request, to tell a repeated request from a different one. A refusal leaves no answer,
so its key may be used again for something else.
"""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, OverloadedError
from floruntime.core.system import ONCE_PREFIX, OnceOpen, SessionForget, SessionOpen
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import write_memory
from floruntime.engine.system.timers import HTTP_ONCE, cancel_timer, set_timer

NUMBER = 1
"""The number of a key's one write."""
DIGEST_BYTES = 32


class OnceRow(Value, frozen=True):
    """`id` names its timer, which is due at `ends_at_ms`."""

    id: int
    digest: bytes
    ends_at_ms: int


class OnceCountRow(Value, frozen=True):
    """How many keys a holder has in use."""

    count: int


ONCE: Final[Table[OnceRow]] = Table(b"uo", OnceRow, tail="session")
ONCE_COUNT: Final[Table[OnceCountRow]] = Table(b"uq", OnceCountRow, tail="holder", cached=True)


def open_once(tx: Tx, request: OnceOpen) -> None:
    """Begin what a key stands for, or go on with it."""
    holder, prefix, _ = tx.session.rpartition(ONCE_PREFIX)
    if not prefix or len(request.digest) != DIGEST_BYTES:
        raise BadRequestError("OnceOpen is for requests with an Idempotency-Key")
    key = ONCE.key(tail=tx.session.encode())
    row = tx.get(ONCE, key)
    if row is not None and row.digest == request.digest and tx.now_ms < row.ends_at_ms:
        return
    if row is not None:
        if tx.now_ms < row.ends_at_ms and _is_answered(tx):
            raise ConflictError(
                "this Idempotency-Key was used for another request within ten minutes"
            )
        _forget(tx, tx.session, row)
    _count(tx, holder, 1)
    ends_at_ms = tx.now_ms + limits.SESSION_AGE_MS_MAX
    row = OnceRow(tx.next_id(), request.digest, ends_at_ms)
    tx.put(ONCE, key, row)
    set_timer(tx, ends_at_ms, HTTP_ONCE, row.id, data=tx.session)
    write_memory.open_session(tx, SessionOpen())


def end(tx: Tx, due_ms: int, owner_id: int, item: int, session: str) -> None:
    """The ten minutes of a key are over."""
    row = tx.get(ONCE, ONCE.key(tail=session.encode()))
    if row is not None and row.id == owner_id:
        _forget(tx, session, row)


def _is_answered(tx: Tx) -> bool:
    """Whether the key's write happened."""
    if not write_memory.is_known(tx, tx.session):
        return False
    place = write_memory.place_of(tx, tx.session, NUMBER)
    return place.row is not None and NUMBER in place.row.answers


def _forget(tx: Tx, session: str, row: OnceRow) -> None:
    tx.delete(ONCE, ONCE.key(tail=session.encode()))
    cancel_timer(tx, row.ends_at_ms, HTTP_ONCE, row.id)
    write_memory.forget_session(tx, SessionForget(session))
    _count(tx, session.rpartition(ONCE_PREFIX)[0], -1)


def _count(tx: Tx, holder: str, change: int) -> None:
    key = ONCE_COUNT.key(tail=holder.encode())
    row = tx.get(ONCE_COUNT, key)
    count = (0 if row is None else row.count) + change
    if count > limits.ONCE_KEYS_MAX:
        raise OverloadedError(
            f"{limits.ONCE_KEYS_MAX} Idempotency-Keys were used in the last ten minutes, "
            "which is the limit; try again later"
        )
    if count > 0:
        tx.put(ONCE_COUNT, key, OnceCountRow(count))
    else:
        tx.delete(ONCE_COUNT, key)
