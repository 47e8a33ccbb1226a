"""The rows of workflows, of their runs, and of what belongs to the runs.

A workflow has a row under its name, and a number, under which its versions, plans and indexes are
stored. Runs are stored under the namespace, since a run is found by its id alone. A run's number
comes from the machine's ids. Its id is made from that number, or was given by its caller.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import msgspec

from floruntime.core.types import Value
from floruntime.core.workflow import WorkflowStatus
from floruntime.engine.state.index_marks import MarkedRow, Marks
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import View
from floruntime.engine.workflow.language.definition import Definition


class WorkflowRunStatus(IntEnum):
    """Where a run stands, as it is stored."""

    PENDING = 1
    RUNNING = 2
    WAITING = 3
    COMPLETED = 4
    FAILED = 5
    CANCELLED = 6
    TIMED_OUT = 7
    COMPENSATING = 8
    PAUSED = 9

    @property
    def is_final(self) -> bool:
        """Whether a run with this status has ended."""
        return _FIRST_FINAL <= self <= _LAST_FINAL

    @property
    def shown(self) -> WorkflowStatus:
        """As callers see it."""
        return _SHOWN[self]

    @staticmethod
    def of(shown: WorkflowStatus) -> WorkflowRunStatus:
        """The one that callers see as this."""
        return _STORED[shown]


_FIRST_FINAL: Final = WorkflowRunStatus.COMPLETED
_LAST_FINAL: Final = WorkflowRunStatus.TIMED_OUT
_SHOWN: Final = {status: WorkflowStatus[status.name] for status in WorkflowRunStatus}
_STORED: Final = {shown: status for status, shown in _SHOWN.items()}


class Wait(IntEnum):
    """What a run stands still for.

    `EXECUTOR`: an action that a plan calls; `TRACKING`: the signal that tells what became of such a
    call. `RETRY`, `POLL` and `EXECUTOR_RETRY` only wait for their time. `TARGET`: an action that
    is not registered yet. `SLEEP`: a time that the step names. `BODIES`: branches
    or items. `COMPENSATION`: that what was done is undone, before the run ends.
    `HELD`: what it waited for has come while it was paused (see `pauses.py`).
    """

    NOTHING = 0
    ACTION = 1
    CHILD = 2
    SIGNAL = 3
    RETRY = 4
    POLL = 5
    EXECUTOR_RETRY = 6
    TRACKING = 7
    EXECUTOR = 8
    TARGET = 9
    SLEEP = 10
    BODIES = 11
    COMPENSATION = 12
    HELD = 13


class Origin(IntEnum):
    """Who started a run."""

    CALLER = 0
    SCHEDULE = 1
    TRIGGER = 2
    PARENT = 3


class WorkflowRow(msgspec.Struct, array_like=True, gc=False):
    """A workflow: its number, its current version, and how many runs of it are kept; of the
    unfinished ones, how many its schedule started. `by_status`: how many are in each status, by its
    number; empty where there were runs before this was counted. `first_by_status`: no run in a
    status has a lower number; empty where that is not known. `is_indexed`: all of its runs stand
    in the indexes of values and ends; until then ticks put those of before there.
    """

    id: int
    current: int
    created_at_ms: int
    updated_at_ms: int
    enabled: bool = True
    unfinished: int = 0
    runs: int = 0
    scheduled: int = 0
    by_status: list[int] = []
    is_indexed: bool = False
    first_by_status: list[int] = []


class WorkflowNameRow(Value, frozen=True):
    """What a timer or a run, which know a workflow's number, find it by."""

    namespace: str
    name: str


class DefinitionRow(Value, frozen=True):
    """One version, as it is carried out; its text lies apart.

    `steps_read`: those that some path looks at, in order; `None` in versions from before there was
    such a list: any.
    """

    version: str
    created_at_ms: int
    content_hash: str
    definition: Definition
    steps_read: list[str] | None = None

    def reads(self, step: str) -> bool:
        """Whether a path may look at this step."""
        return self.steps_read is None or step in self.steps_read


class PlanCall(Value, frozen=True):
    """A plan that a run is going through.

    `order`: the executors to try, by their place in the definition; `position` in it. `attempt`
    counts calls of the current executor, the first of which was at `began_ms`. `is_probe`: the
    call under way is one of the few that a half-open breaker lets through. `error`: the last one.
    `generation`: of the plan's cache when the run came to it.
    """

    name: str
    order: list[int]
    position: int = 0
    attempt: int = 0
    began_ms: int = 0
    is_probe: bool = False
    error: str | None = None
    generation: int = 0
    probe_of_ms: int = 0


class WorkflowRunRow(msgspec.Struct, array_like=True, gc=False):
    """A run. A command changes a copy and puts that.

    `wait_number`: the action run or child that it waits for. `wait_due_ms`: when the wait is over
    by itself, `step_due_ms`: when the whole step is; 0: never. `timer_ms`: when the run's one timer
    fires. `hops`: steps gone through since it last waited. `signals`: how many are kept for later,
    by type. `events`: how many there are in its history. `entered`: how many steps it has come to.
    `key_base`: what the keys of its handlers begin with; `None`: its own number. `parent_run`:
    the run that a `parent` belongs to which is a branch or an item. `compensated`: how many
    compensations have begun. `paused_at_ms`, `paused_status`: since when it is paused, and
    as what it goes on; `shift_ms`: how long all its pauses were, by which its durations are later
    (of a branch or item, by which they are so far). `input`, `output`:
    see `engine/state/large_documents.py`.
    """

    workflow_id: int
    definition: int
    status: WorkflowRunStatus
    created_at_ms: int
    run_id: str | None = None
    origin: Origin = Origin.CALLER
    parent: int = 0
    depth: int = 1
    idempotency_key: str | None = None
    started_at_ms: int | None = None
    completed_at_ms: int | None = None
    step: str | None = None
    step_began_ms: int = 0
    step_due_ms: int = 0
    attempt: int = 0
    polls: int = 0
    wait: Wait = Wait.NOTHING
    wait_number: int = 0
    wait_due_ms: int = 0
    wait_signal: str | None = None
    plan: PlanCall | None = None
    timer_ms: int = 0
    hops: int = 0
    events: int = 0
    signals: dict[str, int] = {}
    terminal: str | None = None
    error: str | None = None
    search_attributes: dict[str, Any] = {}
    input: bytes | None = None
    output: bytes | None = None
    entered: int = 0
    key_base: str | None = None
    parent_run: int = 0
    compensated: int = 0
    paused_at_ms: int = 0
    paused_status: int = 0
    shift_ms: int = 0
    traceparent: str | None = None

    @property
    def is_paused(self) -> bool:
        return self.paused_at_ms > 0

    @property
    def is_finished(self) -> bool:
        return _FIRST_FINAL <= self.status <= _LAST_FINAL  # as `is_final`, and asked most often


class StepRow(Value, frozen=True):
    """How a step ended last. `outcomes`: of its branches. `failed`: of its items, the first of
    those that failed, as JSON; `failed_count` are all.
    """

    outcome: str
    output: bytes
    outcomes: dict[str, str] = {}
    failed: bytes = b""
    failed_count: int = 0


class EventRow(Value, frozen=True):
    """One event; its sequence number follows from its place. `number`: of an action run or child.

    `is_child`: that number is a workflow run's.
    """

    type: str
    detail: str
    step: str | None
    at_ms: int
    number: int = 0
    is_child: bool = False


class SignalRow(Value, frozen=True):
    """A signal that came before its wait."""

    type: str
    data: bytes
    at_ms: int


class WorkflowKeyRow(Value, frozen=True):
    """The run of an idempotency key. `expires_at_ms` is 0 while the run has not ended."""

    number: int
    expires_at_ms: int


WORKFLOW: Final[Table[WorkflowRow]] = Table(
    b"wf", WorkflowRow, namespace_id="u64", tail="name", cached=True
)
WORKFLOW_NAME: Final[Table[WorkflowNameRow]] = Table(
    b"wn", WorkflowNameRow, workflow_id="u64", lasting=True
)
DEFINITION: Final[Table[DefinitionRow]] = Table(
    b"wd", DefinitionRow, workflow_id="u64", number="u64", lasting=True
)
DEFINITION_TEXT: Final[Table[bytes]] = Table(b"wt", bytes, workflow_id="u64", number="u64")
VERSION: Final[Table[int]] = Table(b"wv", int, workflow_id="u64", tail="version")
#: How many kept runs are on a version; absent where there is none.
USE: Final[Table[int]] = Table(b"wu", int, workflow_id="u64", number="u64", cached=True)

WORKFLOW_RUN: Final[Table[WorkflowRunRow]] = Table(
    b"wr", WorkflowRunRow, warm_bytes=2048, namespace_id="u64", number="u64"
)
WORKFLOW_RUN_ID: Final[Table[int]] = Table(
    b"wj", int, namespace_id="u64", tail="run id, where it was given"
)
WORKFLOW_INPUT: Final[Table[bytes]] = Table(b"wi", bytes, namespace_id="u64", number="u64")
WORKFLOW_OUTPUT: Final[Table[bytes]] = Table(b"wo", bytes, namespace_id="u64", number="u64")
#: `$.flo.event`, as JSON; only of runs that a trigger started.
EVENT_SOURCE: Final[Table[bytes]] = Table(b"wm", bytes, namespace_id="u64", number="u64")
STEP: Final[Table[StepRow]] = Table(
    b"wp", StepRow, warm_bytes=256, namespace_id="u64", number="u64", tail="step"
)
#: The events of one command together, under the sequence number of the first.
EVENTS: Final[Table[list[EventRow]]] = Table(
    b"we", list[EventRow], namespace_id="u64", number="u64", sequence="u64"
)
SIGNAL: Final[Table[SignalRow]] = Table(
    b"wg", SignalRow, namespace_id="u64", number="u64", sequence="u64"
)
WORKFLOW_RUN_BY_STATUS: Final[Table[bool]] = Table(
    b"ws", bool, workflow_id="u64", status="u8", number="u64"
)
WORKFLOW_RUN_MARK: Final[Table[bool]] = Table(
    b"xd", bool, workflow_id="u64", status="u8", span="u64"
)
WORKFLOW_RUN_MARKED: Final[Table[MarkedRow]] = Table(
    b"xf", MarkedRow, cached=True, workflow_id="u64", status="u8"
)
WORKFLOW_RUN_MARKS: Final = Marks(WORKFLOW_RUN_BY_STATUS, WORKFLOW_RUN_MARK, WORKFLOW_RUN_MARKED)
#: Of runs from before values stood in their order; ticks move them there.
SEARCH: Final[Table[bool]] = Table(b"wx", bool, namespace_id="u64", attribute="u64", number="u64")
SEARCH_VALUE: Final[Table[bool]] = Table(
    b"xv", bool, namespace_id="u64", attribute="u64", tail="value and number"
)
WORKFLOW_RUN_ENDED: Final[Table[bool]] = Table(
    b"xe", bool, workflow_id="u64", status="u8", ended_ms="u64", number="u64"
)
WORKFLOW_KEY: Final[Table[WorkflowKeyRow]] = Table(
    b"wy", WorkflowKeyRow, workflow_id="u64", tail="idempotency key"
)


def holds_workflows(view: View, of_namespace_id: int) -> bool:
    return any(True for _ in view.scan(WORKFLOW, *WORKFLOW.range(of_namespace_id)))
