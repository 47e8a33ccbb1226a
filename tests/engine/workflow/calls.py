"""The commands of workflows as tests like to call them."""

from __future__ import annotations

import json
from typing import Any

from floruntime.core.action import ActionRegister
from floruntime.core.worker import Task, WorkerAwait, WorkerComplete, WorkerFail
from floruntime.core.workflow import (
    HistoryEvent,
    SyncResult,
    WorkflowCancel,
    WorkflowGet,
    WorkflowHistory,
    WorkflowRetry,
    WorkflowRun,
    WorkflowSignal,
    WorkflowStart,
    WorkflowStatus,
    WorkflowSync,
)
from tests.engine.harness import Engine

WORKER = "w1"
ONE_STEP = """
kind: Workflow
name: flow
version: "1"
start:
  run: "@actions/charge"
  transitions: {success: flo.Completed, failure: flo.Failed}
"""


def flow(body: str, *, name: str = "flow", version: str = "1") -> str:
    """A definition with this body below its head."""
    return f'kind: Workflow\nname: {name}\nversion: "{version}"\n{body}'


class Workflows:
    """One engine, a definition synced, its actions registered."""

    def __init__(
        self,
        *documents: str,
        actions: tuple[str, ...] = ("charge",),
        engine: Engine | None = None,
        **settings: Any,
    ) -> None:
        self.engine = engine if engine is not None else Engine()
        settings = {"max_retries": 0, "timeout_ms": 3_600_000} | settings
        for action in actions:
            self.engine.run(ActionRegister(action, **settings))
        if documents:
            self.sync(*documents)

    @property
    def now_ms(self) -> int:
        return self.engine.now_ms

    def sync(self, *documents: str) -> list[SyncResult]:
        return self.engine.run(WorkflowSync([document.encode() for document in documents]))

    def start(self, input: Any = None, *, name: str = "flow", **options: Any) -> str:
        command = WorkflowStart(name, json.dumps(input).encode(), **options)
        return self.engine.run(command).run_id

    def run(self, run_id: str) -> WorkflowRun:
        return self.engine.query(WorkflowGet(run_id))

    def status(self, run_id: str) -> WorkflowStatus:
        return self.run(run_id).status

    def output(self, run_id: str) -> Any:
        output = self.run(run_id).output
        return None if output is None else json.loads(output)

    def step(self, run_id: str) -> str | None:
        return self.run(run_id).current_step

    def signal(self, run_id: str, type: str, data: Any = None) -> None:
        payload = b"" if data is None else json.dumps(data).encode()
        self.engine.run(WorkflowSignal(run_id, type, payload))

    def cancel(self, run_id: str, reason: str | None = None) -> WorkflowRun:
        return self.engine.run(WorkflowCancel(run_id, reason))

    def retry(self, run_id: str) -> WorkflowRun:
        return self.engine.run(WorkflowRetry(run_id))

    def history(self, run_id: str, limit: int = 1000) -> list[HistoryEvent]:
        return self.engine.query(WorkflowHistory(run_id, limit)).items

    def types(self, run_id: str) -> list[str]:
        return [event.type for event in self.history(run_id)]

    # What a worker does

    def claim(self, *actions: str) -> list[Task]:
        return self.engine.run(WorkerAwait(WORKER, list(actions or ["charge"]), 1000))

    def claim_one(self, *actions: str) -> Task:
        [task] = self.claim(*actions)
        return task

    def complete(self, task: Task, output: Any = None, outcome: str = "success") -> None:
        data = b"" if output is None else json.dumps(output).encode()
        self.engine.run(WorkerComplete(WORKER, task.run_id, task.lease, data, outcome))

    def fail(self, task: Task, error: str = "broken", *, retry: bool = True) -> None:
        self.engine.run(WorkerFail(WORKER, task.run_id, task.lease, error, retry))

    def do(self, action: str = "charge", output: Any = None, outcome: str = "success") -> Task:
        """Claim the only run of `action` that is due, and complete it."""
        task = self.claim_one(action)
        self.complete(task, output, outcome)
        return task

    def break_down(
        self, action: str = "charge", error: str = "broken", *, retry: bool = True
    ) -> None:
        """Claim the only run of `action` that is due, and fail it."""
        self.fail(self.claim_one(action), error, retry=retry)

    def advance(self, ms: int) -> None:
        self.engine.advance(ms)
