"""The worker's own connection, for its handlers."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from floruntime.client.api.batch import HandlerBatch
from floruntime.client.base import BaseClient

T = TypeVar("T")


class OwnClient:
    """The worker's client for both kinds of handlers: awaited on the event loop, or blocking in a
    thread.
    """

    def __init__(self, client: BaseClient, namespace: str) -> None:
        self._client = client if client.namespace == namespace else client.within(namespace)
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._for_threads: Any = None

    @property
    def is_here(self) -> bool:
        """Whether this is the thread of the worker's event loop."""
        return threading.get_ident() == self._thread_id

    def wait_for(self, steps: Coroutine[Any, Any, T]) -> T:
        """Run `steps` on the loop and return their result; for threads other than the loop's."""
        return asyncio.run_coroutine_threadsafe(steps, self._loop).result()

    def here(self) -> Any:
        """Return the client for the calling thread: outside the loop's thread a
        `floruntime.sync.FloClient`.
        """
        if self.is_here:
            return self._client
        if self._for_threads is None:
            # By its name, since it stands on this package: a shape for those who cannot await.
            sync = importlib.import_module("floruntime.sync.worker_client")
            self._for_threads = sync.for_threads(self._client, self._loop, self._thread_id)
        return self._for_threads

    def new_batch(self) -> HandlerBatch:
        """Return a batch for writes that go with one handler's result."""
        return HandlerBatch(self._client.calls, self._client.namespace)
