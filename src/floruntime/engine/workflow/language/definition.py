"""What a definition says, as types: the one source for reading, validating, the JSON Schema for
editors, the reference in the docs, and for what is stored.

Keys are spelled as in YAML (`rename`); fields only ever get added, with a default, and defaults are
left out where a definition is stored or hashed.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from floruntime.core import limits
from floruntime.core.schedule import Overlap
from floruntime.engine.workflow.language.base import (
    Count,
    DurationMs,
    Json,
    Kind,
    Mapping,
    Name,
    Part,
    PathText,
    PositiveMs,
    TargetText,
    says,
)
from floruntime.engine.workflow.language.step_parts import (
    Backoff,
    Branch,
    Case,
    Choose,
    Compensate,
    CompensateWhen,
    ForEach,
    OnFailure,
    OnItemFailure,
    Parallel,
    Poll,
    Retry,
    SignalWait,
    Sleep,
    Step,
    Work,
)

__all__ = [
    "BUILT_IN_TERMINALS",
    "AttributeType",
    "Backoff",
    "Branch",
    "Breaker",
    "Cache",
    "Case",
    "Choose",
    "Compensate",
    "CompensateWhen",
    "Compensation",
    "Definition",
    "EndStatus",
    "Errors",
    "Executor",
    "Fallback",
    "FallbackCondition",
    "ForEach",
    "GroupMode",
    "Health",
    "Idempotency",
    "Kind",
    "OnFailure",
    "OnItemFailure",
    "Overlap",
    "Parallel",
    "Part",
    "Plan",
    "Poll",
    "RateLimit",
    "Retry",
    "Schedule",
    "SearchAttribute",
    "Selection",
    "SignalWait",
    "Sleep",
    "Step",
    "Target",
    "TargetKind",
    "Terminal",
    "Tracking",
    "TrackingMode",
    "Trigger",
    "TriggerStart",
    "Work",
    "target_of",
]


class Idempotency(StrEnum):
    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class EndStatus(StrEnum):
    """The statuses that a terminal can stand for."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


class Selection(StrEnum):
    STATIC_ORDER = "static-order"
    ROUND_ROBIN = "round-robin"
    RANDOM = "random"
    HEALTH_WEIGHTED = "health-weighted"


class TrackingMode(StrEnum):
    SYNC = "sync"
    ASYNC = "async"


class FallbackCondition(StrEnum):
    EXHAUSTED = "exhausted"
    ANY_ERROR = "any_error"


class GroupMode(StrEnum):
    SHARED = "shared"
    EXCLUSIVE = "exclusive"
    KEY_SHARED = "key_shared"


class TriggerStart(StrEnum):
    LATEST = "latest"
    EARLIEST = "earliest"


class AttributeType(StrEnum):
    STRING = "string"
    NUMBER = "number"
    TIMESTAMP = "timestamp"


class Terminal(Part, frozen=True, kw_only=True):
    """An end of the workflow's own, beside `flo.Completed`, `flo.Failed`, `flo.Cancelled` and
    `flo.TimedOut`.
    """

    status: Annotated[EndStatus, says("the status of a run that ends here")]


class Breaker(Part, frozen=True, kw_only=True):
    """Keeps an executor out of use for a while after it failed too often."""

    failure_threshold: Annotated[Count, says("failures in a row that open it")] = 5
    cooldown_ms: Annotated[PositiveMs, says("how long it stays open; half-open then")] = 30_000
    half_open_max_calls: Annotated[Count, says("probes at once while it is half-open")] = 3


class RateLimit(Part, frozen=True, kw_only=True):
    """An executor that is over any of these is passed over. At least one is given."""

    max_per_second: Annotated[Count | None, says("calls in a second")] = None
    max_per_minute: Annotated[Count | None, says("calls in a minute")] = None
    max_per_hour: Annotated[Count | None, says("calls in an hour")] = None


class Tracking(Part, frozen=True, kw_only=True):
    """How the server learns the outcome of an executor."""

    mode: Annotated[
        TrackingMode,
        says(
            "`async`: the action answers `pending`, its outcome comes by the signal `plan:EXECUTOR`"
        ),
    ] = TrackingMode.SYNC
    timeout_ms: Annotated[PositiveMs, says("how long to wait for that signal")] = 300_000


class Executor(Part, frozen=True, kw_only=True):
    """One way to do what a plan is for."""

    name: Annotated[Name, says("unique in the plan")]
    run: Annotated[TargetText, says("`@actions/NAME`")]
    priority: Annotated[
        int, Meta(ge=-1_000_000, le=1_000_000), says("a higher one is preferred")
    ] = 0
    retry: Annotated[Retry | None, says("tries again before the next executor's turn")] = None
    breaker: Annotated[Breaker | None, says("keeps it out of use after failures")] = None
    rate_limit: Annotated[RateLimit | None, says("bounds its calls")] = None
    tracking: Annotated[Tracking, says("how the server learns its outcome")] = Tracking()


class Health(Part, frozen=True, kw_only=True):
    """How the health of executors is measured: 0.7 of it is technical success, 0.3 that of the
    business. A tenth of it counts while the breaker is open, half of it while it is half-open.
    """

    window_ms: Annotated[PositiveMs, says("after so long without a sample all are forgotten")] = (
        300_000
    )
    decay: Annotated[
        float, Meta(gt=0, le=1), says("each sample counts this much of the one after it")
    ] = 0.9
    min_samples: Annotated[Count, says("with fewer, executors go by priority")] = 10


class Cache(Part, frozen=True, kw_only=True):
    """Keeps the output of a plan that succeeded, and gives it again."""

    ttl_ms: Annotated[PositiveMs, says("how long")]
    key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=4096)] | None,
        says(
            "the key of what is kept; `{input.path}` is taken from the run's input; "
            "none: what the step hands to the plan"
        ),
    ] = None
    invalidate_on: Annotated[list[Name], says("types of signals that drop it")] = []


class Fallback(Part, frozen=True, kw_only=True):
    """What a plan gives instead of failing."""

    value: Annotated[Json, says("the output; the outcome is `success`")]
    condition: Annotated[
        FallbackCondition, says("`exhausted`: all executors failed; `any_error`: a fatal one, too")
    ] = FallbackCondition.EXHAUSTED


class Errors(Part, frozen=True, kw_only=True):
    """Classes of error codes. The code is the text before `:` of an action's error."""

    retryable: Annotated[list[Name], says("if there are any, only these are tried again")] = []
    fatal: Annotated[list[Name], says("these end the plan at once")] = []


class Plan(Part, frozen=True, kw_only=True):
    """Several ways to do one thing, and how to choose among them."""

    selection: Annotated[Selection, says("in which order executors are tried")] = (
        Selection.STATIC_ORDER
    )
    executors: Annotated[
        list[Executor], Meta(min_length=1, max_length=100), says("the ways to do it")
    ]
    health: Annotated[Health, says("how health is measured")] = Health()
    cache: Annotated[Cache | None, says("keeps successes")] = None
    fallback: Annotated[Fallback | None, says("what to give instead of failing")] = None
    errors: Annotated[Errors, says("classes of error codes")] = Errors()


class Compensation(StrEnum):
    """Which ends of a run are compensated for."""

    NONE = "none"
    ON_FAILURE = "onFailure"
    ON_CANCEL = "onCancel"
    ALWAYS = "always"


class Schedule(Part, frozen=True, kw_only=True):
    """Runs by the clock: one of `cron` and `interval`."""

    cron: Annotated[str | None, says("minute, hour, day of the month, month, weekday")] = None
    interval: Annotated[
        Annotated[int, Meta(ge=10, le=limits.DURATION_MS_MAX)] | None,
        says("milliseconds from one run to the next"),
    ] = None
    timezone: Annotated[str, says("the IANA zone that `cron` is told in")] = "UTC"
    max_concurrent: Annotated[
        int, Meta(ge=1, le=1000), says("how many of the schedule's own runs go on at once")
    ] = 1
    overlap: Annotated[
        Overlap,
        says("when so many go on: `skip` the time, let one wait (`buffer_one`), or `allow` it"),
    ] = Overlap.SKIP
    input: Annotated[Json, says("the input of its runs")] = msgspec.field(default_factory=dict)
    paused: Annotated[bool, says("whether it begins paused")] = False
    catch_up_ms: Annotated[
        DurationMs, says("a time missed for no longer than this is made up for, once")
    ] = 60_000
    jitter_ms: Annotated[DurationMs, says("each run starts up to this much later")] = 0


class Trigger(Part, frozen=True, kw_only=True):
    """Runs by a stream of the workflow's own namespace."""

    stream: Annotated[Name, says("the stream")]
    consumer_group: Annotated[
        Name | None, says("the group that reads it; without it, `wf-` and the workflow's name")
    ] = None
    mode: Annotated[GroupMode, says("how members share the stream")] = GroupMode.SHARED
    start: Annotated[TriggerStart, says("where a new trigger begins")] = TriggerStart.LATEST
    batch_size: Annotated[
        int, Meta(ge=1, le=limits.LIMIT_MAX), says("events of one run; from 2 on, a list of them")
    ] = 1
    batch_timeout_ms: Annotated[
        PositiveMs, says("an incomplete batch starts its run after this")
    ] = 5_000


class SearchAttribute(Part, frozen=True, kw_only=True, rename={"source": "from"}):
    """A field that `list_runs(search=…)` finds."""

    name: Annotated[Name, says("unique in the workflow")]
    type: Annotated[AttributeType, says("a value of another type is left out")]
    source: Annotated[PathText, says("the path to its value")]


class Definition(Part, frozen=True, kw_only=True, rename="camel"):
    """One version of one workflow."""

    kind: Annotated[Literal["Workflow"], says("what the document is")]
    name: Annotated[Name, says("the workflow's name")]
    version: Annotated[Name, says("any text; quoted, if it looks like a number")]
    description: Annotated[
        Annotated[str, Meta(max_length=limits.ERROR_TEXT_BYTES_MAX)] | None, says("for people")
    ] = None
    idempotency: Annotated[
        Idempotency, says("whether `start` takes an idempotency key, or needs one")
    ] = Idempotency.NONE
    start: Annotated[Step, says("the first step; `start` in history and in `$.steps.start`")]
    steps: Annotated[dict[Name, Step], says("the other steps, by name")] = {}
    terminals: Annotated[dict[Name, Terminal], says("the workflow's own ends, by name")] = {}
    plans: Annotated[dict[Name, Plan], says("the plans of `@plan/NAME`, by name")] = {}
    schedule: Annotated[Schedule | None, says("runs by the clock")] = None
    trigger: Annotated[Trigger | None, says("runs by a stream")] = None
    search_attributes: Annotated[
        list[SearchAttribute], Meta(max_length=32), says("what runs are found by")
    ] = []
    compensation: Annotated[
        Compensation,
        says(
            "before which ends steps with a `compensate` are undone: failures and time-outs, "
            "cancellations, or both"
        ),
    ] = Compensation.ALWAYS
    output: Annotated[Mapping, says("the run's output; without it, the last step's output")] = None
    retention_ms: Annotated[
        int,
        Meta(ge=limits.IDEMPOTENCY_MS, le=limits.DURATION_MS_MAX),
        says("how long a run is kept after its end"),
    ] = limits.RUN_RETENTION_MS_DEFAULT


BUILT_IN_TERMINALS: Final = {
    "flo.Completed": EndStatus.COMPLETED,
    "flo.Failed": EndStatus.FAILED,
    "flo.Cancelled": EndStatus.CANCELLED,
    "flo.TimedOut": EndStatus.TIMED_OUT,
}


class TargetKind(StrEnum):
    """What a `run` names."""

    ACTION = "actions"
    PLAN = "plan"
    WORKFLOW = "workflow"


class Target(msgspec.Struct, frozen=True):
    """A `run`, taken apart. `version` only of `@workflow/NAME:VERSION`."""

    kind: TargetKind
    name: str
    version: str | None = None

    def readings(self) -> Iterator[tuple[str, str | None]]:
        """The name and version that are meant, the likelier first: names may have colons, too.

        `billing:nightly` is that version of `billing`, or, if there is none, a name of its own.
        """
        parts = [self.name, *(() if self.version is None else self.version.split(":"))]
        for count in range(1, len(parts) + 1):
            name, version = ":".join(parts[:count]), ":".join(parts[count:])
            if _is_name(name) and (_is_name(version) or count == len(parts)):
                yield name, version or None


def _is_name(text: str) -> bool:
    return 1 <= len(text.encode()) <= limits.NAME_BYTES_MAX


def target_of(run: str) -> Target | None:
    """`@actions/NAME`, `@plan/NAME`, `@workflow/NAME` or `@workflow/NAME:VERSION`; else `None`."""
    prefix, slash, name = run.partition("/")
    if not slash or not name or prefix not in _PREFIXES:
        return None
    kind = _PREFIXES[prefix]
    if kind is not TargetKind.WORKFLOW:
        return Target(kind, name)
    name, colon, version = name.partition(":")
    if not name or (colon and not version):
        return None
    return Target(kind, name, version or None)


_PREFIXES: Final = {f"@{kind.value}": kind for kind in TargetKind}
