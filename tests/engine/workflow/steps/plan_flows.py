"""Workflows of one step that runs a plan, and what a test does with its executors."""

from __future__ import annotations

from typing import Any

from floruntime.core.worker import Task
from tests.engine.workflow.calls import Workflows, flow

SELECTIONS = ["static-order", "round-robin", "random", "health-weighted"]
ACTIONS = ("a", "b", "c")
TRANSITIONS = (
    "success: flo.Completed, declined: flo.Cancelled, exhausted: flo.TimedOut, failure: flo.Failed"
)


def executor(name: str, more: str = "") -> str:
    """An executor of that name that runs the action of that name."""
    return f'    - {{name: {name}, run: "@actions/{name}"{", " if more else ""}{more}}}'


def planned(
    *executors: str,
    selection: str = "static-order",
    plan: str = "",
    step: str = "",
    transitions: str = TRANSITIONS,
    version: str = "1",
) -> str:
    lines = [one if one.startswith(" ") else executor(one) for one in executors]
    body = "\n".join(lines)
    return flow(
        f"""
plans:
  pay:
    selection: {selection}
    executors:
{body}
    {plan}
start:
  run: "@plan/pay"
  {step}
  transitions: {{{transitions}}}
""",
        version=version,
    )


class Plans(Workflows):
    """A plan whose actions are `a`, `b` and `c`."""

    def __init__(self, *documents: str, actions: tuple[str, ...] = ACTIONS, **more: Any) -> None:
        super().__init__(*documents, actions=actions, **more)

    def called(self) -> list[Task]:
        """Claim whatever executors' calls are due."""
        return self.claim(*ACTIONS)

    def call(self) -> Task:
        """Claim the only call that is due."""
        [task] = self.called()
        return task

    def succeed(self, output: Any = None, outcome: str = "success") -> str:
        """Complete the only call that is due; whose it was."""
        task = self.call()
        self.complete(task, output, outcome)
        return task.action

    def go_wrong(self, error: str = "broken", *, retry: bool = True) -> str:
        """Fail the only call that is due; whose it was."""
        task = self.call()
        self.fail(task, error, retry=retry)
        return task.action

    def order(self, run_id: str) -> list[str]:
        """Fail whatever is called until nothing is any more; in which order they were called."""
        return [self.go_wrong() for _ in iter(lambda: self.status(run_id) == "running", False)]

    def terminal(self, run_id: str) -> str | None:
        return self.run(run_id).terminal
