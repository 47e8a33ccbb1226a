"""Following the history of a run to its end, over lost connections."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

from floruntime.client.api.caller import Caller
from floruntime.client.api.operation import Ask
from floruntime.client.api.watch import BLOCK_MS, OUTLASTED
from floruntime.core.limits import LIMIT_MAX
from floruntime.core.workflow import HistoryEvent, HistoryReply, WorkflowHistory


class HistoryFollower(AsyncIterator[HistoryEvent]):
    """An iterator of events that ends with the run; `await aclose()` ends it earlier.

    A run that failed and was retried has an end amid its history: it ends with the last one.
    """

    def __init__(self, caller: Caller, run_id: str, after: int, namespace: str | None) -> None:
        self._caller = caller
        self._run_id = run_id
        self._namespace = namespace
        self._after = after
        self._ready: deque[HistoryEvent] = deque()
        self._is_over = False
        self._is_begun = False

    async def aclose(self) -> None:
        """End it; a further step ends the loop."""
        self._is_over = True
        self._ready.clear()

    async def __anext__(self) -> HistoryEvent:
        while not self._ready:
            if self._is_over:
                raise StopAsyncIteration
            await self._ask()
        return self._ready.popleft()

    async def _ask(self) -> None:
        request = WorkflowHistory(self._run_id, LIMIT_MAX, None, self._after, BLOCK_MS)
        try:
            reply: HistoryReply = await self._caller.perform(
                Ask(request, None, namespace=self._namespace, block_ms=BLOCK_MS)
            )
        except OUTLASTED:
            if not self._is_begun:
                raise
            return
        self._is_begun = True
        self._ready.extend(reply.items)
        if reply.items:
            self._after = reply.items[-1].sequence
        self._is_over = reply.is_finished and reply.cursor is None
