"""Following the changes of keys."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

from floruntime.client.api.beginning import Beginning
from floruntime.client.api.caller import Caller
from floruntime.client.api.operation import Ask
from floruntime.core.errors import (
    ConnectionFailedError,
    OverloadedError,
    RequestTimeoutError,
    UnavailableError,
)
from floruntime.core.kv import KvChange, KvChanges, KvChangesReply

BLOCK_MS = 30_000
OUTLASTED = (ConnectionFailedError, OverloadedError, RequestTimeoutError, UnavailableError)
"""What a watch waits out: each comes only after a call's whole time-out, so this never spins."""


class KvWatch(AsyncIterator[KvChange]):
    """An endless iterator of changes; `await aclose()` or leaving the loop ends it.

    Without a version it begins where the namespace is when it is made.
    """

    def __init__(
        self,
        caller: Caller,
        key: str,
        prefix: bool,
        from_version: int | None,
        namespace: str | None,
    ) -> None:
        self._caller = caller
        self._key = key
        self._prefix = prefix
        self._namespace = namespace
        self._version = from_version
        self._ready: deque[KvChange] = deque()
        self._is_closed = False
        self._beginning = None if from_version is not None else Beginning(self._ask_where)

    async def start(self) -> None:
        """Wait until the position is fixed: every later change will be shown."""
        if self._beginning is not None:
            await self._beginning.settled()
        while self._version is None:
            await self._ask_where()

    async def aclose(self) -> None:
        """End it; a further step ends the loop."""
        self._is_closed = True
        self._ready.clear()

    async def __anext__(self) -> KvChange:
        while not self._ready:
            if self._is_closed:
                raise StopAsyncIteration
            if self._version is None:
                await self.start()
            else:
                await self._ask(BLOCK_MS)
        return self._ready.popleft()

    async def _ask_where(self) -> None:
        await self._ask(block_ms=0)

    async def _ask(self, block_ms: int) -> None:
        request = KvChanges(self._key, self._prefix, self._version, block_ms)
        try:
            reply: KvChangesReply = await self._caller.perform(
                Ask(request, None, namespace=self._namespace, block_ms=block_ms)
            )
        except OUTLASTED:
            return
        self._version = reply.version
        self._ready.extend(reply.changes)
