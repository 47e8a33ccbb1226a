"""A client without a connection: it knows each leader, and says a write until one answers it."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import msgspec

from floruntime.core.errors import FloError
from floruntime.core.kv import KvDelete, KvEntry, KvGetEntry, KvIncr, KvPut, PutResult
from floruntime.core.limits import SESSION_AGE_MS_MAX
from floruntime.core.types import Command, Query
from tests.simulation.clockwork import pause

if TYPE_CHECKING:
    from tests.simulation.leads.world import LeadsWorld

ANSWER_S = 1.5
"""After which another leader is asked, or the same one once more."""
LOOK_S = 0.1


class LeadClient:
    """As much of a `FloClient` as work with keys needs."""

    is_closed = False
    spans = None

    def __init__(self, world: LeadsWorld, name: str) -> None:
        self.client = name
        self.kv = LeadKv(self)
        self._world = world
        self._ids = itertools.count(1)
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}

    async def connect(self) -> LeadClient:
        """There is nothing to connect to."""
        return self

    async def close(self) -> None:
        """There is nothing to close."""

    async def call(self, asked: Command[Any] | Query[Any]) -> Any:
        """The answer, of whichever leader. What leaders may have forgotten of a write, since time
        has leapt (all nodes were down, and their wall clocks differ), nobody can tell.
        """
        number = next(self._numbers) if isinstance(asked, Command) else 0
        asked_ms: int | None = None
        while True:
            lead = self._world.any_leader()
            if lead is None:
                await pause(LOOK_S)
                continue
            asked_ms = lead.time_ms if asked_ms is None else asked_ms
            request_id = next(self._ids)
            self._answers[request_id] = answer = asyncio.get_running_loop().create_future()
            context = self._world.context_of(lead.lease.row.node)
            if isinstance(asked, Command):
                context.run(lead.submit, self, request_id, "default", number, asked)
            else:
                context.run(lead.ask, self, request_id, "default", asked)
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await answer
            except TimeoutError:
                del self._answers[request_id]
            except FloError as error:
                if error.ran == "maybe" and lead.time_ms - asked_ms <= SESSION_AGE_MS_MAX:
                    self._world.complain(f"{asked} of {self.client}: {error!r}")
                raise

    # What a leader tells whoever asked

    def note_of(self, namespace: str, command: Command[Any]) -> None:
        return None

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """It is given, or not."""

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        answer = self._answers.pop(request_id, None)
        if answer is None or answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)

    def flush(self) -> None:
        """It is there at once."""


class LeadKv:
    """As much of `client.kv` as that. What a leader remembers of a write is not decoded yet."""

    def __init__(self, client: LeadClient) -> None:
        self._client = client

    async def put(self, key: str, value: bytes, *, cas_version: int | None = None) -> PutResult:
        told = await self._client.call(KvPut(key, value, cas_version=cas_version))
        return msgspec.convert(told, PutResult)

    async def incr(self, key: str) -> int:
        return int(await self._client.call(KvIncr(key)))

    async def delete(self, key: str) -> bool:
        return bool(await self._client.call(KvDelete(key)))

    async def entry(self, key: str) -> KvEntry | None:
        found: KvEntry | None = await self._client.call(KvGetEntry(key))
        return found
