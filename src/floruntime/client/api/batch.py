"""Several writes of any primitives in one commit: all happen, or none."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import attrgetter, itemgetter
from types import TracebackType
from typing import Any, Self, cast, get_args

from floruntime.client.api.action import ActionCommands
from floruntime.client.api.caller import Caller
from floruntime.client.api.kv import KvCommands
from floruntime.client.api.queue_commands import QueueCommands
from floruntime.client.api.stream_commands import StreamCommands
from floruntime.client.api.worker import WorkerCommands
from floruntime.client.api.workflow_commands import WorkflowCommands
from floruntime.core import limits, system, wire
from floruntime.core.errors import BadRequestError
from floruntime.core.queue import QueueEnqueue
from floruntime.core.stream import GroupClaim, StreamAppend
from floruntime.core.workflow import WorkflowStart

_TAKEN: tuple[type, ...] = get_args(system.BatchCommand)

_RESULTS: dict[tuple[type, str], Callable[[Any], Any]] = {
    (QueueEnqueue, "enqueue"): itemgetter(0),
    (StreamAppend, "append"): itemgetter(0),
    (WorkflowStart, "start"): attrgetter("run_id"),
}
"""What the live method makes of the answer, where that is not the answer itself."""


class Batch:
    """Collects commands and sends them when its block ends without an exception.

    Afterwards `results` has, in order, what each live method would have returned. A refusal is
    raised with `.index`, the position of the command refused; then none of them happened. A batch
    is for one block: what is added after it is refused.
    """

    def __init__(
        self,
        caller: Caller,
        *,
        kv: KvCommands,
        queue: QueueCommands,
        stream: StreamCommands,
        action: ActionCommands | None = None,
        worker: WorkerCommands | None = None,
        workflow: WorkflowCommands | None = None,
        namespace: str | None = None,
    ) -> None:
        self._caller = caller
        self._namespace = namespace
        self._claims = stream
        self._commands: list[Any] = []
        self._methods: list[str] = []
        self._is_over = False
        self.results: list[Any] = []
        #: The writes of `client.kv`, and `check`; each is recorded, not sent.
        self.kv = cast(KvCommands, self._recorder("kv", kv))
        #: The writes of `client.queue` but `dequeue`.
        self.queue = cast(QueueCommands, self._recorder("queue", queue))
        #: The writes of `client.stream` but `group_read`.
        self.stream = self.streams = cast(StreamCommands, self._recorder("stream", stream))
        #: `invoke` and `cancel` of `client.action`.
        self.action = cast(ActionCommands, self._recorder("action", action or ActionCommands()))
        #: `complete` and `fail` of `client.worker`.
        self.worker = cast(WorkerCommands, self._recorder("worker", worker or WorkerCommands()))
        #: `start`, `signal` and `cancel` of `client.workflow`.
        self.workflow = cast(
            WorkflowCommands, self._recorder("workflow", workflow or WorkflowCommands())
        )

    def _recorder(self, primitive: str, builder: object) -> _Recorder:
        return _Recorder(primitive, builder, self._namespace, self._add)

    def _add(self, name: str, method: str, command: Any) -> None:
        self._refuse_if_over()
        if not isinstance(command, _TAKEN):
            raise BadRequestError(f"{name}.{method} cannot be part of a batch")
        if len(self._commands) == limits.BATCH_COMMANDS_MAX:
            raise BadRequestError(
                f"a batch takes at most {limits.BATCH_COMMANDS_MAX} commands",
                index=len(self._commands),
            )
        self._commands.append(command)
        self._methods.append(method)

    def _refuse_if_over(self) -> None:
        if self._is_over:
            raise BadRequestError("this batch is over; begin another with client.batch()")

    async def __aenter__(self) -> Self:
        self._refuse_if_over()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over = True
        if kind is None and self._commands:
            await self._send()

    async def _send(self) -> None:
        commands = self._commands
        request = system.Batch(commands)
        _check_size(request)
        answers = await self._caller.call(request, namespace=self._namespace)
        self.results = [
            _RESULTS.get((type(command), method), _itself)(answer)
            for command, method, answer in zip(commands, self._methods, answers, strict=True)
        ]
        self._remember_claims(commands)

    def _remember_claims(self, commands: list[Any]) -> None:
        """The leases of records claimed are remembered as those of a live claim are."""
        for command, result in zip(commands, self.results, strict=True):
            if isinstance(command, GroupClaim):
                self._claims.remember(
                    self._namespace, command.stream, command.group, result.records
                )


def _itself(answer: Any) -> Any:
    return answer


def _check_size(request: system.Batch) -> None:
    try:
        size = len(wire.encode(request))
    except (UnicodeEncodeError, OverflowError) as error:
        raise BadRequestError(f"batch: {error}") from error
    if size > limits.BATCH_BYTES_MAX:
        raise BadRequestError(
            f"a batch of {size} bytes; at most {limits.BATCH_BYTES_MAX} are allowed"
        )


class _Recorder:
    """Has the methods of a command builder; each adds the command it builds to the batch."""

    def __init__(
        self,
        primitive: str,
        builder: Any,
        namespace: str | None,
        add: Callable[[str, str, Any], None],
    ) -> None:
        self._primitive = primitive
        self._builder = builder
        self._namespace = namespace
        self._add = add

    def __getattr__(self, method: str) -> Callable[..., Any]:
        build = None if method.startswith("_") else getattr(self._builder, method, None)
        if not callable(build):
            raise AttributeError(f"a batch has no {self._primitive}.{method}: it takes writes only")
        # leases are remembered by namespace, so what settles deliveries must know the batch's
        own = {"namespace": self._namespace} if _takes_namespace(build) else {}

        def record(*arguments: Any, **options: Any) -> Any:
            if "namespace" in options:
                raise BadRequestError("a batch has one namespace: give it to client.batch()")
            command = build(*arguments, **options, **own)
            self._add(self._primitive, method, command)
            return command

        return record


def _takes_namespace(build: Callable[..., Any]) -> bool:
    return "namespace" in inspect.signature(build).parameters
