"""What a definition says, as types: the one source for reading, validating, the JSON Schema for
editors, the reference in the docs, and for what is stored.

Keys are spelled as in YAML (`rename`); fields only ever get added, with a default, and defaults are
left out where a definition is stored or hashed. `shared/WORKFLOW.md` is the contract.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from floruntime.core import limits

START: Final = "start"
"""The first step's name, in history and in `$.steps.start`."""
START_ALIAS: Final = "_start"

Name = Annotated[str, Meta(min_length=1, max_length=limits.NAME_BYTES_MAX)]
"""1 to 255 bytes of UTF-8, no control characters."""
DurationMs = Annotated[int, Meta(ge=0, le=limits.DURATION_MS_MAX)]
PositiveMs = Annotated[int, Meta(ge=1, le=limits.DURATION_MS_MAX)]
Count = Annotated[int, Meta(ge=1, le=limits.ATTEMPTS_MAX)]
Mapping = Any
"""A template of JSON: strings that begin with `$.` are paths, a map of `path` and `default` is a
path with a default, all else is itself. In YAML also JSON text, which is read into this."""


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
    """When a step, or an executor of a plan, is tried again after it failed.

    `max_attempts` counts all attempts. `within_ms`: no attempt begins later than this after the
    first one began.
    """

    max_attempts: Count = 1
    backoff: Backoff = Backoff.EXPONENTIAL
    initial_delay_ms: DurationMs = 1_000
    max_delay_ms: DurationMs = 30_000
    within_ms: PositiveMs | None = None


class Poll(Part, frozen=True, kw_only=True, rename="camel"):
    """How a step is asked again while its outcome is `pending`.

    The first poll comes `initialDelayMs` after the first `pending`, the next ones after
    `baseDelayMs`, growing. `maxAttempts` counts polls, the first asking not among them.
    """

    initial_delay_ms: DurationMs = 0
    max_attempts: Count = 10
    backoff: Backoff = Backoff.EXPONENTIAL
    base_delay_ms: DurationMs = 1_000
    max_delay_ms: DurationMs = 60_000


class SignalWait(Part, frozen=True, kw_only=True, rename="camel"):
    """A wait for one signal of `type`; `onTimeout` names a step or terminal."""

    type: Name
    timeout_ms: PositiveMs | None = None
    on_timeout: Name | None = None


class Step(Part, frozen=True, kw_only=True, rename="camel"):
    """One of `run` and `waitForSignal`, and where each outcome leads.

    `timeoutMs` bounds the whole step, retries and polls included.
    """

    run: str | None = None
    input_mapping: Mapping = None
    retry: Retry | None = None
    poll: Poll | None = None
    timeout_ms: PositiveMs | None = None
    wait_for_signal: SignalWait | None = None
    transitions: dict[Name, Name]


class Terminal(Part, frozen=True, kw_only=True):
    """An end of the workflow's own, standing for one of the four statuses."""

    status: EndStatus


class Breaker(Part, frozen=True, kw_only=True):
    """Opens after so many failures in a row; after the cool-down a few probes may close it."""

    failure_threshold: Count = 5
    cooldown_ms: PositiveMs = 30_000
    half_open_max_calls: Count = 3


class RateLimit(Part, frozen=True, kw_only=True):
    """An executor that is over any of these is passed over."""

    max_per_second: Count | None = None
    max_per_minute: Count | None = None
    max_per_hour: Count | None = None


class Tracking(Part, frozen=True, kw_only=True):
    """`async`: the action answers `pending`, its outcome comes by the signal `plan:EXECUTOR`."""

    mode: TrackingMode = TrackingMode.SYNC
    timeout_ms: PositiveMs = 300_000


class Executor(Part, frozen=True, kw_only=True):
    """One way to do what a plan is for. A higher `priority` is preferred."""

    name: Name
    run: str
    priority: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 0
    retry: Retry | None = None
    breaker: Breaker | None = None
    rate_limit: RateLimit | None = None
    tracking: Tracking = Tracking()


class Health(Part, frozen=True, kw_only=True):
    """How the health of executors is measured: each sample counts `decay` times the one after it,
    and after `window_ms` without a sample all are forgotten.
    """

    window_ms: PositiveMs = 300_000
    decay: Annotated[float, Meta(gt=0, le=1)] = 0.9
    min_samples: Count = 10


class Cache(Part, frozen=True, kw_only=True):
    """A success is kept for `ttl_ms` under `key`, where `{input.path}` is from the run's input."""

    ttl_ms: PositiveMs
    key: Annotated[str, Meta(min_length=1, max_length=4096)]
    invalidate_on: list[Name] = []


class Fallback(Part, frozen=True, kw_only=True):
    """What a plan gives instead of failing; in YAML `value` may be JSON text."""

    value: Any
    condition: FallbackCondition = FallbackCondition.EXHAUSTED


class Errors(Part, frozen=True, kw_only=True):
    """Which error codes (the text before `:`) are tried again, and which end the plan at once."""

    retryable: list[Name] = []
    fatal: list[Name] = []


class Plan(Part, frozen=True, kw_only=True):
    """Executors, and how to choose among them."""

    selection: Selection = Selection.STATIC_ORDER
    executors: Annotated[list[Executor], Meta(min_length=1, max_length=100)]
    health: Health = Health()
    cache: Cache | None = None
    fallback: Fallback | None = None
    errors: Errors = Errors()


class Schedule(Part, frozen=True, kw_only=True):
    """Runs by the clock: one of `cron` (5 fields) and `interval` (milliseconds)."""

    cron: str | None = None
    interval: Annotated[int, Meta(ge=1_000, le=limits.DURATION_MS_MAX)] | None = None
    timezone: str = "UTC"
    max_concurrent: Annotated[int, Meta(ge=1, le=1000)] = 1
    overlap: Overlap = Overlap.SKIP
    input: Any = msgspec.field(default_factory=dict)
    paused: bool = False
    catch_up_ms: DurationMs = 60_000
    jitter_ms: DurationMs = 0


class Trigger(Part, frozen=True, kw_only=True):
    """Runs by a stream of the workflow's own namespace, through a consumer group."""

    stream: Name
    consumer_group: Name | None = None
    mode: GroupMode = GroupMode.SHARED
    start: TriggerStart = TriggerStart.LATEST
    batch_size: Annotated[int, Meta(ge=1, le=limits.LIMIT_MAX)] = 1
    batch_timeout_ms: PositiveMs = 5_000


class SearchAttribute(Part, frozen=True, kw_only=True, rename={"source": "from"}):
    """A field that `list_runs(search=…)` finds, taken from where `from` points."""

    name: Name
    type: AttributeType
    source: str


class Definition(Part, frozen=True, kw_only=True, rename="camel"):
    """One version of one workflow."""

    kind: Literal["Workflow"]
    name: Name
    version: Name
    description: Annotated[str, Meta(max_length=limits.ERROR_TEXT_BYTES_MAX)] | None = None
    idempotency: Idempotency = Idempotency.NONE
    start: Step
    steps: dict[Name, Step] = {}
    terminals: dict[Name, Terminal] = {}
    plans: dict[Name, Plan] = {}
    schedule: Schedule | None = None
    trigger: Trigger | None = None
    search_attributes: Annotated[list[SearchAttribute], Meta(max_length=32)] = []
    output: Mapping = None
    retention_ms: Annotated[int, Meta(ge=limits.IDEMPOTENCY_MS, le=limits.DURATION_MS_MAX)] = (
        limits.RUN_RETENTION_MS_DEFAULT
    )


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
