"""What an unfinished run of an action or a workflow waits for, as its status tells."""

from __future__ import annotations

from enum import StrEnum

from floruntime.core.types import Value


class WaitKind(StrEnum):
    """What would let a run go on.

    `WORKER`: that a worker takes it. `DELAY`: its first time. `RETRY`: that of the next attempt.
    `POLL`: that of the next question. `RESULT`: what a worker has in hand. `CHILD`: a child
    workflow's end. `SIGNAL`: a signal. `SLEEP`: the time that a step sleeps until.
    `BRANCHES`: its branches or items. `COMPENSATION`: that what was done is undone.
    """

    WORKER = "worker"
    DELAY = "delay"
    RETRY = "retry"
    POLL = "poll"
    RESULT = "result"
    CHILD = "child"
    SIGNAL = "signal"
    SLEEP = "sleep"
    BRANCHES = "branches"
    COMPENSATION = "compensation"


class RunWait(Value, frozen=True):
    """What a run waits for; `text` says it in a sentence, as of when it was asked.

    `name`: of the action, workflow or signal. `run_id`: the run of an action or child that a
    workflow's run waits for. `workers`: how many could take it, of those that are registered and
    well (at most 100 are counted). `attempt` of at most `attempts` comes next. `due_at_ms`: when
    the wait is over by itself. `error`: how the attempt before ended.
    """

    kind: WaitKind
    text: str
    name: str | None = None
    run_id: str | None = None
    workers: int | None = None
    attempt: int | None = None
    attempts: int | None = None
    due_at_ms: int | None = None
    error: str | None = None
