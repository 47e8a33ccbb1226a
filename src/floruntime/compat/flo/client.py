"""`FloClient` with the interface of that SDK."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Self, Unpack

from floruntime.client.client import FloClient as OurFloClient
from floruntime.compat.flo.arguments import (
    ActionWorkerArguments,
    ClientMore,
    StreamWorkerArguments,
)
from floruntime.compat.flo.flows import WorkflowOperations
from floruntime.compat.flo.keys import KVOperations
from floruntime.compat.flo.queues import QueueOperations
from floruntime.compat.flo.streams import StreamOperations
from floruntime.compat.flo.work import ActionOperations, WorkerOperations
from floruntime.compat.flo.workers import ActionWorker, StreamWorker


class FloClient:
    """A client of one server. `native` is the client of this package that it uses.

    `debug` shows the log messages of the package.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        namespace: str = "default",
        timeout_ms: int = 5_000,
        debug: bool = False,
        **others: Unpack[ClientMore],
    ) -> None:
        if debug:
            logging.basicConfig(level=logging.DEBUG)
        self.native = OurFloClient(endpoint, namespace=namespace, timeout_ms=timeout_ms, **others)
        self.kv = KVOperations(self.native)
        self.queue = QueueOperations(self.native)
        self.stream = self.streams = StreamOperations(self.native)
        self.action = ActionOperations(self.native)
        self.worker = WorkerOperations(self.native)
        self.workflow = WorkflowOperations(self.native)

    @property
    def namespace(self) -> str:
        """The namespace of calls that name none."""
        return self.native.namespace

    def get_namespace(self, override: str | None = None) -> str:
        """Return `override`, or else the namespace of calls that name none."""
        return self.native.namespace if override is None else override

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return self.native.is_connected

    async def connect(self) -> Self:
        """Connect, and return the client. Connecting a second time does nothing."""
        await self.native.connect()
        return self

    async def reconnect(self) -> Self:
        """Close and connect again. It is not needed: the client reconnects automatically."""
        await self.native.close()
        return await self.connect()

    async def close(self) -> None:
        """Close. Calls under way fail with `NotConnectedError`."""
        await self.native.close()

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def new_action_worker(self, **options: Unpack[ActionWorkerArguments]) -> ActionWorker:
        """Make an `ActionWorker` on this client's connection."""
        return ActionWorker(self.native, **options)

    def new_stream_worker(self, **options: Unpack[StreamWorkerArguments]) -> StreamWorker:
        """Make a `StreamWorker` on this client's connection."""
        return StreamWorker(self.native, **options)
