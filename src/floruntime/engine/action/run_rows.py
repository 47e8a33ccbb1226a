"""The rows of runs.

A run's number comes from the machine's ids, so it grows with each invocation and is never used
again; the run's id is that number as text. The small row that every transition rewrites is separate
from the input and the output. One index, by action and status, serves every listing; those by the
time of the end have an index of their own.
"""

from __future__ import annotations

import re
from enum import IntEnum
from itertools import islice
from typing import Final

import msgspec

from floruntime.core import limits
from floruntime.core.action import ActionAttempt, ActionRun, RunStatus
from floruntime.core.errors import NotFoundError
from floruntime.core.types import Value
from floruntime.engine.action.rows import ACTION_NAME, ActionNameRow, ActionRow
from floruntime.engine.state.index_marks import MarkedRow, Marks
from floruntime.engine.state.index_walk import Filled, number_at
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.large_documents import read_document
from floruntime.engine.state.tx import View
from floruntime.engine.system import eras


class ActionRunStatus(IntEnum):
    """Where a run stands, as it is stored; those from `COMPLETED` on are final."""

    PENDING = 1
    RUNNING = 2
    COMPLETED = 3
    FAILED = 4
    CANCELLED = 5
    TIMED_OUT = 6

    @property
    def shown(self) -> RunStatus:
        """As callers see it."""
        return _SHOWN[self]

    @staticmethod
    def of(shown: RunStatus) -> ActionRunStatus:
        """The one that callers see as this."""
        return _STORED[shown]


ENDS: Final = (
    ActionRunStatus.COMPLETED,
    ActionRunStatus.FAILED,
    ActionRunStatus.CANCELLED,
    ActionRunStatus.TIMED_OUT,
)
_SHOWN: Final = {status: RunStatus[status.name] for status in ActionRunStatus}
_STORED: Final = {shown: status for status, shown in _SHOWN.items()}


class ActionRunRow(msgspec.Struct, array_like=True, gc=False):
    """A run. A command changes a copy and puts that.

    `is_ready`: pending, and in the line of due runs. `lease`: of the last delivery, also after it
    ended. `ends_at_ms`: when the whole run times out; 0: never. `timer_ms`: when the run's one
    timer fires; 0: there is none. `workflow_run`: the number of the workflow run that waits for it.
    `input`, `output`: see `engine/state/large_documents.py`. `is_reserved`: claimed, and nobody has
    said yet that its handler has begun; `begun_at_ms`: when this attempt did, 0 where that is not
    known. `losses`: how often a worker was lost that had it. `handler_key`: of the step that it is
    an attempt of (`idempotency_key` of a claim); `None`: the run has one of its own. `is_counted`:
    it ended, and is counted in its action's `ended`. `progress`: as the last attempt told it.
    `key`: what limits per key count it under. `is_keyed`: ready, and standing under its key.
    `debounce_key`: while it was never claimed, what its later invocations are told by.
    `is_scheduled`: the action's schedule made it.
    """

    action_id: int
    status: ActionRunStatus
    priority: int
    due_ms: int
    created_at_ms: int
    is_ready: bool = False
    attempt: int = 0
    lease: int = 0
    expires_at_ms: int = 0
    ends_at_ms: int = 0
    timer_ms: int = 0
    started_at_ms: int | None = None
    completed_at_ms: int | None = None
    worker_id: str | None = None
    outcome: str | None = None
    error: str | None = None
    reason: str | None = None
    caller_run_id: str | None = None
    idempotency_key: str | None = None
    labels: dict[str, str] = {}
    workflow_run: int = 0
    input: bytes | None = None
    output: bytes | None = None
    is_reserved: bool = False
    begun_at_ms: int = 0
    losses: int = 0
    handler_key: str | None = None
    is_counted: bool = False
    progress: float | None = None
    progress_note: str | None = None
    key: str | None = None
    is_keyed: bool = False
    debounce_key: str | None = None
    is_scheduled: bool = False
    traceparent: str | None = None

    @property
    def is_finished(self) -> bool:
        return self.status >= ActionRunStatus.COMPLETED


class ClaimEnd(IntEnum):
    """How a lease ended whose run went on."""

    RELEASED = 1
    FAILED_ATTEMPT = 2


class EndedClaimRow(Value, frozen=True):
    """How a lease ended whose run went on afterwards; so its holder may repeat itself."""

    number: int
    how: ClaimEnd


ACTION_RUN: Final[Table[ActionRunRow]] = Table(
    b"ru", ActionRunRow, warm_bytes=1024, namespace_id="u64", number="u64"
)
ACTION_INPUT: Final[Table[bytes]] = Table(b"ri", bytes, namespace_id="u64", number="u64")
ACTION_OUTPUT: Final[Table[bytes]] = Table(b"ro", bytes, namespace_id="u64", number="u64")
ACTION_RUN_BY_STATUS: Final[Table[bool]] = Table(
    b"ra", bool, action_id="u64", status="u8", number="u64"
)
ACTION_RUN_MARK: Final[Table[bool]] = Table(b"xb", bool, action_id="u64", status="u8", span="u64")
ACTION_RUN_MARKED: Final[Table[MarkedRow]] = Table(
    b"xc", MarkedRow, cached=True, action_id="u64", status="u8"
)
ACTION_RUN_MARKS: Final = Marks(ACTION_RUN_BY_STATUS, ACTION_RUN_MARK, ACTION_RUN_MARKED)
ACTION_RUN_ENDED: Final[Table[bool]] = Table(
    b"xa", bool, action_id="u64", status="u8", ended_ms="u64", number="u64"
)
ENDED_CLAIM: Final[Table[EndedClaimRow]] = Table(
    b"rs", EndedClaimRow, namespace_id="u64", lease="u64"
)


def ended_key(number: int, row: ActionRunRow) -> bytes:
    """Where a run that has ended stands in the index of ends."""
    assert row.completed_at_ms is not None, "it has ended"
    return ACTION_RUN_ENDED.key(row.action_id, row.status, row.completed_at_ms, number)


_MADE_ID: Final = re.compile("run-([1-9][0-9]{0,18})")
NUMBER_FROM: Final = len("run-")
"""Where the number stands in an id that `action_run_id` has made."""


def action_run_id(number: int) -> str:
    """The id of the run with this number."""
    return f"run-{number}"


def action_run_number(run_id: str) -> int:
    """The number of a run by its id; 0, which no run has, for what is no run's id."""
    number = number_in(_MADE_ID, run_id)
    if not number:
        limits.check_name("run_id", run_id)
    return number


def own_handler_key(run_id: str, row: ActionRunRow) -> str:
    """What the handlers of a run may use as a key elsewhere: no other run has it, on no server."""
    return f"{run_id}-{row.created_at_ms}"


def number_in(made_id: re.Pattern[str], run_id: str) -> int:
    """The number in an id that was made; 0 in any other."""
    match = made_id.fullmatch(run_id)
    number = 0 if match is None else int(match[1])
    return number if number <= limits.UINT_MAX else 0


def unknown_action_run(view: View, run_id: str) -> NotFoundError:
    """What is said of a run that is not there."""
    is_lost = eras.is_lost_id(view, action_run_number(run_id))
    why = eras.told(view) if is_lost else "does not exist"
    return NotFoundError(f"run {limits.shown(run_id)} {why}")


def action_name(view: View, action_id: int) -> str:
    """The name of the action that a run belongs to."""
    names: ActionNameRow | None = view.get(ACTION_NAME, ACTION_NAME.key(action_id))
    assert names is not None, "an action outlives its runs"
    return names.name


def error_of(row: ActionRunRow) -> str | None:
    """What went wrong. Where no handler told, the reason: the worker was lost, say."""
    return (
        row.reason or row.error
        if row.status == ActionRunStatus.CANCELLED
        else row.error or row.reason
    )


def input_of(view: View, of_namespace_id: int, number: int, row: ActionRunRow) -> bytes:
    """What the run was invoked with."""
    payload = read_document(view, ACTION_INPUT, of_namespace_id, number, row.input)
    assert payload is not None, "a run has an input"
    return payload


def as_action_run(
    view: View,
    of_namespace_id: int,
    number: int,
    row: ActionRunRow,
    attempts: list[ActionAttempt],
) -> ActionRun:
    """The run as callers see it, with its `attempts`."""
    output = None
    if row.status == ActionRunStatus.COMPLETED:
        output = read_document(view, ACTION_OUTPUT, of_namespace_id, number, row.output) or b""
    return ActionRun(
        action_run_id(number),
        action_name(view, row.action_id),
        row.status.shown,
        row.attempt,
        row.priority,
        input_of(view, of_namespace_id, number, row),
        output,
        row.outcome,
        error_of(row),
        row.created_at_ms,
        row.started_at_ms,
        row.completed_at_ms,
        row.caller_run_id,
        row.reason,
        row.labels,
        row.worker_id,
        attempts=attempts,
        progress=row.progress,
        progress_note=row.progress_note,
        key=row.key,
        traceparent=row.traceparent,
    )


def with_status(row: ActionRow, status: ActionRunStatus) -> Filled:
    """Where an action's runs with a status stand in the index."""
    first = 0
    if status == ActionRunStatus.PENDING:
        count, first = row.pending, row.pending_from
    elif status == ActionRunStatus.RUNNING:
        count, first = row.running, row.running_from
    elif row.runs - row.unfinished == sum(row.ended):
        count = row.ended[ENDS.index(status)]
    else:
        count = None
    place = ACTION_RUN_BY_STATUS.range(row.id, status)[0]
    return Filled(ACTION_RUN_BY_STATUS, place, first, count, ACTION_RUN_MARKS)


def unfinished_numbers(view: View, row: ActionRow, first: int, count: int) -> list[int]:
    """The lowest `count` numbers, from `first` on, of an action's runs that have not ended."""
    numbers: list[int] = []
    for status in (ActionRunStatus.PENDING, ActionRunStatus.RUNNING):
        filled = with_status(row, status)
        if filled.rows:
            lane = filled.lane(first, limits.UINT_MAX)
            positions = islice(lane.positions(view, None, is_falling=False), count)
            numbers += map(number_at, positions)
    return sorted(numbers)[:count]
