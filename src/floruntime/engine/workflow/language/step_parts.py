"""The parts of a definition that say what a step does.

Fields only ever get added, with a default.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from floruntime.engine.workflow.language.base import (
    Condition,
    Count,
    DurationMs,
    DurationOrPath,
    Join,
    KeyText,
    Mapping,
    MomentOrPath,
    Name,
    OutcomeName,
    Part,
    PathText,
    PositiveMs,
    TargetText,
    says,
)

CASES_MAX: Final = 100
SIGNAL_TYPES_MAX: Final = 100
BRANCHES_MAX: Final = 100
ITEMS_MAX: Final = 10_000
"""Items of one `forEach`."""
CONCURRENCY_MAX: Final = 1_000
DAY_MS: Final = 24 * 3_600_000


class Backoff(StrEnum):
    """How the delay grows with the number n of attempts so far."""

    CONSTANT = "constant"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    EXPONENTIAL_JITTER = "exponential_jitter"


class Retry(Part, frozen=True, kw_only=True):
    """When a step, or an executor of a plan, is tried again after it failed."""

    max_attempts: Annotated[Count, says("attempts in total, the first included")] = 1
    backoff: Annotated[Backoff, says("how the delay grows from attempt to attempt")] = (
        Backoff.EXPONENTIAL
    )
    initial_delay_ms: Annotated[DurationMs, says("the delay before the second attempt")] = 1_000
    max_delay_ms: Annotated[DurationMs, says("no delay is longer")] = 30_000
    within_ms: Annotated[
        PositiveMs | None,
        says("no attempt begins later than this, counted from the start of the first"),
    ] = None


class Poll(Part, frozen=True, kw_only=True, rename="camel"):
    """How a step is polled while its outcome is `pending`."""

    initial_delay_ms: Annotated[
        DurationMs, says("the delay from the first `pending` to the first poll")
    ] = 0
    max_attempts: Annotated[Count, says("polls in total; the first call does not count")] = 10
    backoff: Annotated[Backoff, says("how the delay grows from poll to poll")] = Backoff.EXPONENTIAL
    base_delay_ms: Annotated[DurationMs, says("the delay from the first poll to the second")] = (
        1_000
    )
    max_delay_ms: Annotated[DurationMs, says("no delay is longer")] = 60_000


class SignalWait(Part, frozen=True, kw_only=True, rename="camel"):
    """A wait for signals: give `type`, `anyOf` or `allOf`. The payload is the step's output."""

    type: Annotated[
        Name | None,
        says("the type of the signal; the outcome is `success`; one signal ends one wait"),
    ] = None
    any_of: Annotated[
        list[OutcomeName],
        Meta(min_length=1, max_length=SIGNAL_TYPES_MAX),
        says(
            "ends with the first signal of one of these types; the outcome is its type, or "
            "`success` if no transition has that name"
        ),
    ] = []
    all_of: Annotated[
        list[Name],
        Meta(min_length=1, max_length=SIGNAL_TYPES_MAX),
        says("ends with one signal of each of these types; the output maps type to payload"),
    ] = []
    timeout_ms: Annotated[PositiveMs | None, says("how long to wait")] = None
    on_timeout: Annotated[
        Name | None,
        says("the step or terminal after the time-out; without it, the run ends as `timed_out`"),
    ] = None

    @property
    def types(self) -> list[str]:
        """All types that it is about."""
        return [*([] if self.type is None else [self.type]), *self.any_of, *self.all_of]


class Sleep(Part, frozen=True, kw_only=True, rename="camel"):
    """A pause: give `forMs` or `until`. If the time has passed already, the step ends at once."""

    for_ms: Annotated[DurationOrPath, says("how long; the clock stops while the run is paused")] = (
        None
    )
    until: Annotated[
        MomentOrPath,
        says("until when: epoch milliseconds or RFC 3339 text; at most ten years ahead"),
    ] = None


class Case(Part, frozen=True, kw_only=True):
    """A condition, and where the choice leads if it is true."""

    when: Annotated[
        Condition, says("the condition; a path that finds nothing equals only another such path")
    ]
    to: Annotated[Name, says("the step or terminal that it leads to")]


class Choose(Part, frozen=True, kw_only=True, rename={"otherwise": "else"}):
    """Continues at once: the first case whose condition is true decides where."""

    cases: Annotated[
        list[Case], Meta(min_length=1, max_length=CASES_MAX), says("the cases, tried in this order")
    ]
    otherwise: Annotated[Name, says("the step or terminal if no condition is true")]


class CompensateWhen(StrEnum):
    """Which of its attempts are compensated."""

    SUCCESS = "success"
    BEGUN = "begun"


class Compensate(Part, frozen=True, kw_only=True, rename="camel"):
    """What undoes a step that succeeded, if the run is about to end in any way but completed."""

    run: Annotated[
        TargetText, says("`@actions/NAME`, `@workflow/NAME` or `@workflow/NAME:VERSION`")
    ]
    input_mapping: Annotated[
        Mapping,
        says("the input, made and stored when the step succeeds; without it, the run's input"),
    ] = None
    retry: Annotated[
        Retry | None, says("tries again on `failure`, `timeout` and `execution_failure`")
    ] = None
    timeout_ms: Annotated[PositiveMs, says("bounds all attempts together")] = DAY_MS
    when: Annotated[
        CompensateWhen,
        says("`begun`: also undo a step that began and did not succeed; it has no output"),
    ] = CompensateWhen.SUCCESS


class Work(Part, frozen=True, kw_only=True, rename="camel"):
    """Base of all that may run a target."""

    run: Annotated[
        TargetText | None,
        says("`@actions/NAME`, `@plan/NAME`, `@workflow/NAME` or `@workflow/NAME:VERSION`"),
    ] = None
    input_mapping: Annotated[Mapping, says("what the target gets; without it, the run's input")] = (
        None
    )
    key: Annotated[
        KeyText | None,
        says(
            "the key for the action's limits per key; without it, or if the path finds null, "
            "the action's `key_path` decides"
        ),
    ] = None
    retry: Annotated[
        Retry | None, says("tries again on `failure`, `timeout` and `execution_failure`")
    ] = None
    poll: Annotated[Poll | None, says("polls while the outcome is `pending`")] = None
    timeout_ms: Annotated[
        PositiveMs | None,
        says("bounds the whole step, retries and polls included; the outcome is `timeout`"),
    ] = None
    wait_for_target_ms: Annotated[
        DurationMs | None,
        says(
            "how long the step waits for a target that is missing; default for an action: 60,000, "
            "or 0 if there is a transition for `target_not_found` or `execution_failure`; "
            "default for a workflow or the executors of a plan: 0"
        ),
    ] = None
    compensate: Annotated[
        Compensate | None, says("undoes the step if the run ends in any way but completed")
    ] = None


class Branch(Work, frozen=True, kw_only=True, rename="camel"):
    """A step without `transitions`: give one of `run`, `waitForSignal` and `sleep`."""

    wait_for_signal: Annotated[SignalWait | None, says("waits instead of running something")] = None
    sleep: Annotated[Sleep | None, says("pauses instead of running something")] = None


class OnFailure(StrEnum):
    """What a failed branch means for the others."""

    CANCEL = "cancel"
    WAIT = "wait"


class Parallel(Part, frozen=True, kw_only=True, rename="camel"):
    """Branches in parallel: `success` once enough have succeeded, `failure` once they cannot."""

    branches: Annotated[
        dict[Name, Branch],
        Meta(min_length=1, max_length=BRANCHES_MAX),
        says("the branches, by name"),
    ]
    join: Annotated[
        Join, says("how many must succeed: `all`, `any` or a number; then the rest is cancelled")
    ] = "all"
    on_failure: Annotated[
        OnFailure,
        says("if too few can succeed: `cancel` the rest, or `wait` until all have ended"),
    ] = OnFailure.CANCEL


class OnItemFailure(StrEnum):
    """What a failed item means for the others."""

    CANCEL = "cancel"
    CONTINUE = "continue"


class ForEach(Work, frozen=True, kw_only=True, rename="camel"):
    """Runs a target for each item of a list: `success`, `partial` if some failed, or `failure`."""

    items: Annotated[PathText, says(f"the path to a list of at most {ITEMS_MAX:,} items")]
    run: Annotated[TargetText, says("any target; the other keys here apply to each item")]
    concurrency: Annotated[
        int, Meta(ge=1, le=CONCURRENCY_MAX), says("how many items run at once")
    ] = 10
    on_failure: Annotated[
        OnItemFailure,
        says("`cancel`: the first failure cancels the rest; `continue`: all are run"),
    ] = OnItemFailure.CANCEL
    collect: Annotated[
        bool,
        says("`true`: the step's output is the list of outputs, in order; `false`: it is `[]`"),
    ] = True


class Step(Branch, frozen=True, kw_only=True, rename="camel"):
    """What is done (one of `run`, `waitForSignal`, `sleep`, `parallel`, `forEach` and `choose`),
    and where each outcome leads.
    """

    parallel: Annotated[Parallel | None, says("runs branches in parallel")] = None
    for_each: Annotated[ForEach | None, says("runs a target for each item of a list")] = None
    choose: Annotated[
        Choose | None,
        says("chooses the next step by conditions; a step with it has no `transitions`"),
    ] = None
    transitions: Annotated[
        dict[OutcomeName, Name],
        Meta(min_length=1),
        says("from outcome to the next step or terminal; required, except with `choose`"),
    ] = {}
