"""Appending to streams.

An id is the command's time and a sequence number; where the time has not moved on, the sequence
does. Ids are stored with the record and grow over the whole stream, all partitions.
"""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.stream import AppendResult, StreamAppend, StreamID
from floruntime.engine.state.dispatch import rules_of
from floruntime.engine.state.tx import Tx
from floruntime.engine.stream.offsets import skipped, with_gap
from floruntime.engine.stream.positions import choose_partition
from floruntime.engine.stream.retention import (
    SWEEP_EVERY_MS,
    arm_retention,
    evict,
    tell_groups,
)
from floruntime.engine.stream.rows import (
    MARK,
    MARK_EVERY,
    OFFSET,
    PARTITION,
    RECORD,
    MarkRow,
    PartitionRow,
    RecordRow,
    StreamRow,
    StreamStateRow,
    ensure_stream,
    put_state,
    state_of,
)
from floruntime.engine.system import eras
from floruntime.engine.system.namespaces import ensure_namespace

_NO_RECORD: Final = PartitionRow(0)


def append(tx: Tx, request: StreamAppend) -> list[AppendResult]:
    """Append all payloads, in one commit; a stream that does not exist gets one partition."""
    return append_to(tx, ensure_stream(tx, request.stream), request)


def append_to(tx: Tx, stream: StreamRow, request: StreamAppend) -> list[AppendResult]:
    """Append to a stream that was found, the engine's own, too."""
    extra_bytes = _check_append(tx, request)
    chosen = choose_partition(stream, request.partition, request.partition_key)
    if stream.max_bytes is not None:
        _check_fits(request, extra_bytes, stream.max_bytes)
    state = state_of(tx, stream).copy()
    if stream.partitions == 1:
        next_offset = state.next_ordinal + skipped(state.gaps)
        state.gaps = with_gap(state.gaps, next_offset, eras.begin_in(tx))
    results = [
        _append_one(tx, stream, state, request, payload, extra_bytes, chosen)
        for payload in request.payloads
    ]
    if stream.max_records is not None or stream.max_bytes is not None:
        floor = state.floor
        evict(tx, stream, state)
        if state.floor != floor:
            owner = ensure_namespace(tx).id
            tell_groups(tx, stream, state, owner, request.stream, delay_ms=SWEEP_EVERY_MS)
    if stream.max_age_ms is not None:
        arm_retention(tx, stream, state, ensure_namespace(tx).id, request.stream)
    put_state(tx, stream, state)
    tx.touch((tx.namespace, "stream", request.stream))
    rules_of(tx).records_came(tx, request.stream, None)
    return results


def _check_append(tx: Tx, request: StreamAppend) -> int:
    """Refuse what can never be right; the size of what goes with each payload."""
    limits.check_many("payloads", len(request.payloads))
    for payload in request.payloads:
        limits.check_value("payload", payload, tx.value_bytes_max)
    extra_bytes = limits.check_headers(request.headers) if request.headers else 0
    limits.check_traceparent(request.traceparent)
    if request.partition_key is not None:
        extra_bytes += len(limits.check_name("partition_key", request.partition_key))
    return extra_bytes


def _check_fits(request: StreamAppend, extra_bytes: int, bytes_max: int) -> None:
    largest = max(map(len, request.payloads)) + extra_bytes
    if largest > bytes_max:
        raise BadRequestError(
            f"a record of {largest} bytes can never fit into stream {request.stream!r}, "
            f"whose max_bytes is {bytes_max}"
        )


def _append_one(
    tx: Tx,
    stream: StreamRow,
    state: StreamStateRow,
    request: StreamAppend,
    payload: bytes,
    extra_bytes: int,
    chosen: int | None,
) -> AppendResult:
    ms, sequence = _next_id(tx, state)
    ordinal = state.next_ordinal
    partition = 0
    if stream.partitions > 1:
        partition = _take_turn(stream, state) if chosen is None else chosen
        offset = _take_offset(tx, stream, partition, ms, sequence)
    else:
        offset = ordinal + skipped(state.gaps)
    tx.put(
        RECORD,
        RECORD.key(stream.id, ms, sequence),
        RecordRow(
            partition,
            offset,
            ordinal,
            state.total_bytes,
            payload,
            request.headers,
            request.partition_key,
            request.traceparent,
        ),
    )
    if ordinal % MARK_EVERY == 0:
        mark = MarkRow(ms, sequence, state.total_bytes)
        tx.put(MARK, MARK.key(stream.id, ordinal), mark)
    state.next_ordinal = ordinal + 1
    state.total_bytes += len(payload) + extra_bytes
    return AppendResult(StreamID(ms, sequence), offset, partition, ms)


def _next_id(tx: Tx, state: StreamStateRow) -> tuple[int, int]:
    if tx.now_ms > state.last_ms:
        state.last_ms, state.last_sequence = tx.now_ms, 0
    else:
        state.last_sequence += 1
    return state.last_ms, state.last_sequence


def _take_turn(stream: StreamRow, state: StreamStateRow) -> int:
    partition = state.turn
    state.turn = (partition + 1) % stream.partitions
    return partition


def _take_offset(tx: Tx, stream: StreamRow, partition: int, ms: int, sequence: int) -> int:
    key = PARTITION.key(stream.id, partition)
    row = tx.get(PARTITION, key) or _NO_RECORD
    begin = eras.begin_in(tx)
    offset = max(row.next_offset, begin)
    tx.put(PARTITION, key, PartitionRow(offset + 1, with_gap(row.gaps, row.next_offset, begin)))
    tx.put(OFFSET, OFFSET.key(stream.id, partition, offset), (ms, sequence))
    return offset
