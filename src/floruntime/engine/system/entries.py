"""Commands of the machine's own: ticks, batches of commands, and taking back a delivery."""

from __future__ import annotations

from typing import Any

import msgspec

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, FloError
from floruntime.core.system import Batch, HandBack, Tick, TimerPostpone
from floruntime.engine.state.dispatch import apply_rule, rules_of
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers, write_memory

_encode = msgspec.msgpack.Encoder().encode


def tick(tx: Tx, request: Tick) -> bool:
    return timers.fire_due(tx, request.timers_max)


def postpone_timer(tx: Tx, request: TimerPostpone) -> None:
    timers.postpone_first(tx, request.delay_ms)


def hand_back(tx: Tx, request: HandBack) -> None:
    write_memory.forget_answer(tx, request.session, request.number)
    rules_of(tx).hand_backs[request.delivery.primitive](tx, request.delivery)


def batch(tx: Tx, request: Batch) -> list[Any]:
    count = len(request.commands)
    if not 1 <= count <= limits.BATCH_COMMANDS_MAX:
        raise BadRequestError(
            f"a batch of {count} commands; 1 to {limits.BATCH_COMMANDS_MAX} are allowed"
        )
    size_bytes = len(_encode(request.commands))
    if size_bytes > limits.BATCH_BYTES_MAX:
        raise BadRequestError(
            f"a batch of {size_bytes} bytes; at most {limits.BATCH_BYTES_MAX} are allowed",
            bytes_max=limits.BATCH_BYTES_MAX,
        )
    items = sum(map(_items_of, request.commands))
    if items > limits.BATCH_ITEMS_MAX:
        raise BadRequestError(
            f"a batch of {items} payloads, seqs and ids in its commands; at most "
            f"{limits.BATCH_ITEMS_MAX} are allowed: send several batches"
        )
    results: list[Any] = []
    try:
        with tx.deferring():
            results.extend(_apply_member(tx, member) for member in request.commands)
    except FloError as error:
        raise _refusal(tx, request.commands, len(results), error) from None
    return results


def _refusal(tx: Tx, members: list[Any], index: int, error: FloError) -> FloError:
    """What refuses the batch, which is none of its members' doing where `index` is behind them."""
    if index == len(members):
        return error
    if index and "current_version" in error.details:
        error = _as_without_batch(tx, members[index], error)
    error.index = index
    return error


def _as_without_batch(tx: Tx, member: Any, error: FloError) -> FloError:
    """The refusal of a member, not telling of a version that earlier members would have made.

    That version does not come to be, and the next write of anybody may be given its number.
    """
    tx.refuse()
    try:
        apply_rule(tx, member)
    except FloError as alone:
        return alone
    return ConflictError(f"{error.message}, as an earlier command of this batch has changed it")


def _items_of(member: Any) -> int:
    """What a command has in its lists."""
    fields = [getattr(member, name) for name in member.__struct_fields__]
    return sum([len(field) for field in fields if isinstance(field, list)])


def _apply_member(tx: Tx, member: Any) -> Any:
    result = apply_rule(tx, member)
    stale = getattr(result, "stale", None)
    if stale:
        raise ConflictError(f"stale lease for {stale}: delivered again since, or settled before")
    return result
