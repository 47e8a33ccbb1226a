"""Triggers start runs from the records of a stream, which each reads through a group of its own.

An append wakes the triggers of its stream. A timer then reads the records and starts runs. Reading
the records, moving the group's cursor and starting their run are one commit, so each record is in
exactly one run. A batch closes when it has enough records, or the size of a value, or
`batch_timeout_ms` after its first record came. If somebody deletes the group, it is made again at
the place that the trigger had reached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.errors import ConflictError
from floruntime.core.stream import GroupCreate, GroupRead, StreamID, StreamRecord
from floruntime.core.types import Value
from floruntime.engine.state.json_document import dump
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.stream.group import admin as group_admin
from floruntime.engine.stream.group import read as group
from floruntime.engine.stream.group.info import lag_of, returned_due
from floruntime.engine.stream.group.live_members import members_of
from floruntime.engine.stream.group.rows import GroupRow, find_group, group_state
from floruntime.engine.stream.rows import BEGINNING, StreamRow, find_stream, the_stream
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.language.definition import Trigger, TriggerStart
from floruntime.engine.workflow.runs.context import document_of
from floruntime.engine.workflow.runs.rows import Origin
from floruntime.engine.workflow.runs.start import begin_run
from floruntime.engine.workflow.runs.workflows import OpenWorkflow, find_workflow_by_id

RUNS_PER_TICK_MAX: Final = 100
"""Runs that one firing starts; the next tick goes on at once."""
NO_SPACE_WAIT_MS: Final = 1_000
"""While the disk is nearly full nothing is started; records wait where they are."""
CONSUMER_PREFIX: Final = "flo-workflow-"


class TriggerRow(Value, frozen=True):
    """`since_ms`: since when records wait for their batch to fill, 0: none do. `timer_ms`: when
    the trigger looks next by itself, 0: never. `stream_id`: the stream that it has its group in,
    0: there was none yet; `after`: the last record of that stream that it took or let pass.
    """

    spec: Trigger
    group: str
    since_ms: int = 0
    timer_ms: int = 0
    stream_id: int = 0
    after: tuple[int, int] = (0, 0)


TRIGGER: Final[Table[TriggerRow]] = Table(b"wl", TriggerRow, workflow_id="u64", cached=True)
#: The workflows that a stream triggers.
TRIGGERED: Final[Table[list[int]]] = Table(
    b"wh", list[int], namespace_id="u64", tail="stream", cached=True
)


# What a definition says


def apply_trigger(workflow: OpenWorkflow, spec: Trigger | None) -> None:
    """The workflow's new version has this trigger, or none. Its group goes on where it is."""
    tx = workflow.tx
    row = tx.get(TRIGGER, TRIGGER.key(workflow.id))
    if row is not None:
        _leave_stream(tx, workflow.id, row)
    if spec is None:
        tx.delete(TRIGGER, TRIGGER.key(workflow.id))
        return
    name = spec.consumer_group or group_of(workflow.name)
    fresh = TriggerRow(spec, name)
    start = "$" if spec.start is TriggerStart.LATEST else "0"
    if row is not None and (row.spec.stream, row.group) == (spec.stream, name):
        fresh = replace(row, spec=spec, timer_ms=0)
        start = "0"  # a stream that it has not had its group in has come since
    _join_stream(tx, workflow.id, spec.stream)
    stream = find_stream(tx, spec.stream)
    if stream is not None:
        fresh, known = _with_group(tx, stream, fresh, start)
        _check_mode(fresh, known)
    _look_at(tx, workflow.id, fresh, tx.now_ms)


def group_of(workflow: str) -> str:
    """The group of a trigger that names none; of a very long name, its hash stands in it."""
    name = f"wf-{workflow}"
    if len(name.encode()) <= limits.NAME_BYTES_MAX:
        return name
    return f"wf-{hashlib.sha256(workflow.encode()).hexdigest()}"


def groups_of(view: View, stream: str) -> list[str]:
    """The groups of a stream that triggers read."""
    ids = view.get(TRIGGERED, TRIGGERED.key(namespace_id(view), tail=stream.encode())) or ()
    rows = [view.get(TRIGGER, TRIGGER.key(id)) for id in ids]
    return [row.group for row in rows if row is not None]


def _leave_stream(tx: Tx, workflow_id: int, row: TriggerRow) -> None:
    _look_at(tx, workflow_id, row, 0)
    key = _triggered_key(tx, row.spec.stream)
    left = [other for other in tx.get(TRIGGERED, key) or () if other != workflow_id]
    if left:
        tx.put(TRIGGERED, key, left)
    else:
        tx.delete(TRIGGERED, key)


def _join_stream(tx: Tx, workflow_id: int, stream: str) -> None:
    key = _triggered_key(tx, stream)
    tx.put(TRIGGERED, key, [*(tx.get(TRIGGERED, key) or ()), workflow_id])


def _triggered_key(tx: Tx, stream: str) -> bytes:
    return TRIGGERED.key(namespace_id(tx), tail=stream.encode())


def _with_group(
    tx: Tx, stream: StreamRow, row: TriggerRow, start: str
) -> tuple[TriggerRow, GroupRow]:
    """The trigger and its group in this stream, which is made, if it is not there, to begin at
    `start`; or, if the trigger has had one in this stream, after what it took.
    """
    known = find_group(tx, stream, row.group)
    if known is None:
        if row.stream_id == stream.id:
            start = _right_after(row.after)
        create = GroupCreate(row.spec.stream, row.group, start, row.spec.mode.value)
        group_admin.create(tx, create)
        known = find_group(tx, stream, row.group)
        assert known is not None, "it was just made"
    if row.stream_id != stream.id:
        row = replace(row, stream_id=stream.id, after=group_state(tx, known).cursor)
    return row, known


def _right_after(id: tuple[int, int]) -> str:
    ms, sequence = id
    return str(StreamID(ms, sequence + 1)) if id != BEGINNING else "0"


def _check_mode(row: TriggerRow, known: GroupRow) -> None:
    spec = row.spec
    if known.mode != spec.mode.value:
        raise ConflictError(
            f"trigger: group {row.group!r} of stream {spec.stream!r} exists with mode "
            f"{known.mode}, not {spec.mode.value}; delete it or name another consumer_group"
        )


def workflow_enabled(workflow: OpenWorkflow) -> None:
    """The workflow was enabled: go on with what came meanwhile."""
    row = workflow.tx.get(TRIGGER, TRIGGER.key(workflow.id))
    if row is not None and workflow.row.enabled:
        _look_at(workflow.tx, workflow.id, row, workflow.tx.now_ms)


# Waking


def records_came(tx: Tx, stream: str, of_group: str | None) -> None:
    """Wake the triggers of the stream; of one group's, where only it has more to read."""
    for workflow_id in tx.get(TRIGGERED, _triggered_key(tx, stream)) or ():
        row = tx.get(TRIGGER, TRIGGER.key(workflow_id))
        if row is None or of_group not in (None, row.group):
            continue
        if not row.since_ms or row.stream_id != the_stream(tx, stream).id:
            row = replace(row, since_ms=tx.now_ms)
        _look_at(tx, workflow_id, row, tx.now_ms)


def _look_at(tx: Tx, workflow_id: int, row: TriggerRow, due_ms: int) -> None:
    """Let the trigger look at `due_ms`, or earlier if it was to; 0: not at all."""
    if row.timer_ms and not (due_ms and row.timer_ms <= due_ms):
        timers.cancel_timer(tx, row.timer_ms, timers.WORKFLOW_TRIGGER, workflow_id)
        row = replace(row, timer_ms=0)
    if due_ms and not row.timer_ms:
        timers.set_timer(tx, due_ms, timers.WORKFLOW_TRIGGER, workflow_id)
        row = replace(row, timer_ms=due_ms)
    tx.put(TRIGGER, TRIGGER.key(workflow_id), row)


def look(tx: Tx, due_ms: int, workflow_id: int, item: int, data: Any) -> None:
    """Start the runs that are complete, a bounded number, and look again when more may be."""
    workflow = find_workflow_by_id(tx, workflow_id)
    row = tx.get(TRIGGER, TRIGGER.key(workflow_id))
    if workflow is None or row is None or row.timer_ms != due_ms:
        return
    row = replace(row, timer_ms=0)
    tx.put(TRIGGER, TRIGGER.key(workflow_id), row)
    if not tx.may_grow:
        _look_at(tx, workflow_id, row, tx.now_ms + NO_SPACE_WAIT_MS)
    elif workflow.row.enabled:
        with tx.within(workflow.namespace):
            _start_runs(workflow, row)


def _start_runs(workflow: OpenWorkflow, row: TriggerRow) -> None:
    tx = workflow.tx
    stream = find_stream(tx, row.spec.stream)
    if stream is None:
        _look_at(tx, workflow.id, replace(row, since_ms=0), 0)
        return
    # One that was not there when the definition came is read from its beginning.
    row, known = _with_group(tx, stream, row, "0")
    started = 0
    while started < RUNS_PER_TICK_MAX:
        size = row.spec.batch_size
        waiting = lag_of(tx, stream, known) + returned_due(tx, known, size)
        if not waiting:
            _look_at(tx, workflow.id, replace(row, since_ms=0), 0)
            return
        closes_ms = row.since_ms + row.spec.batch_timeout_ms
        if waiting < size and tx.now_ms < closes_ms:
            _look_at(tx, workflow.id, row, closes_ms)
            return
        records = _take(workflow, row, known)
        if not records:  # they are another consumer's; see whether it leaves any
            _look_at(tx, workflow.id, row, tx.now_ms + row.spec.batch_timeout_ms)
            return
        started += _start_runs_of(workflow, row.spec, records)
        last = records[-1].id
        row = replace(row, since_ms=tx.now_ms, after=(last.timestamp_ms, last.sequence))
    _look_at(tx, workflow.id, row, tx.now_ms)


def _take(workflow: OpenWorkflow, row: TriggerRow, known: GroupRow) -> list[StreamRecord]:
    consumer = f"{CONSUMER_PREFIX}{workflow.id}"
    members = members_of(workflow.tx, known).members
    if consumer not in members and len(members) >= limits.GROUP_MEMBERS_MAX:
        return []  # no place for one more
    request = GroupRead(
        row.spec.stream,
        row.group,
        consumer,
        row.spec.batch_size,
        no_ack=True,  # the run is started in this commit: nothing can be lost between
    )
    return group.read(workflow.tx, request).records


def _start_runs_of(workflow: OpenWorkflow, spec: Trigger, records: list[StreamRecord]) -> int:
    """Start the run, or the runs, of what was taken at once; answers how many."""
    if spec.batch_size == 1:
        [record] = records
        _start_run(workflow, _input_of(record), _event_of(record), record.traceparent)
        return 1
    # A run has one parent: the first of them that is traced.
    traced = next((record.traceparent for record in records if record.traceparent), None)
    parts = list(_parts(records, workflow.tx.value_bytes_max))
    for part in parts:
        documents, events = zip(*part, strict=True)
        _start_run(workflow, b"[%b]" % b",".join(documents), list(events), traced)
    return len(parts)


def _parts(
    records: list[StreamRecord], bytes_max: int
) -> Iterator[list[tuple[bytes, dict[str, Any]]]]:
    """Documents and events of the records, in lists that are no larger than a value may be (but
    for one record that is larger by itself).
    """
    part: list[tuple[bytes, dict[str, Any]]] = []
    bytes_left = bytes_max - 1
    for record in records:
        document = dump(document_of(record.payload))
        if part and len(document) >= bytes_left:
            yield part
            part, bytes_left = [], bytes_max - 1
        part.append((document, _event_of(record)))
        bytes_left -= len(document) + 1
    yield part


def _start_run(workflow: OpenWorkflow, input: bytes, event: Any, traceparent: str | None) -> None:
    begin_run(
        workflow,
        workflow.row.current,
        input,
        origin=Origin.TRIGGER,
        event_source=dump(event),
        traceparent=traceparent,
    )


def _input_of(record: StreamRecord) -> bytes:
    """The payload where it is JSON as it stands, else what stands for it."""
    document = document_of(record.payload)
    is_itself = not (isinstance(document, dict) and document.keys() == {"base64"})
    return record.payload if is_itself and record.payload else dump(document)


def _event_of(record: StreamRecord) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "stream": record.stream,
        "headers": record.headers,
        "partition_key": record.partition_key,
        "timestamp_ms": record.timestamp_ms,
    }
