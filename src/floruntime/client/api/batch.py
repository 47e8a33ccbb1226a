"""Batches: several writes, of any primitives, in one commit. All of them happen, or none."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, cast

from floruntime.client.api.action.writes import ActionWrites
from floruntime.client.api.base.caller import Caller, Part
from floruntime.client.api.base.leases import Leases
from floruntime.client.api.base.operation import Ask, Operation
from floruntime.client.api.kv.writes import KvWrites
from floruntime.client.api.queue.writes import QueueWrites
from floruntime.client.api.stream.group_writes import GroupWrites
from floruntime.client.api.stream.writes import StreamAdmin, StreamAppends
from floruntime.client.api.worker.writes import WorkerWrites
from floruntime.client.api.workflow.writes import WorkflowWrites
from floruntime.client.link.unsendable import what_is_unsendable
from floruntime.core import limits, system, wire
from floruntime.core.errors import BadRequestError
from floruntime.core.kv import KvCheck

R = TypeVar("R")


class WritesOnly(Part):
    """A part of a batch: its methods record writes and send nothing."""

    _name = ""

    if not TYPE_CHECKING:

        def __getattr__(self, method: str) -> NoReturn:
            raise AttributeError(f"a batch has no {self._name}.{method}: it takes writes only")


class BatchKv(WritesOnly, KvWrites):
    """The writes of `client.kv`, and `check`."""

    _name = "kv"

    def check(self, key: str, *, version: int) -> Operation[None]:
        """Add a condition without a write: the key must have this version (0: it must not exist).

        Sending the batch raises `ConflictError` if the key has another version.
        """
        return self._call(KvCheck(key, version), None, None)


class BatchQueue(WritesOnly, QueueWrites):
    """The writes of `client.queue`, except `dequeue`."""

    _name = "queue"


class BatchStream(WritesOnly, StreamAppends, StreamAdmin, GroupWrites):
    """The writes of `client.stream`, except `group_read`."""

    _name = "stream"


class BatchAction(WritesOnly, ActionWrites):
    """`invoke` and `cancel` of `client.action`."""

    _name = "action"


class BatchWorker(WritesOnly, WorkerWrites):
    """`complete` and `fail` of `client.worker`."""

    _name = "worker"


class BatchWorkflow(WritesOnly, WorkflowWrites):
    """`start`, `signal` and `cancel` of `client.workflow`."""

    _name = "workflow"


class Writes:
    """The parts of a batch: the writes of every primitive, recorded in order."""

    def __init__(self, caller: Caller, namespace: str | None, timeout_ms: int | None) -> None:
        self._caller = caller
        self._timeout_ms = timeout_ms
        recorder = Recorder(caller, namespace)
        self._recorder = recorder
        self.kv = BatchKv(recorder)
        self.queue = BatchQueue(recorder)
        self.stream = self.streams = BatchStream(recorder)
        self.action = BatchAction(recorder)
        self.worker = BatchWorker(recorder)
        self.workflow = BatchWorkflow(recorder)

    async def _send(self) -> list[Any]:
        asks = self._recorder.end()
        if not asks:
            return []
        return await send(self._caller, asks, self._recorder.namespace, self._timeout_ms)


class HandlerBatch(Writes):
    """Writes that a handler wants to commit together with its result: `ctx.batch()`.

    The worker sends them when the handler has returned. They are one commit with the completion of
    the run, or with the ack of the record or message: all of it happens, or none. If the handler
    raises, nothing is sent. If one of the writes is refused, the attempt has failed with that
    error.

    As a context manager, it drops the writes of its block if the block raises.
    """

    def __init__(self, caller: Caller, namespace: str) -> None:
        super().__init__(caller, namespace, None)
        self._marks: list[int] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self._recorder.count

    async def send(self) -> None:
        """Send the writes, once. Raises what any of the writes raises, with `.index`."""
        await self._send()

    def __enter__(self) -> Self:
        self._marks.append(self._recorder.count)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        mark = self._marks.pop()
        if kind is not None:
            self._recorder.forget_after(mark)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)


class Batch(Writes):
    """Collects writes and sends them when its block ends without an exception.

    `async with client.batch() as b: b.kv.put(...)`: nothing in the block is awaited. Afterwards
    `results` holds, in order, what each method would have returned outside a batch.

    If a write is refused, its error is raised with `.index`, the position of that write, and none
    of the writes happened. In a batch a stale lease is refused too (`ConflictError`). A batch is
    for one block and one namespace, and takes at most 1,000 writes and 4 MiB.
    """

    def __init__(
        self, caller: Caller, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> None:
        super().__init__(caller, namespace, timeout_ms)
        self.results: list[Any] = []

    async def __aenter__(self) -> Self:
        self._recorder.refuse_if_over()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.results = await self._send()
        else:
            self._recorder.end()


async def send(
    caller: Caller, asks: list[Ask[Any]], namespace: str, timeout_ms: int | None
) -> list[Any]:
    """Send these writes in one batch. Returns what each would have returned alone, in order."""
    request = system.Batch([cast("system.BatchCommand", ask.request) for ask in asks])
    _check_size(request)
    ask: Ask[list[Any]] = Ask(request, namespace=namespace, timeout_ms=timeout_ms)
    answers = await caller.perform(ask)
    return [each.finished(answer) for each, answer in zip(asks, answers, strict=True)]


class Recorder:
    """A caller that sends nothing: it keeps the calls."""

    def __init__(self, caller: Caller, namespace: str | None) -> None:
        self.namespace = caller.namespace if namespace is None else namespace
        self.leases: Leases = caller.leases
        self._asks: list[Ask[Any]] = []
        self._is_over = False

    def perform(self, ask: Ask[R]) -> Operation[R]:
        self.refuse_if_over()
        if ask.namespace is not None:
            raise BadRequestError("a batch has one namespace: give it to client.batch()")
        if ask.timeout_ms is not None:
            raise BadRequestError("a batch has one time-out: give timeout_ms to client.batch()")
        if len(self._asks) == limits.BATCH_COMMANDS_MAX:
            raise BadRequestError(
                f"a batch takes at most {limits.BATCH_COMMANDS_MAX} commands",
                index=len(self._asks),
            )
        self._asks.append(ask)
        return Recorded()

    @property
    def count(self) -> int:
        """How many calls it keeps."""
        return len(self._asks)

    def forget_after(self, count: int) -> None:
        """Keep only the first `count` calls."""
        del self._asks[count:]

    def refuse_if_over(self) -> None:
        """Raise `BadRequestError` once the block has ended."""
        if self._is_over:
            raise BadRequestError("this batch is over; begin another with client.batch()")

    def end(self) -> list[Ask[Any]]:
        """Take no more calls, and return those that were recorded."""
        self._is_over = True
        return self._asks


class Recorded(Operation[Any]):
    """A recorded write of a batch. There is nothing to wait for before the batch is sent."""

    def __init__(self) -> None:
        pass

    def __await__(self) -> NoReturn:
        raise BadRequestError(
            "a write of a batch is not awaited: it is sent when the block ends, and its result is "
            "in batch.results then"
        )

    def send(self, value: Any) -> NoReturn:  # noqa: ARG002 # a coroutine's
        """Refuse to be awaited."""
        self.__await__()

    def close(self) -> None:
        """Do nothing: no call is under way."""


def _check_size(request: system.Batch) -> None:
    try:
        size = len(wire.encode(request))
    except (UnicodeEncodeError, OverflowError) as error:
        raise BadRequestError(f"batch: {what_is_unsendable(request) or error}") from error
    if size > limits.BATCH_BYTES_MAX:
        raise BadRequestError(
            f"a batch of {size} bytes; at most {limits.BATCH_BYTES_MAX} are allowed",
            bytes_max=limits.BATCH_BYTES_MAX,
        )
