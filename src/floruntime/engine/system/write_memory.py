"""Remembers each client's numbered writes, so that a write that is sent twice happens once.

A client numbers its writes from 1. The answer to number `n` is in block `n // 16`. The blocks form
a ring of 65, so that the last 1,024 numbers are in it wherever a block begins, and one row holds
several writes. A number whose place was taken by a later block is too old to judge. It is refused
with `ran="maybe"`; so are an answer older than ten minutes and an unknown session. Refusals are not
remembered: a refused command wrote nothing, and may be judged again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.operation_names import operation_of
from floruntime.core.system import ONCE_PREFIX, SessionForget, SessionOpen
from floruntime.core.types import Command, Value
from floruntime.engine.state.dispatch import RecallRule
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View

BLOCK_WRITES = limits.SESSION_BLOCK_WRITES
BLOCKS = limits.SESSION_BLOCKS


class SessionRow(Value, frozen=True):
    id: int
    opened_at_ms: int


class SessionBlockRow(msgspec.Struct, array_like=True):
    """Answers by number, each with its time and its command's tag.

    Grows in place: nobody reads it but the machine.
    """

    block: int
    answers: dict[int, tuple[int, Any, int]]


SESSION: Final[Table[SessionRow]] = Table(b"sn", SessionRow, tail="session", cached=True)
SESSION_BLOCK: Final[Table[SessionBlockRow]] = Table(
    b"sb", SessionBlockRow, session_id="u64", slot="u8", cached=True
)


class Place(msgspec.Struct, gc=False):
    """Where the answer of one write lies, or will: the row's key, its block, what is there now.

    `is_new`: the write certainly did not run yet. One `Place` serves the writes of a session that
    come after each other, for they mostly lie in the same block.
    """

    key: bytes
    block: int
    row: SessionBlockRow | None
    is_new: bool


@lru_cache(maxsize=4096)
def _session_key(session: str) -> bytes:
    return SESSION.key(tail=session.encode())


def is_known(view: View, session: str) -> bool:
    """Whether the session's writes are remembered."""
    return view.get(SESSION, _session_key(session)) is not None


def known(view: View) -> list[str]:
    """The ids of all clients whose writes are remembered."""
    return [SESSION.tail_of(key).decode() for key, _ in view.scan(SESSION, *SESSION.range())]


def place_of(tx: Tx, session: str, number: int) -> Place:
    """Where write `number` is remembered. Refuses a session that is not known."""
    if number < 0:
        raise BadRequestError(f"write number {number} must be 0 (none) or more")
    block, session_key = number // BLOCK_WRITES, _session_key(session)
    place: Place | None = tx.hints.get(session_key)
    if place is None or place.block != block:
        place = tx.hints[session_key] = _place_in(tx, session_key, number)
    row = place.row
    place.is_new = row is None or (row.block <= block and number not in row.answers)
    return place


def _place_in(tx: Tx, session_key: bytes, number: int) -> Place:
    """The place of a write that lies in another block than the session's last."""
    session = tx.get(SESSION, session_key)
    if session is None:
        raise ConflictError(
            f"write number {number} belongs to a client that is not remembered; it may have run",
            ran="maybe",
        )
    block = number // BLOCK_WRITES
    key = SESSION_BLOCK.key(session.id, block % BLOCKS)
    return Place(key, block, tx.get(SESSION_BLOCK, key), True)


def recall(
    tx: Tx, place: Place, number: int, command: Command[Any], rule: RecallRule | None
) -> Any:
    """The answer that write `number` got, which is not new."""
    assert place.row is not None, "a write is new where nothing is remembered"
    remembered = place.row.answers.get(number)
    if remembered is None or tx.now_ms - remembered[0] > limits.SESSION_AGE_MS_MAX:
        raise ConflictError(
            f"write number {number} is older than what is remembered of this client; "
            "it may have run",
            ran="maybe",
        )
    if remembered[2] != command.__struct_config__.tag:
        # A foreign memo means nothing to this command's rules.
        raise BadRequestError(
            f"write number {number} was another operation than {operation_of(type(command))}; "
            "each number is for one write"
        )
    return remembered[1] if rule is None else rule.recall(tx, command, remembered[1])


def remember(
    tx: Tx, place: Place, number: int, command: Command[Any], result: Any, rule: RecallRule | None
) -> None:
    """Keep the answer of write `number`, which has just been applied."""
    row = place.row  # of no later block: `recall` refuses what is too old
    if row is None or row.block != place.block:
        place.row = row = SessionBlockRow(place.block, {})
    memo = result if rule is None else rule.memo(result)
    tag: int = command.__struct_config__.tag  # type: ignore[assignment]  # every command has one
    row.answers[number] = (tx.now_ms, memo, tag)
    tx.put(SESSION_BLOCK, place.key, row)


def forget_answer(tx: Tx, session: str, number: int) -> None:
    """Drop the answer of write `number`: its effect was undone, so it may run again."""
    if not is_known(tx, session):
        return
    place = place_of(tx, session, number)
    if place.row is not None and number in place.row.answers:
        answers = {n: answer for n, answer in place.row.answers.items() if n != number}
        place.row = SessionBlockRow(place.row.block, answers)
        tx.put(SESSION_BLOCK, place.key, place.row)


def open_session(tx: Tx, request: SessionOpen) -> None:
    key = _session_key(tx.session)
    if tx.get(SESSION, key) is None:
        tx.put(SESSION, key, SessionRow(tx.next_id(), tx.now_ms))


def forget_all(tx: Tx) -> None:
    """Forget every client: what they wrote, and will send again, belongs to another history.

    What is kept under an `Idempotency-Key` stays: the state has what it answered.
    """
    for client in known(tx):
        if ONCE_PREFIX not in client:
            forget_session(tx, SessionForget(client))


def forget_session(tx: Tx, request: SessionForget) -> None:
    key = _session_key(request.session)
    row = tx.get(SESSION, key)
    if row is not None:
        tx.hints.pop(key, None)
        tx.delete(SESSION, key)
        for block_key, _ in tx.scan(SESSION_BLOCK, *SESSION_BLOCK.range(row.id)):
            tx.delete(SESSION_BLOCK, block_key)
