"""Contexts: what a handler gets, with its payload and what it can do while it runs."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

from floruntime.client.api.base.values import as_json, text_or_json
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
    """What `ctx.result` returns: a named outcome, and the output as bytes."""

    outcome: str
    output: bytes

    @property
    def data(self) -> bytes:
        """Another name for `output`."""
        return self.output


def to_bytes(value: Any) -> bytes:
    """Return a handler's result as bytes: bytes and text unchanged, `None` as empty, all else as
    JSON.
    """
    return b"" if value is None else text_or_json("the result", value)


class _Log(logging.LoggerAdapter[logging.Logger]):
    """Adds to each line which delivery it is about, and to each log record its run and trace."""

    def __init__(self, logger: logging.Logger, about: str, fields: Mapping[str, str]) -> None:
        super().__init__(logger, {})
        self._fields = fields
        self._about = printable(about)

    def log(self, level: int, msg: object, *args: object, **options: Any) -> None:
        # A name may contain "%", which `logging` would read as a directive if there are arguments.
        about = self._about.replace("%", "%%") if args else self._about
        options["stacklevel"] = options.get("stacklevel", 1) + 1
        text, given = f"{about}: {msg}", options.get("extra")
        try:
            super().log(
                level, text, *args, **{**options, "extra": {**self._fields, **(given or {})}}
            )
        except KeyError:  # the application's log records already have fields of these names
            super().log(level, text, *args, **options)

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs  # `extra` is made above


class Context:
    """What the contexts of actions, streams and queues have in common."""

    payload: bytes
    attempt: int
    namespace: str
    traceparent: str | None = None
    """The trace in which the delivery was sent, or this attempt's span in that trace."""

    def __init__(self, touch: Touch | None, own: OwnClient | None) -> None:
        self._touch = touch
        self._own = own
        self._batch: HandlerBatch | None = None
        self._log: _Log | None = None
        self.is_cancelled = False
        """Whether the result is no longer needed. A plain handler may check it now and then."""

    @property
    def client(self) -> BaseClient:
        """The worker's own connection, in the worker's namespace.

        A plain handler, which runs in a thread, gets the client of `floruntime.sync`, which needs
        no `await`. With `floruntime.sync.ActionContext` as the type, an editor knows that.
        """
        client: BaseClient = self._the_own().here()
        return client

    def batch(self) -> HandlerBatch:
        """Return the batch of writes that are committed together with this handler's result.

        `batch = ctx.batch()`, then `batch.kv.put(...)` and so on. The worker sends it when the
        handler returns. If the handler raises, nothing is sent. If a write is refused, the attempt
        has failed. At most 999 writes and 4 MiB. Each call returns the same batch.
        """
        if self._batch is None:
            self._batch = self._the_own().new_batch()
        return self._batch

    @property
    def has_writes(self) -> bool:
        """Whether the batch has writes to commit together with the result."""
        return self._batch is not None and not self._batch.is_empty

    def _the_own(self) -> OwnClient:
        if self._own is None:
            raise BadRequestError(
                "a handler in another process has no connection of the worker's: make a "
                "floruntime.sync.FloClient there"
            )
        return self._own

    def json(self) -> Any:
        """Decode the payload as JSON."""
        return json.loads(self.payload)

    def text(self) -> str:
        """Decode the payload as text. Raises `UnicodeDecodeError` if it is not UTF-8."""
        return self.payload.decode()

    def into(self, kind: type[T]) -> T:
        """Decode the payload, which is JSON, to a value of the type `kind`.

        `kind`: a msgspec struct, dataclass, TypedDict or pydantic model.

        Raises `NonRetryableError`, naming the field, if it does not fit: no retry can help.
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
        """Raise `asyncio.CancelledError` if the result is no longer needed."""
        if self.is_cancelled:
            raise asyncio.CancelledError

    def to_bytes(self, value: Any) -> bytes:
        """`value` as JSON text in UTF-8. Raises `BadRequestError` if JSON has no such thing."""
        return as_json("the value", value)

    def touch(self, extend_ms: int = 30_000) -> Awaitable[None]:
        """Extend the lease of this delivery to at least `extend_ms` from now.

        If the worker no longer holds the delivery, the handler is cancelled at this call. A plain
        handler, which runs in a thread, does not await: the call returns when it is done.
        """
        if self._touch is None:
            raise BadRequestError(
                "a handler in another process cannot touch its lease; auto_touch does it"
            )
        steps = self._touch(extend_ms)
        if self._own is None or self._own.is_here:
            return steps
        try:
            self._own.wait_for(steps)
        finally:
            self.check_cancelled()
        return cast("Awaitable[None]", None)  # the type in floruntime.sync is None

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger that names this delivery in each line.

        Its records have a `trace_id`, if there is a trace, and a `run_id`, if the delivery is a
        run.
        """
        if self._log is None:
            self._log = _Log(_log, self._about(), self._log_fields())
        return self._log

    @property
    def trace_id(self) -> str | None:
        """The id of its trace, if there is one."""
        return trace_id_of(self.traceparent)

    def _log_fields(self) -> dict[str, str]:
        return {} if self.trace_id is None else {"trace_id": self.trace_id}

    def _about(self) -> str:
        raise NotImplementedError


class Progress(NamedTuple):
    """The progress of a run, as its handler reported it."""

    done: float | None = None
    note: str | None = None


NOTHING_TOLD: Final = Progress()


class ActionContext(Context):
    """One attempt of one run.

    - `payload`, `labels`, `namespace`, `created_at_ms`, `action_name`
    - `task_id`: the run's id, the same in every attempt.
    - `attempt`: counts from 1.
    - `caller_run_id`: the workflow run that requested this run, if one did.
    - `idempotency_key`: pass it to others that must not do the same twice, such as a payment
      provider. It is the same in all attempts of the run. In a workflow it is also the same in all
      attempts of the step, each of which is a run of its own, and after `workflow.retry`. No other
      run or step has it.
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
        #: What the handler reported last, and the part of it that the server knows.
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
        """Report the run's progress: `progress` from 0 to 1, and a text of up to 4 KiB for people.

        It is sent with the next touch, within a second; the run's `status` shows it. Without `note`
        the last note stays. It may be called from any thread.

        Raises `BadRequestError` if the number is invalid, and in a handler that runs in another
        process.
        """
        if self._on_progress is None:
            raise BadRequestError("a handler in another process cannot report progress")
        if progress is None:
            raise BadRequestError("progress is None; it must be from 0 to 1")
        self.told = Progress(check_progress(progress), check_text("note", note) or self.told.note)
        self._on_progress()

    def unknown_progress(self) -> tuple[float | None, str | None]:
        """The reported progress that the server does not know yet."""
        return NOTHING_TOLD if self.told == self.known else self.told

    @property
    def task(self) -> Task:
        """The claimed task, to settle this attempt by `client.worker`, or by a batch."""
        return self._task

    @property
    def created_at(self) -> int:
        """Another name for `created_at_ms`."""
        return self.created_at_ms

    def result(self, outcome: str, value: Any = None) -> ActionResult:
        """Return a result with a named outcome, by which a workflow can choose its next step."""
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
    """One delivery of one `record`.

    It has the record's `payload`, `stream_id`, `stream`, `headers` and `partition_key`, the
    `namespace`, `attempt` (from 1), and the `group` and `consumer` that it was delivered to.
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
    """One delivery of one `message`.

    It has the message's `payload`, `seq`, `priority` and `enqueued_at_ms`, `attempt` (from 1), the
    `queue` that it came from, and the `namespace`.
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
