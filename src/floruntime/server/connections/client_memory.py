"""How long a client's writes are remembered: while it is connected, and ten minutes after."""

from __future__ import annotations

from floruntime.core.system import SessionForget
from floruntime.engine.store.guarded import TOLD
from floruntime.engine.system import write_memory
from floruntime.server.clock import Clock, Handle
from floruntime.server.commit.commit import Commit

SESSION_KEPT_MS = 600_000
"""How long the writes of a client that is gone are remembered."""


class ClientMemory:
    """Counts each client's connections, and has it forgotten some time after the last."""

    def __init__(self, commit: Commit, clock: Clock) -> None:
        self._commit = commit
        self._clock = clock
        self._connected: dict[str, int] = {}
        self._forgetting: dict[str, Handle] = {}

    def start(self) -> None:
        """Clients known from before this start have their ten minutes to come back."""
        for client in write_memory.known(self._commit.queries.view()):
            self._forget_later(client)

    def came(self, client: str) -> bool:
        """A connection of `client` greeted. Answers whether its writes are remembered."""
        self._connected[client] = self._connected.get(client, 0) + 1
        handle = self._forgetting.pop(client, None)
        if handle is not None:
            handle.cancel()
        return write_memory.is_known(self._commit.queries.view(), client)

    def went(self, client: str) -> None:
        """A connection of `client` is gone."""
        self._connected[client] -= 1
        if not self._connected[client]:
            del self._connected[client]
            self._forget_later(client)

    def _forget_later(self, client: str) -> None:
        def forget() -> None:
            self._forgetting.pop(client, None)
            with TOLD:
                self._forget(client)

        due_ms = self._clock.now_ms() + SESSION_KEPT_MS
        self._forgetting[client] = self._clock.call_at(due_ms, forget)

    def _forget(self, client: str) -> None:
        if write_memory.is_known(self._commit.queries.view(), client):
            self._commit.submit_own(SessionForget(client))

    def stop(self) -> None:
        """Leave no timer behind."""
        for handle in self._forgetting.values():
            handle.cancel()
