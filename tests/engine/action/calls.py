"""The commands of actions and workers as tests like to call them, on the action `resize`."""

from __future__ import annotations

from typing import Any

from floruntime.core.action import (
    ActionCancel,
    ActionDelete,
    ActionEnable,
    ActionInfo,
    ActionInvoke,
    ActionListRuns,
    ActionRegister,
    ActionRun,
    ActionStatus,
    InvokeResult,
    RunStatus,
)
from floruntime.core.worker import (
    Heartbeat,
    Task,
    TaskBegun,
    TaskResult,
    TurnReply,
    WorkerAwait,
    WorkerComplete,
    WorkerExchange,
    WorkerFail,
    WorkerHeartbeat,
    WorkerInfo,
    WorkerList,
    WorkerRegister,
    WorkerRelease,
    WorkerTouch,
    WorkerTurn,
)
from floruntime.engine.action.run_rows import ACTION_RUN_MARKS
from floruntime.engine.state.machine_row import MACHINE
from tests.engine.harness import Engine

RESIZE = "resize"
WORKER = "w1"


def kept_rows(engine: Engine) -> set[bytes]:
    """The keys of all rows but the machine's own and the marks of indexes: others see to them."""
    kept = (MACHINE.tag, *(table.tag for table in ACTION_RUN_MARKS[1:]))
    return {key for key in engine.rows() if key[:2] not in kept}


class Actions:
    def __init__(self, engine: Engine | None = None, **settings: Any) -> None:
        self.engine = engine if engine is not None else Engine()
        if settings.pop("register", True):
            self.register(**settings)

    @property
    def now_ms(self) -> int:
        return self.engine.now_ms

    def register(self, name: str = RESIZE, **settings: Any) -> ActionInfo:
        return self.engine.run(ActionRegister(name, **settings))

    def invoke(self, payload: bytes = b"in", *, name: str = RESIZE, **options: Any) -> str:
        return self.invoke_fully(payload, name=name, **options).run_id

    def invoke_fully(
        self, payload: bytes = b"in", *, name: str = RESIZE, **options: Any
    ) -> InvokeResult:
        return self.engine.run(ActionInvoke(name, payload, **options))

    def run(self, run_id: str) -> ActionRun:
        return self.engine.query(ActionStatus(run_id))

    def status(self, run_id: str) -> RunStatus:
        return self.run(run_id).status

    def cancel(self, run_id: str, reason: str | None = None) -> ActionRun:
        return self.engine.run(ActionCancel(run_id, reason))

    def delete(self, name: str = RESIZE, *, force: bool = False) -> bool:
        return self.engine.run(ActionDelete(name, force))

    def enable(self, enabled: bool, name: str = RESIZE) -> ActionInfo:
        return self.engine.run(ActionEnable(name, enabled))

    def claim(self, count: int = 1, *actions: str, worker: str = WORKER) -> list[Task]:
        return self.engine.run(WorkerAwait(worker, list(actions or [RESIZE]), count))

    def claim_one(self, *actions: str, worker: str = WORKER) -> Task:
        [task] = self.claim(1, *actions, worker=worker)
        return task

    def complete(self, task: Task, output: bytes = b"", outcome: str = "success") -> None:
        self.engine.run(WorkerComplete(WORKER, task.run_id, task.lease, output, outcome))

    def fail(self, task: Task, error: str = "broken", *, retry: bool = True) -> None:
        self.engine.run(WorkerFail(WORKER, task.run_id, task.lease, error, retry))

    def touch(self, task: Task, extend_ms: int = 30_000) -> bool:
        return self.engine.run(WorkerTouch(WORKER, task.run_id, task.lease, extend_ms))

    def release(self, task: Task) -> None:
        self.engine.run(WorkerRelease(WORKER, task.run_id, task.lease))

    def exchange(
        self, *results: TaskResult, count: int = 0, actions: list[str] | None = None
    ) -> list[Task]:
        return self.engine.run(WorkerExchange(WORKER, list(results), actions or [RESIZE], count))

    def turn(
        self,
        *results: TaskResult,
        begun: list[Task] | None = None,
        worker: str = WORKER,
        actions: list[str] | None = None,
        count: int = 0,
        places: int = 0,
    ) -> TurnReply:
        began = [TaskBegun(task.run_id, task.lease) for task in begun or []]
        return self.engine.run(
            WorkerTurn(worker, actions or [RESIZE], list(results), began, count, places)
        )

    def runs(self, name: str | None = None, status: RunStatus | None = None) -> list[str]:
        reply = self.engine.query(ActionListRuns(name, status, limit=1000))
        return [run.run_id for run in reply.items]

    def register_worker(self, worker: str = WORKER, **options: Any) -> WorkerInfo:
        return self.engine.run(WorkerRegister(worker, [RESIZE], **options))

    def heartbeat(self, *running: str, worker: str = WORKER) -> Heartbeat:
        return self.engine.run(WorkerHeartbeat(worker, list(running)))

    def workers(self) -> list[WorkerInfo]:
        return self.engine.query(WorkerList()).items


def ids(tasks: list[Task]) -> list[str]:
    return [task.run_id for task in tasks]
