"""Following the history of a run to its end."""

from __future__ import annotations

from collections.abc import Sequence

from floruntime.client.api.base.caller import Caller
from floruntime.client.api.base.endless import Endless
from floruntime.core.limits import LIMIT_MAX
from floruntime.core.workflow import HistoryEvent, HistoryReply, WorkflowHistory


class HistoryFollower(Endless[HistoryEvent, HistoryReply]):
    """An iterator of events that ends with the run. `await aclose()` ends it earlier.

    If a failed run was retried, its history has an end in the middle; the iterator goes on to the
    last one.
    """

    def __init__(self, caller: Caller, run_id: str, after: int, namespace: str | None) -> None:
        self._run_id = run_id
        self._after = after
        super().__init__(caller, namespace, has_position=True)

    def _request(self, block_ms: int) -> WorkflowHistory:
        return WorkflowHistory(self._run_id, LIMIT_MAX, None, self._after, block_ms)

    def _taken(self, reply: HistoryReply) -> Sequence[HistoryEvent]:
        if reply.items:
            self._after = reply.items[-1].sequence
        if reply.is_finished and reply.cursor is None:
            self._finish()
        return reply.items
