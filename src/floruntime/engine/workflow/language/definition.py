"""What a definition says, as types: the one source for reading, validating, the JSON Schema for
editors, the reference in the docs, and for what is stored.

Keys are spelled as in YAML (`rename`); fields only ever get added, with a default, and defaults are
left out where a definition is stored or hashed.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
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
    cooldown_ms: Annotated[PositiveMs, says("how long it stays open; then it is half-open")] = (
        30_000
    )
    half_open_max_calls: Annotated[Count, says("calls at once while it is half-open")] = 3


class RateLimit(Part, frozen=True, kw_only=True):
    """An executor that has reached one of these limits is skipped. Give at least one."""

    max_per_second: Annotated[Count | None, says("calls in a second")] = None
    max_per_minute: Annotated[Count | None, says("calls in a minute")] = None
    max_per_hour: Annotated[Count | None, says("calls in an hour")] = None


class Tracking(Part, frozen=True, kw_only=True):
    """How the server learns the outcome of an executor."""

    mode: Annotated[
        TrackingMode,
        says(
            "`async`: the action answers `pending`; the signal `plan:EXECUTOR` brings the outcome"
        ),
    ] = TrackingMode.SYNC
    timeout_ms: Annotated[PositiveMs, says("how long to wait for that signal")] = 300_000


class Executor(Part, frozen=True, kw_only=True):
    """One of the ways in which a plan can do its work."""

    name: Annotated[Name, says("unique in the plan")]
    run: Annotated[TargetText, says("`@actions/NAME`")]
    priority: Annotated[
        int, Meta(ge=-1_000_000, le=1_000_000), says("executors with a higher number are preferred")
    ] = 0
    retry: Annotated[Retry | None, says("tries again before the next executor is tried")] = None
    breaker: Annotated[Breaker | None, says("keeps it out of use after failures")] = None
    rate_limit: Annotated[RateLimit | None, says("limits its calls")] = None
    tracking: Annotated[Tracking, says("how the server learns its outcome")] = Tracking()


class Health(Part, frozen=True, kw_only=True):
    """How the health of executors is measured. Technical success counts 0.7, success of the
    business 0.3. The score is multiplied by 0.1 while the breaker is open, by 0.5 while half-open.
    """

    window_ms: Annotated[
        PositiveMs, says("samples are forgotten after so long without a new one")
    ] = 300_000
    decay: Annotated[
        float, Meta(gt=0, le=1), says("the weight of a sample, relative to the one after it")
    ] = 0.9
    min_samples: Annotated[Count, says("an executor with fewer samples counts as healthy")] = 10


class Cache(Part, frozen=True, kw_only=True):
    """Stores the output of a plan that succeeded, and reuses it."""

    ttl_ms: Annotated[PositiveMs, says("how long an output is kept")]
    key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=4096)] | None,
        says(
            "the key of the stored output; `{input.path}` is taken from the run's input; "
            "without it, the key is the input that the step gives to the plan"
        ),
    ] = None
    invalidate_on: Annotated[
        list[Name], says("types of signals that delete the stored outputs")
    ] = []


class Fallback(Part, frozen=True, kw_only=True):
    """What a plan returns instead of failing."""

    value: Annotated[Json, says("the output; the outcome is `success`")]
    condition: Annotated[
        FallbackCondition,
        says("`exhausted`: if all executors failed; `any_error`: also after a fatal error"),
    ] = FallbackCondition.EXHAUSTED


class Errors(Part, frozen=True, kw_only=True):
    """Classes of error codes. The code is the text before `:` of an action's error."""

    retryable: Annotated[list[Name], says("if given, only these codes are retried")] = []
    fatal: Annotated[list[Name], says("these codes end the plan at once")] = []


class Plan(Part, frozen=True, kw_only=True):
    """Several ways to do one thing, and how to choose among them."""

    selection: Annotated[Selection, says("in which order executors are tried")] = (
        Selection.STATIC_ORDER
    )
    executors: Annotated[
        list[Executor], Meta(min_length=1, max_length=100), says("the ways to do it")
    ]
    health: Annotated[Health, says("how health is measured")] = Health()
    cache: Annotated[Cache | None, says("stores outputs, and reuses them")] = None
    fallback: Annotated[Fallback | None, says("what to return instead of failing")] = None
    errors: Annotated[Errors, says("classes of error codes")] = Errors()


class Compensation(StrEnum):
    """Which ends of a run are compensated for."""

    NONE = "none"
    ON_FAILURE = "onFailure"
    ON_CANCEL = "onCancel"
    ALWAYS = "always"


class Schedule(Part, frozen=True, kw_only=True):
    """Starts runs by the clock: give `cron` or `interval`."""

    cron: Annotated[str | None, says("minute, hour, day of the month, month, weekday")] = None
    interval: Annotated[
        Annotated[int, Meta(ge=10, le=limits.DURATION_MS_MAX)] | None,
        says("milliseconds from one run to the next"),
    ] = None
    timezone: Annotated[str, says("the IANA time zone of `cron`")] = "UTC"
    max_concurrent: Annotated[
        int, Meta(ge=1, le=1000), says("how many runs of this schedule may be unfinished at once")
    ] = 1
    overlap: Annotated[
        Overlap,
        says("at that number: `skip` the next time, let one wait (`buffer_one`), or `allow` it"),
    ] = Overlap.SKIP
    input: Annotated[Json, says("the input of its runs")] = msgspec.field(default_factory=dict)
    paused: Annotated[bool, says("whether the schedule is paused at first")] = False
    catch_up_ms: Annotated[
        DurationMs,
        says("a time that was missed is made up for if it is no older than this, and only once"),
    ] = 60_000
    jitter_ms: Annotated[DurationMs, says("each run starts up to this much later")] = 0


class Trigger(Part, frozen=True, kw_only=True):
    """Starts runs from a stream in the workflow's own namespace."""

    stream: Annotated[Name, says("the stream")]
    consumer_group: Annotated[
        Name | None, says("the group that reads it; by default `wf-` and the workflow's name")
    ] = None
    mode: Annotated[GroupMode, says("how members share the stream")] = GroupMode.SHARED
    start: Annotated[TriggerStart, says("where a new trigger begins")] = TriggerStart.LATEST
    batch_size: Annotated[
        int,
        Meta(ge=1, le=limits.LIMIT_MAX),
        says("records for one run; from 2 on, its input is a list"),
    ] = 1
    batch_timeout_ms: Annotated[
        PositiveMs, says("a batch that is not full starts its run after this time")
    ] = 5_000


class SearchAttribute(Part, frozen=True, kw_only=True, rename={"source": "from"}):
    """A field by which `list_runs(search=…)` finds runs."""

    name: Annotated[Name, says("unique in the workflow")]
    type: Annotated[AttributeType, says("a value of another type is left out")]
    source: Annotated[PathText, says("the path to its value")]


class Definition(Part, frozen=True, kw_only=True, rename="camel"):
    """One version of one workflow."""

    kind: Annotated[Literal["Workflow"], says("the kind of document")]
    name: Annotated[Name, says("the workflow's name")]
    version: Annotated[Name, says("any text; quote it if it looks like a number")]
    description: Annotated[
        Annotated[str, Meta(max_length=limits.ERROR_TEXT_BYTES_MAX)] | None,
        says("a description for people"),
    ] = None
    idempotency: Annotated[
        Idempotency, says("whether `start` takes an idempotency key, or needs one")
    ] = Idempotency.NONE
    start: Annotated[Step, says("the first step; `start` in history and in `$.steps.start`")]
    steps: Annotated[dict[Name, Step], says("the other steps, by name")] = {}
    terminals: Annotated[dict[Name, Terminal], says("the workflow's own ends, by name")] = {}
    plans: Annotated[dict[Name, Plan], says("the plans of `@plan/NAME`, by name")] = {}
    schedule: Annotated[Schedule | None, says("starts runs by the clock")] = None
    trigger: Annotated[Trigger | None, says("starts runs from a stream")] = None
    search_attributes: Annotated[
        list[SearchAttribute], Meta(max_length=32), says("the fields by which runs are found")
    ] = []
    compensation: Annotated[
        Compensation,
        says(
            "when steps with `compensate` are undone: `onFailure`: failures and time-outs; "
            "`onCancel`: cancellations; `always`: both"
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


@lru_cache(maxsize=4096)
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
