"""What a definition says, as types: the one source for reading, validating, the JSON Schema for
editors, the reference in the docs, and for what is stored.

Keys are spelled as in YAML (`rename`); fields only ever get added, with a default, and defaults are
left out where a definition is stored or hashed.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from floruntime.core import limits


class Kind(StrEnum):
    """What a text or value is beyond its type; `Meta(extra={"kind": …})` says so."""

    NAME = "name"
    OUTCOME = "outcome"
    TARGET = "target"
    PATH = "path"
    MAPPING = "mapping"
    JSON = "JSON"


def _kind(kind: Kind, **bounds: Any) -> Meta:
    return Meta(extra={"kind": kind}, **bounds)


def _says(description: str) -> Meta:
    """What a key means: shown by editors and in the reference."""
    return Meta(description=description)


Name = Annotated[str, _kind(Kind.NAME, min_length=1, max_length=limits.NAME_BYTES_MAX)]
"""1 to 255 bytes of UTF-8, no control characters."""
OutcomeName = Annotated[str, _kind(Kind.OUTCOME, min_length=1, max_length=limits.NAME_BYTES_MAX)]
TargetText = Annotated[str, _kind(Kind.TARGET, min_length=1)]
PathText = Annotated[str, _kind(Kind.PATH, min_length=1)]
DurationMs = Annotated[int, Meta(ge=0, le=limits.DURATION_MS_MAX)]
PositiveMs = Annotated[int, Meta(ge=1, le=limits.DURATION_MS_MAX)]
Count = Annotated[int, Meta(ge=1, le=limits.ATTEMPTS_MAX)]
Mapping = Annotated[Any, _kind(Kind.MAPPING)]
"""A template of JSON: strings that begin with `$.` are paths, a map of `path` and `default` is a
path with a default, all else is itself. In YAML also JSON text, which is read into this."""
Json = Annotated[Any, _kind(Kind.JSON)]
"""Any JSON value; in YAML also JSON text, which is read into this."""


class Part(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Base of all parts of a definition."""


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


class Backoff(StrEnum):
    """How the delay grows with the number n of attempts so far."""

    CONSTANT = "constant"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    EXPONENTIAL_JITTER = "exponential_jitter"


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


class Overlap(StrEnum):
    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    ALLOW = "allow"


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


class Retry(Part, frozen=True, kw_only=True):
    """When a step, or an executor of a plan, is tried again after it failed."""

    max_attempts: Annotated[Count, _says("attempts in total, the first included")] = 1
    backoff: Annotated[Backoff, _says("how the delay grows from attempt to attempt")] = (
        Backoff.EXPONENTIAL
    )
    initial_delay_ms: Annotated[DurationMs, _says("the delay before the second attempt")] = 1_000
    max_delay_ms: Annotated[DurationMs, _says("no delay is longer")] = 30_000
    within_ms: Annotated[
        PositiveMs | None, _says("no attempt begins later than this after the first one began")
    ] = None


class Poll(Part, frozen=True, kw_only=True, rename="camel"):
    """How a step is asked again while its outcome is `pending`."""

    initial_delay_ms: Annotated[
        DurationMs, _says("the delay from the first `pending` to the first poll")
    ] = 0
    max_attempts: Annotated[Count, _says("polls in total; the first asking is not one")] = 10
    backoff: Annotated[Backoff, _says("how the delay grows from poll to poll")] = (
        Backoff.EXPONENTIAL
    )
    base_delay_ms: Annotated[DurationMs, _says("the delay from the first poll to the second")] = (
        1_000
    )
    max_delay_ms: Annotated[DurationMs, _says("no delay is longer")] = 60_000


class SignalWait(Part, frozen=True, kw_only=True, rename="camel"):
    """A wait for one signal. Its payload is the step's output, the outcome is `success`."""

    type: Annotated[Name, _says("the type of the signal; each signal ends one wait")]
    timeout_ms: Annotated[PositiveMs | None, _says("how long to wait")] = None
    on_timeout: Annotated[
        Name | None,
        _says("the step or terminal that follows the time-out; without it the run is `timed_out`"),
    ] = None


class Step(Part, frozen=True, kw_only=True, rename="camel"):
    """One of `run` and `waitForSignal`, and where each outcome leads."""

    run: Annotated[
        TargetText | None,
        _says("`@actions/NAME`, `@plan/NAME`, `@workflow/NAME` or `@workflow/NAME:VERSION`"),
    ] = None
    input_mapping: Annotated[
        Mapping, _says("what the target gets; without it, the run's input")
    ] = None
    retry: Annotated[
        Retry | None, _says("tries again on `failure`, `timeout` and `execution_failure`")
    ] = None
    poll: Annotated[Poll | None, _says("asks again on `pending`")] = None
    timeout_ms: Annotated[
        PositiveMs | None,
        _says("bounds the whole step, retries and polls included; the outcome is `timeout`"),
    ] = None
    wait_for_target_ms: Annotated[
        DurationMs | None,
        _says(
            "how long the step waits for an action that is not registered yet; 60,000, or 0 "
            "where `target_not_found` or `execution_failure` leads somewhere"
        ),
    ] = None
    wait_for_signal: Annotated[SignalWait | None, _says("waits instead of running something")] = (
        None
    )
    transitions: Annotated[
        dict[OutcomeName, Name], Meta(min_length=1), _says("outcome to step or terminal")
    ]


class Terminal(Part, frozen=True, kw_only=True):
    """An end of the workflow's own, beside `flo.Completed`, `flo.Failed`, `flo.Cancelled` and
    `flo.TimedOut`.
    """

    status: Annotated[EndStatus, _says("the status that a run has which ends here")]


class Breaker(Part, frozen=True, kw_only=True):
    """Keeps an executor out of use for a while after it failed too often."""

    failure_threshold: Annotated[Count, _says("failures in a row that open it")] = 5
    cooldown_ms: Annotated[PositiveMs, _says("how long it stays open; half-open then")] = 30_000
    half_open_max_calls: Annotated[Count, _says("probes at once while it is half-open")] = 3


class RateLimit(Part, frozen=True, kw_only=True):
    """An executor that is over any of these is passed over. At least one is given."""

    max_per_second: Annotated[Count | None, _says("calls in a second")] = None
    max_per_minute: Annotated[Count | None, _says("calls in a minute")] = None
    max_per_hour: Annotated[Count | None, _says("calls in an hour")] = None


class Tracking(Part, frozen=True, kw_only=True):
    """How an executor's outcome comes to be known."""

    mode: Annotated[
        TrackingMode,
        _says(
            "`async`: the action answers `pending`, its outcome comes by the signal `plan:EXECUTOR`"
        ),
    ] = TrackingMode.SYNC
    timeout_ms: Annotated[PositiveMs, _says("how long to wait for that signal")] = 300_000


class Executor(Part, frozen=True, kw_only=True):
    """One way to do what a plan is for."""

    name: Annotated[Name, _says("unique in the plan")]
    run: Annotated[TargetText, _says("`@actions/NAME`")]
    priority: Annotated[
        int, Meta(ge=-1_000_000, le=1_000_000), _says("a higher one is preferred")
    ] = 0
    retry: Annotated[Retry | None, _says("tries again before the next executor's turn")] = None
    breaker: Annotated[Breaker | None, _says("keeps it out of use after failures")] = None
    rate_limit: Annotated[RateLimit | None, _says("bounds its calls")] = None
    tracking: Annotated[Tracking, _says("how its outcome comes to be known")] = Tracking()


class Health(Part, frozen=True, kw_only=True):
    """How the health of executors is measured: 0.7 of it is technical success, 0.3 that of the
    business. A tenth of it counts while the breaker is open, half of it while it is half-open.
    """

    window_ms: Annotated[PositiveMs, _says("after so long without a sample all are forgotten")] = (
        300_000
    )
    decay: Annotated[
        float, Meta(gt=0, le=1), _says("each sample counts this much of the one after it")
    ] = 0.9
    min_samples: Annotated[Count, _says("with fewer, executors go by priority")] = 10


class Cache(Part, frozen=True, kw_only=True):
    """Keeps a plan's success, to be given again."""

    ttl_ms: Annotated[PositiveMs, _says("how long")]
    key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=4096)] | None,
        _says(
            "what the success is kept under; `{input.path}` is from the run's input; "
            "none: what the step hands to the plan"
        ),
    ] = None
    invalidate_on: Annotated[list[Name], _says("types of signals that drop it")] = []


class Fallback(Part, frozen=True, kw_only=True):
    """What a plan gives instead of failing."""

    value: Annotated[Json, _says("the output; the outcome is `success`")]
    condition: Annotated[
        FallbackCondition, _says("`exhausted`: all executors failed; `any_error`: a fatal one, too")
    ] = FallbackCondition.EXHAUSTED


class Errors(Part, frozen=True, kw_only=True):
    """Classes of error codes. The code is the text before `:` of an action's error."""

    retryable: Annotated[list[Name], _says("if there are any, only these are tried again")] = []
    fatal: Annotated[list[Name], _says("these end the plan at once")] = []


class Plan(Part, frozen=True, kw_only=True):
    """Several ways to do one thing, and how to choose among them."""

    selection: Annotated[Selection, _says("in which order executors are tried")] = (
        Selection.STATIC_ORDER
    )
    executors: Annotated[
        list[Executor], Meta(min_length=1, max_length=100), _says("the ways to do it")
    ]
    health: Annotated[Health, _says("how health is measured")] = Health()
    cache: Annotated[Cache | None, _says("keeps successes")] = None
    fallback: Annotated[Fallback | None, _says("what to give instead of failing")] = None
    errors: Annotated[Errors, _says("classes of error codes")] = Errors()


class Schedule(Part, frozen=True, kw_only=True):
    """Runs by the clock: one of `cron` and `interval`."""

    cron: Annotated[str | None, _says("minute, hour, day of the month, month, weekday")] = None
    interval: Annotated[
        Annotated[int, Meta(ge=10, le=limits.DURATION_MS_MAX)] | None,
        _says("milliseconds from one run to the next"),
    ] = None
    timezone: Annotated[str, _says("the IANA zone that `cron` is told in")] = "UTC"
    max_concurrent: Annotated[
        int, Meta(ge=1, le=1000), _says("how many of the schedule's own runs go on at once")
    ] = 1
    overlap: Annotated[
        Overlap,
        _says("when so many go on: `skip` the time, let one wait (`buffer_one`), or `allow` it"),
    ] = Overlap.SKIP
    input: Annotated[Json, _says("the input of its runs")] = msgspec.field(default_factory=dict)
    paused: Annotated[bool, _says("whether it begins paused")] = False
    catch_up_ms: Annotated[
        DurationMs, _says("a time missed for no longer than this is made up for, once")
    ] = 60_000
    jitter_ms: Annotated[DurationMs, _says("each run starts up to this much later")] = 0


class Trigger(Part, frozen=True, kw_only=True):
    """Runs by a stream of the workflow's own namespace."""

    stream: Annotated[Name, _says("the stream")]
    consumer_group: Annotated[
        Name | None, _says("the group that reads it; without it, `wf-` and the workflow's name")
    ] = None
    mode: Annotated[GroupMode, _says("how members share the stream")] = GroupMode.SHARED
    start: Annotated[TriggerStart, _says("where a new trigger begins")] = TriggerStart.LATEST
    batch_size: Annotated[
        int, Meta(ge=1, le=limits.LIMIT_MAX), _says("events of one run; from 2 on, a list of them")
    ] = 1
    batch_timeout_ms: Annotated[
        PositiveMs, _says("an incomplete batch starts its run after this")
    ] = 5_000


class SearchAttribute(Part, frozen=True, kw_only=True, rename={"source": "from"}):
    """A field that `list_runs(search=…)` finds."""

    name: Annotated[Name, _says("unique in the workflow")]
    type: Annotated[AttributeType, _says("a value of another type is left out")]
    source: Annotated[PathText, _says("the path to its value")]


class Definition(Part, frozen=True, kw_only=True, rename="camel"):
    """One version of one workflow."""

    kind: Annotated[Literal["Workflow"], _says("what the document is")]
    name: Annotated[Name, _says("the workflow's name")]
    version: Annotated[Name, _says("any text; quoted, if it looks like a number")]
    description: Annotated[
        Annotated[str, Meta(max_length=limits.ERROR_TEXT_BYTES_MAX)] | None, _says("for people")
    ] = None
    idempotency: Annotated[
        Idempotency, _says("whether `start` takes an idempotency key, or needs one")
    ] = Idempotency.NONE
    start: Annotated[Step, _says("the first step; `start` in history and in `$.steps.start`")]
    steps: Annotated[dict[Name, Step], _says("the other steps, by name")] = {}
    terminals: Annotated[dict[Name, Terminal], _says("the workflow's own ends, by name")] = {}
    plans: Annotated[dict[Name, Plan], _says("the plans of `@plan/NAME`, by name")] = {}
    schedule: Annotated[Schedule | None, _says("runs by the clock")] = None
    trigger: Annotated[Trigger | None, _says("runs by a stream")] = None
    search_attributes: Annotated[
        list[SearchAttribute], Meta(max_length=32), _says("what runs are found by")
    ] = []
    output: Annotated[Mapping, _says("the run's output; without it, the last step's output")] = None
    retention_ms: Annotated[
        int,
        Meta(ge=limits.IDEMPOTENCY_MS, le=limits.DURATION_MS_MAX),
        _says("how long a run is kept after its end"),
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
