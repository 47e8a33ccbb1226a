"""What a handler is given: its payload, where it came from, and what it can do meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

from floruntime.client.api.base.values import to_json
from floruntime.client.api.batch import HandlerBatch
from floruntime.client.base import BaseClient
from floruntime.core.errors import BadRequestError, NonRetryableError
from floruntime.core.limits import check_progress, check_text
from floruntime.core.printable import printable
from floruntime.core.queue import Message
from floruntime.core.stream import StreamID, StreamRecord
from floruntime.core.trace import trace_id_of
from floruntime.core.typed import decode_json, name_of
from floruntime.core.worker import Task

if TYPE_CHECKING:
    from floruntime.client.worker.own_client import OwnClient

T = TypeVar("T")
Touch = Callable[[int], Coroutine[Any, Any, None]]

_OUTCOME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_log = logging.getLogger("floruntime.worker")


class ActionResult(NamedTuple):
    """What `ctx.result` makes: an outcome by name, and the output as it will be kept."""

    outcome: str
    output: bytes

    @property
    def data(self) -> bytes:
        """Another name for `output`."""
        return self.output


def to_bytes(value: Any) -> bytes:
    """A handler's result as bytes: bytes and text as they are, `None` empty, all else as JSON."""
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return to_json(value)


class _Log(logging.LoggerAdapter[logging.Logger]):
    """Says before each line which delivery it is about, and in fields of the record which run and
    trace.
    """

    def __init__(self, logger: logging.Logger, about: str, fields: Mapping[str, str]) -> None:
        super().__init__(logger, {})
        self._fields = fields
        self._about = printable(about)

    def log(self, level: int, msg: object, *args: object, **options: Any) -> None:
        # A name may contain "%", which is a directive where there are arguments to fill in.
        about = self._about.replace("%", "%%") if args else self._about
        options["stacklevel"] = options.get("stacklevel", 1) + 1
        text, given = f"{about}: {msg}", options.get("extra")
        try:
            super().log(
                level, text, *args, **{**options, "extra": {**self._fields, **(given or {})}}
            )
        except KeyError:  # the records of this application have fields of these names by themselves
            super().log(level, text, *args, **options)

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs  # `extra` is made above


class Context:
    """What the contexts of actions and of streams have in common."""

    payload: bytes
    attempt: int
    namespace: str
    traceparent: str | None = None
    """The trace that it was handed over in, or the span of this attempt in it."""

    def __init__(self, touch: Touch | None, own: OwnClient | None) -> None:
        self._touch = touch
        self._own = own
        self._batch: HandlerBatch | None = None
        self._log: _Log | None = None
        self.is_cancelled = False
        """Whether the result is no longer wanted. A plain handler may look at it now and then."""

    @property
    def client(self) -> BaseClient:
        """The worker's own connection, in the worker's namespace.

        A plain handler, which runs in a thread, gets the client of `floruntime.sync`, which it need
        not await (`floruntime.sync.ActionContext` says so to an editor).
        """
        client: BaseClient = self._the_own().here()
        return client

    def batch(self) -> HandlerBatch:
        """What is to be done together with this handler's result, in one commit.

        `batch = ctx.batch()`, then `batch.kv.put(...)` and so on: it is sent when the handler
        returns. Where that raises, nothing is sent; where a write is refused, the attempt has
        failed. At most 999 writes and 4 MiB. Each call gives the same one.
        """
        if self._batch is None:
            self._batch = self._the_own().new_batch()
        return self._batch

    @property
    def has_writes(self) -> bool:
        """Whether something is to be done together with the result."""
        return self._batch is not None and not self._batch.is_empty

    def _the_own(self) -> OwnClient:
        if self._own is None:
            raise BadRequestError(
                "a handler in another process has no connection of the worker's: make a "
                "floruntime.sync.FloClient there"
            )
        return self._own

    def json(self) -> Any:
        """The payload, which is JSON."""
        return json.loads(self.payload)

    def text(self) -> str:
        """The payload, which is text. Raises `UnicodeDecodeError` where it is no UTF-8."""
        return self.payload.decode()

    def into(self, kind: type[T]) -> T:
        """The payload, which is JSON, as a msgspec struct, dataclass, TypedDict or pydantic model.

        Raises `NonRetryableError`, naming the field, where it does not fit: it never will.
        """
        try:
            return decode_json(self.payload, kind)
        except ValueError as error:
            raise NonRetryableError(f"the payload is no {name_of(kind)}: {error}") from error

    def input(self) -> bytes:
        """Another name for `payload`."""
        return self.payload

    @property
    def cancelled(self) -> bool:
        """Another name for `is_cancelled`."""
        return self.is_cancelled

    def check_cancelled(self) -> None:
        """Raises `asyncio.CancelledError` where the result is no longer wanted."""
        if self.is_cancelled:
            raise asyncio.CancelledError

    def to_bytes(self, value: Any) -> bytes:
        """`value` as JSON text in UTF-8."""
        return to_json(value)

    def touch(self, extend_ms: int = 30_000) -> Awaitable[None]:
        """Keep this delivery for at least `extend_ms` from now.

        If it is no longer the worker's, the handler is cancelled right here. A plain handler, which
        runs in a thread, has nothing to await: the call returns when it is done.
        """
        if self._touch is None:
            raise BadRequestError("a handler in another process cannot touch; auto_touch does it")
        steps = self._touch(extend_ms)
        if self._own is None or self._own.is_here:
            return steps
        try:
            self._own.wait_for(steps)
        finally:
            self.check_cancelled()
        return cast("Awaitable[None]", None)  # floruntime.sync says that it is None

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger that names this delivery in each line; its records have a `trace_id`, if there
        is one, and a `run_id`, if it is a run's.
        """
        if self._log is None:
            self._log = _Log(_log, self._about(), self._log_fields())
        return self._log

    @property
    def trace_id(self) -> str | None:
        """The id of its trace, if it is traced."""
        return trace_id_of(self.traceparent)

    def _log_fields(self) -> dict[str, str]:
        return {} if self.trace_id is None else {"trace_id": self.trace_id}

    def _about(self) -> str:
        raise NotImplementedError


class Progress(NamedTuple):
    """How far a run is, as its handler told."""

    done: float | None = None
    note: str | None = None


NOTHING_TOLD: Final = Progress()


class ActionContext(Context):
    """One attempt of one run: `payload`, `task_id` (the run's id, the same in every attempt),
    `action_name`, `attempt` (from 1), `created_at_ms`, `labels`, `namespace`, `caller_run_id`
    (the workflow run that asked for it, if one did), and `idempotency_key`: what to give to others
    who must not do the same twice, a payment provider, say. It is the same over all attempts of the
    run; in a workflow also over all attempts of the step, each of which is a run of its own, and
    over `workflow.retry`; and no other run or step has it.
    """

    def __init__(
        self,
        task: Task,
        namespace: str,
        touch: Touch | None = None,
        *,
        own: OwnClient | None = None,
        on_progress: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(touch, own)
        self._task = task
        self._on_progress = on_progress
        #: What the handler told last, and what the server knows of it.
        self.told = self.known = NOTHING_TOLD
        self.payload = task.payload
        self.task_id = task.run_id
        self.action_name = task.action
        self.attempt = task.attempt
        self.created_at_ms = task.created_at_ms
        self.namespace = namespace
        self.caller_run_id = task.caller_run_id
        self.idempotency_key = task.idempotency_key or task.run_id
        self.labels: Mapping[str, str] = task.labels
        self.traceparent = task.traceparent

    def progress(self, progress: float, note: str | None = None) -> None:
        """Tell how far the run is: `progress` from 0 to 1, and a text of up to 4 KiB for people.

        It goes with the next touch, within a second; `status` of the run shows it. Without `note`
        the last one stays. From any thread.

        Raises `BadRequestError` on another number, and in a handler in another process.
        """
        if self._on_progress is None:
            raise BadRequestError("a handler in another process cannot tell its progress")
        if progress is None:
            raise BadRequestError("progress is None; it must be from 0 to 1")
        self.told = Progress(check_progress(progress), check_text("note", note) or self.told.note)
        self._on_progress()

    def unknown_progress(self) -> tuple[float | None, str | None]:
        """What the server does not know yet of what was told."""
        return NOTHING_TOLD if self.told == self.known else self.told

    @property
    def task(self) -> Task:
        """The claim: what `client.worker` and `b.worker` of a batch settle this attempt with."""
        return self._task

    @property
    def created_at(self) -> int:
        """Another name for `created_at_ms`."""
        return self.created_at_ms

    def result(self, outcome: str, value: Any = None) -> ActionResult:
        """A result with an outcome of its own, for workflows to go by."""
        if not isinstance(outcome, str) or not _OUTCOME.fullmatch(outcome):
            raise BadRequestError(
                f"outcome {outcome!r} must be letters, digits, '_' and '-', "
                "beginning with a letter or '_'"
            )
        return ActionResult(outcome, to_bytes(value))

    def _about(self) -> str:
        return f"{self.action_name} {self.task_id} attempt {self.attempt}"

    def _log_fields(self) -> dict[str, str]:
        return {**super()._log_fields(), "run_id": self.task_id}

    def __reduce__(self) -> tuple[Any, ...]:
        return ActionContext, (self._task, self.namespace)


class StreamContext(Context):
    """One delivery of one `record`: its `payload`, `stream_id`, `stream`, `headers` and
    `partition_key`, the `namespace`, `attempt` (from 1), and the `group` and `consumer` that it was
    delivered to.
    """

    def __init__(
        self,
        record: StreamRecord,
        namespace: str,
        touch: Touch | None = None,
        *,
        group: str = "",
        consumer: str = "",
        own: OwnClient | None = None,
    ) -> None:
        super().__init__(touch, own)
        self.group = group
        self.consumer = consumer
        self.record = record
        self.payload = record.payload
        self.stream_id: StreamID = record.id
        self.stream = record.stream
        self.headers = record.headers
        self.partition_key = record.partition_key
        self.attempt = record.attempt
        self.namespace = namespace
        self.traceparent = record.traceparent

    def _about(self) -> str:
        return f"{self.stream} {self.stream_id} attempt {self.attempt}"

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = partial(StreamContext, group=self.group, consumer=self.consumer)
        return rebuild, (self.record, self.namespace)


class QueueContext(Context):
    """One delivery of one `message`: its `payload`, `seq`, `priority`, `attempt` (from 1) and
    `enqueued_at_ms`, the `queue` that it came from, and the `namespace`.
    """

    def __init__(
        self,
        message: Message,
        queue: str,
        namespace: str,
        touch: Touch | None = None,
        *,
        own: OwnClient | None = None,
    ) -> None:
        super().__init__(touch, own)
        self.message = message
        self.payload = message.payload
        self.seq = message.seq
        self.priority = message.priority
        self.attempt = message.attempt
        self.enqueued_at_ms = message.enqueued_at_ms
        self.queue = queue
        self.namespace = namespace
        self.traceparent = message.traceparent

    def _about(self) -> str:
        return f"{self.queue} {self.seq} attempt {self.attempt}"

    def __reduce__(self) -> tuple[Any, ...]:
        return QueueContext, (self.message, self.queue, self.namespace)
