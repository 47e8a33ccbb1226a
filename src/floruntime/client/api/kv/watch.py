"""`KvWatch`: an iterator over the changes of keys."""

from __future__ import annotations

from collections.abc import Sequence

from floruntime.client.api.base.caller import Caller
from floruntime.client.api.base.endless import Endless
from floruntime.core.kv import KvChange, KvChanges, KvChangesReply


class KvWatch(Endless[KvChange, KvChangesReply]):
    """An endless iterator of changes. `await aclose()` or leaving the loop ends it.

    Without a version it begins at the namespace's version at the moment when it is made.
    """

    def __init__(
        self,
        caller: Caller,
        key: str,
        prefix: bool,
        from_version: int | None,
        namespace: str | None,
    ) -> None:
        self._key = key
        self._prefix = prefix
        self._version = from_version
        self._generation = None if from_version is None else 0
        super().__init__(caller, namespace, has_position=from_version is not None)

    def _request(self, block_ms: int) -> KvChanges:
        return KvChanges(
            self._key, self._prefix, self._version, block_ms, generation=self._generation
        )

    def _taken(self, reply: KvChangesReply) -> Sequence[KvChange]:
        self._version = reply.version
        self._generation = reply.generation
        return reply.changes
