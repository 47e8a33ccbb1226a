"""The commands of workflows as tests like to call them."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.action import ActionDelete, ActionEnable, ActionRegister
from floruntime.core.types import Command, Query
from floruntime.core.worker import Task, WorkerAwait, WorkerComplete, WorkerFail
from floruntime.core.workflow import (
    HistoryEvent,
    SyncResult,
    WorkflowCancel,
    WorkflowEnable,
    WorkflowFork,
    WorkflowGet,
    WorkflowHistory,
    WorkflowListRuns,
    WorkflowPause,
    WorkflowResume,
    WorkflowRetry,
    WorkflowRun,
    WorkflowSignal,
    WorkflowStart,
    WorkflowStatus,
    WorkflowSync,
)
from tests.engine.harness import Engine

R = TypeVar("R")
WORKER = "w1"
ENGINES: list[Engine] = []
"""The engines that the test at hand has used; `conftest.py` looks at each when it ends."""
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
        namespace: str = "default",
        **settings: Any,
    ) -> None:
        self.namespace = namespace
        self.engine = engine if engine is not None else Engine()
        if self.engine not in ENGINES:
            ENGINES.append(self.engine)
        for action in actions:
            self.register(action, **settings)
        if documents:
            self.sync(*documents)

    def tell(self, command: Command[R]) -> R:
        """Run a command in the namespace of these workflows."""
        return self.engine.run(command, namespace=self.namespace)

    def ask(self, query: Query[R]) -> R:
        """Answer a query in the namespace of these workflows."""
        return self.engine.query(query, namespace=self.namespace)

    @property
    def now_ms(self) -> int:
        return self.engine.now_ms

    def sync(self, *documents: str) -> list[SyncResult]:
        return self.tell(WorkflowSync([document.encode() for document in documents]))

    def start(self, input: Any = None, *, name: str = "flow", **options: Any) -> str:
        command = WorkflowStart(name, json.dumps(input).encode(), **options)
        return self.tell(command).run_id

    def run(self, run_id: str) -> WorkflowRun:
        return self.ask(WorkflowGet(run_id))

    def status(self, run_id: str) -> WorkflowStatus:
        return self.run(run_id).status

    def output(self, run_id: str) -> Any:
        output = self.run(run_id).output
        return None if output is None else json.loads(output)

    def step(self, run_id: str) -> str | None:
        return self.run(run_id).current_step

    def signal(self, run_id: str, type: str, data: Any = None) -> None:
        payload = b"" if data is None else json.dumps(data).encode()
        self.tell(WorkflowSignal(run_id, type, payload))

    def cancel(self, run_id: str, reason: str | None = None) -> WorkflowRun:
        return self.tell(WorkflowCancel(run_id, reason))

    def retry(self, run_id: str) -> WorkflowRun:
        return self.tell(WorkflowRetry(run_id))

    def pause_run(self, run_id: str, reason: str | None = None) -> WorkflowRun:
        return self.tell(WorkflowPause(run_id, reason))

    def resume_run(self, run_id: str) -> WorkflowRun:
        return self.tell(WorkflowResume(run_id))

    def fork(self, run_id: str, from_step: str, **options: Any) -> str:
        return self.tell(WorkflowFork(run_id, from_step, **options))

    def history(self, run_id: str) -> list[HistoryEvent]:
        events: list[HistoryEvent] = []
        cursor: str | None = None
        while not events or cursor is not None:
            page = self.ask(WorkflowHistory(run_id, limits.LIMIT_MAX, cursor))
            events += page.items
            cursor = page.cursor
        return events

    def types(self, run_id: str) -> list[str]:
        return [event.type for event in self.history(run_id)]

    def details(self, run_id: str, type: str) -> list[str]:
        """What the history says of each event of that type."""
        return [event.detail for event in self.history(run_id) if event.type == type]

    def children(self, run_id: str) -> list[str]:
        """The runs of its children, in order."""
        events = self.history(run_id)
        return [event.run_id or "" for event in events if event.type == "awaiting_child"]

    def last_action_run(self, run_id: str) -> str:
        """The id of the action run that was begun last."""
        events = self.history(run_id)
        return [event.run_id or "" for event in events if event.type == "awaiting_action"][-1]

    def path(self, run_id: str) -> list[str]:
        """The steps that were begun, in order."""
        return [event.step or "" for event in self.history(run_id) if event.type == "step_started"]

    def runs(self, **wanted: Any) -> list[str]:
        """The ids of the runs that a listing finds, page by page."""
        found: list[str] = []
        request = WorkflowListRuns(limit=limits.LIMIT_MAX, **wanted)
        while True:
            page = self.ask(request)
            found += [run.run_id for run in page.items]
            if page.cursor is None:
                return found
            request = replace(request, cursor=page.cursor)

    def found(self, **search: Any) -> list[str]:
        """The ids of the runs with these search attributes."""
        return self.runs(search=search)

    # What stands around

    def register(self, action: str, **settings: Any) -> None:
        settings = {"max_retries": 0, "timeout_ms": 3_600_000} | settings
        self.tell(ActionRegister(action, **settings))

    def enable_action(self, action: str, enabled: bool) -> None:
        self.tell(ActionEnable(action, enabled))

    def delete_action(self, action: str) -> None:
        self.tell(ActionDelete(action, True))

    def enable(self, enabled: bool, name: str = "flow") -> None:
        self.tell(WorkflowEnable(name, enabled))

    # What a worker does

    def claim(self, *actions: str) -> list[Task]:
        return self.tell(WorkerAwait(WORKER, list(actions or ["charge"]), 1000))

    def claim_one(self, *actions: str) -> Task:
        [task] = self.claim(*actions)
        return task

    def complete(self, task: Task, output: Any = None, outcome: str = "success") -> None:
        data = b"" if output is None else json.dumps(output).encode()
        self.complete_with(task, data, outcome)

    def complete_with(self, task: Task, output: bytes, outcome: str = "success") -> None:
        self.tell(WorkerComplete(WORKER, task.run_id, task.lease, output, outcome))

    def fail(self, task: Task, error: str = "broken", *, retry: bool = True) -> None:
        self.tell(WorkerFail(WORKER, task.run_id, task.lease, error, retry))

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

    def advance_to_next(self) -> int:
        """Move to the next deadline of all and let it pass; how long that took."""
        began_ms, horizon_ms = self.now_ms, self.now_ms + limits.DURATION_MS_MAX
        due_ms = self.engine.machine.first_due(horizon_ms)
        assert due_ms is not None, "there is a deadline"
        self.engine.advance(max(0, due_ms - began_ms))
        return self.now_ms - began_ms
