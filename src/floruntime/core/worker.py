"""Workers: the requests that claim, extend, end and give back runs of actions."""

from __future__ import annotations

from floruntime.core import defaults
from floruntime.core.types import Command, PayloadValue, Query, Value


class Task(PayloadValue, frozen=True):
    """One claimed run: its input, and the lease that fences this attempt.

    - `lease_ms`: how long the lease lasts, counted from the claim.
    - `idempotency_key`: for calls of a handler to other systems. It is the same in all attempts of
      a run and of a workflow's step, and after a retry of the workflow.
    - `traceparent`: the trace in which the run was invoked; for a workflow's step, the trace in
      which the workflow was started.
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
    """The answer to a heartbeat.

    `known`: false asks the worker to register again. `cancelled`: the runs of `running` that it
    should stop.
    """

    known: bool
    draining: bool
    cancelled: list[str]


class WorkerInfo(Value, frozen=True):
    """A registered worker. It is unhealthy after 90 s without a heartbeat.

    `done`, `failed`: the attempts that it has ended since it was first registered.
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
    """Claim up to `count` due runs of `actions`; wait while there are none."""

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
    """Extend the lease of a run. Returns whether the run continues: false once it was cancelled.

    `progress` (0 to 1) and `progress_note` are kept with the run; `None` leaves them unchanged.
    """

    worker_id: str
    run_id: str
    lease: int
    extend_ms: int = defaults.EXTEND_MS
    progress: float | None = None
    progress_note: str | None = None


class WorkerRelease(Command[None], tag=153, frozen=True):
    """Give the run back without counting the attempt."""

    worker_id: str
    run_id: str
    lease: int


class TaskResult(Value, frozen=True):
    """How one claimed run ended: `error` is `None` if it completed.

    `lost`: the process that the handler ran in has ended; the attempt counts as `worker_lost`.
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
    """`tasks`: the claimed runs. `stale`: the results that were not taken, by their place in the
    request.
    """

    tasks: list[Task]
    stale: list[int]


class WorkerExchange(Command[list[Task]], tag=154, frozen=True):
    """Settle finished runs and claim the next ones in one step.

    A stale result is skipped: another worker had the run by then. The answer is the claimed runs.
    While there are none, the request waits; its results are settled already.
    """

    worker_id: str
    results: list[TaskResult]
    actions: list[str]
    count: int
    block_ms: int = 0


class WorkerTurn(Command[TurnReply], tag=155, frozen=True):
    """Settle finished runs, report which have begun, and claim the next ones, in one step.

    `places`: how many of the `count` runs begin with the claim. Any other run counts as begun once
    the worker reports that, or sends its result. If the worker is lost before that, the run is
    delivered again without counting an attempt. A run that was lost before is delivered only to a
    place.
    While there are no runs, the request waits, unless results were stale; the other results are
    settled already.
    """

    worker_id: str
    actions: list[str]
    results: list[TaskResult] = []
    begun: list[TaskBegun] = []
    count: int = 0
    places: int = 0
    block_ms: int = 0
