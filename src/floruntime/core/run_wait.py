"""What an unfinished run of an action or a workflow waits for, as its status shows it."""

from __future__ import annotations

from enum import StrEnum

from floruntime.core.types import Value


class WaitKind(StrEnum):
    """What a run waits for.

    - `WORKER`: a worker to claim it.
    - `DELAY`: the time of its first start.
    - `RETRY`: the time of the next attempt.
    - `POLL`: the time of the next poll.
    - `RESULT`: the result of a worker that runs it.
    - `CHILD`: the end of a child workflow.
    - `SIGNAL`: a signal.
    - `SLEEP`: the time until which a step sleeps.
    - `BRANCHES`: its branches or items.
    - `COMPENSATION`: the compensation of its steps.
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
    """What a run waits for; `text` says it in a sentence, as of the time of the answer.

    - `name`: of the action, workflow or signal.
    - `run_id`: the run of an action or child that a workflow's run waits for.
    - `workers`: how many registered and healthy workers could claim it (at most 100 are counted).
    - `attempt`: the next attempt, of at most `attempts`.
    - `due_at_ms`: when the wait ends on its own.
    - `error`: how the previous attempt ended.
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
