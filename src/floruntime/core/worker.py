"""Workers: how runs of actions are claimed, kept, finished and handed back."""

from __future__ import annotations

from floruntime.core import defaults
from floruntime.core.types import Command, PayloadValue, Query, Value


class Task(PayloadValue, frozen=True):
    """One run, claimed: its input, and the lease that fences this attempt.

    `lease_ms`: how long the lease lasts, from the claim on. `idempotency_key`: for what a handler
    asks of others; the same over all attempts of a run, of a workflow's step, and over a retry of
    the workflow. `traceparent`: the trace that the run was invoked in, of a workflow's step that of
    the workflow's start.
    """

    run_id: str
    action: str
    payload: bytes
    attempt: int
    lease: int
    created_at_ms: int
    lease_expires_at_ms: int
    caller_run_id: str | None = None
    labels: dict[str, str] = {}
    lease_ms: int = 0
    idempotency_key: str = ""
    traceparent: str | None = None

    @property
    def task_id(self) -> str:
        """Another name for `run_id`."""
        return self.run_id

    @property
    def task_type(self) -> str:
        """Another name for `action`."""
        return self.action

    @property
    def created_at(self) -> int:
        """Another name for `created_at_ms`."""
        return self.created_at_ms


class Heartbeat(Value, frozen=True):
    """`known`: false asks the worker to register again. `cancelled`: of `running`, what to stop."""

    known: bool
    draining: bool
    cancelled: list[str]


class WorkerInfo(Value, frozen=True):
    """A registered worker. Unhealthy after 90 s without a heartbeat.

    `done`, `failed`: attempts that it ended since it was registered first.
    """

    worker_id: str
    actions: list[str]
    concurrency: int
    labels: dict[str, str]
    metadata: dict[str, str]
    registered_at_ms: int
    last_heartbeat_ms: int
    healthy: bool
    draining: bool
    running: int
    done: int = 0
    failed: int = 0


class WorkerListReply(Value, frozen=True):
    items: list[WorkerInfo]
    cursor: str | None


class WorkerGetInfo(Query[WorkerInfo], tag=138, frozen=True):
    worker_id: str


class WorkerRegister(Command[WorkerInfo], tag=144, frozen=True):
    worker_id: str
    actions: list[str]
    concurrency: int = defaults.CONCURRENCY
    labels: dict[str, str] = {}
    metadata: dict[str, str] = {}


class WorkerHeartbeat(Command[Heartbeat], tag=145, frozen=True):
    """`running`: the ids of the runs that the worker works on."""

    worker_id: str
    running: list[str] = []


class WorkerDrain(Command[WorkerInfo], tag=146, frozen=True):
    worker_id: str


class WorkerDeregister(Command[bool], tag=147, frozen=True):
    worker_id: str


class WorkerList(Query[WorkerListReply], tag=148, frozen=True):
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class WorkerAwait(Command[list[Task]], tag=149, frozen=True):
    """Claim up to `count` runs that are due, of `actions`; waits while there are none."""

    worker_id: str
    actions: list[str]
    count: int = 1
    block_ms: int = 0


class WorkerComplete(Command[None], tag=150, frozen=True):
    worker_id: str
    run_id: str
    lease: int
    output: bytes = b""
    outcome: str = defaults.OUTCOME


class WorkerFail(Command[None], tag=151, frozen=True):
    worker_id: str
    run_id: str
    lease: int
    error: str
    retry: bool = True


class WorkerTouch(Command[bool], tag=152, frozen=True):
    """Returns whether the run goes on: false once it was cancelled.

    `progress` (0 to 1) and `progress_note` are kept with the run; what is `None` stays as it is.
    """

    worker_id: str
    run_id: str
    lease: int
    extend_ms: int = defaults.EXTEND_MS
    progress: float | None = None
    progress_note: str | None = None


class WorkerRelease(Command[None], tag=153, frozen=True):
    """Hand the run back with no attempt counted."""

    worker_id: str
    run_id: str
    lease: int


class TaskResult(Value, frozen=True):
    """How one claimed run ended: `error` is `None` for a completion.

    `lost`: the process that the handler ran in is gone; the attempt counts as `worker_lost`.
    """

    run_id: str
    lease: int
    output: bytes = b""
    outcome: str = defaults.OUTCOME
    error: str | None = None
    retry: bool = True
    lost: bool = False
    progress: float | None = None
    progress_note: str | None = None


class TaskBegun(Value, frozen=True):
    """The handler of a claimed run has begun."""

    run_id: str
    lease: int


class TurnReply(Value, frozen=True):
    """`tasks`: claimed. `stale`: which results were not taken, by their place in the request."""

    tasks: list[Task]
    stale: list[int]


class WorkerExchange(Command[list[Task]], tag=154, frozen=True):
    """Settle finished runs and claim the next ones in one step.

    A stale result is skipped: the run was somebody else's by then. Answers the claimed runs; while
    there are none it waits, the results being settled meanwhile.
    """

    worker_id: str
    results: list[TaskResult]
    actions: list[str]
    count: int
    block_ms: int = 0


class WorkerTurn(Command[TurnReply], tag=155, frozen=True):
    """Settle finished runs, tell which have begun, and claim the next ones, in one step.

    `places`: how many of `count` runs begin with the claim. Any other has not begun until that is
    told, or its result comes: if its worker is lost before, it is handed out again with no attempt
    counted. A run that was lost before goes to a place alone.
    While there are no runs it waits, unless results were stale; those that were not are settled
    meanwhile.
    """

    worker_id: str
    actions: list[str]
    results: list[TaskResult] = []
    begun: list[TaskBegun] = []
    count: int = 0
    places: int = 0
    block_ms: int = 0
