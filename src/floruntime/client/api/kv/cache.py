"""A key as a cache: whoever finds no value makes one, one caller at a time, over all clients.

Who makes it holds a second key for that while, which runs out by itself. It is written together
with the value, so what comes too late changes nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Final

from floruntime.client.api.base.caller import Caller
from floruntime.client.api.base.values import JsonPayload, as_payload
from floruntime.client.api.batch import Batch
from floruntime.client.api.kv.reads import KvReads
from floruntime.client.api.kv.writes import KvWrites
from floruntime.core.errors import ConflictError

MAKING: Final = "#making"
"""What the key of who makes a value has behind that of the value."""
LOOK_MS: Final = 1_000
"""How often those who wait look whether it is still being made."""

Make = Callable[[], Awaitable[JsonPayload] | JsonPayload]


class Cache:
    """One key, and who makes its value."""

    def __init__(
        self, caller: Caller, key: str, namespace: str | None, timeout_ms: int | None
    ) -> None:
        self._caller = caller
        self._key = key
        self._namespace = namespace
        self._timeout_ms = timeout_ms
        self._reads = KvReads(caller)
        self._writes = KvWrites(caller)

    async def get_or_set(self, make: Make, ttl_ms: int | None, make_timeout_ms: int) -> bytes:
        """The value; made by us, or by somebody else meanwhile."""
        where, timeout_ms = self._namespace, self._timeout_ms
        value = await self._reads.get(self._key, namespace=where, timeout_ms=timeout_ms)
        while value is None:
            version = await self._begin_making(make_timeout_ms)
            if version is not None:
                return await self._unless_made(make, ttl_ms, version)
            value = await self._reads.get(
                self._key, block_ms=LOOK_MS, namespace=where, timeout_ms=timeout_ms
            )
        return value

    async def _begin_making(self, make_timeout_ms: int) -> int | None:
        """The version under which it is ours to make; `None`: it is another's."""
        try:
            put = await self._writes.put(
                self._key + MAKING,
                b"",
                ttl_ms=make_timeout_ms,
                if_not_exists=True,
                namespace=self._namespace,
                timeout_ms=self._timeout_ms,
            )
        except ConflictError:
            return None
        return put.version

    async def _unless_made(self, make: Make, ttl_ms: int | None, version: int) -> bytes:
        """It is ours to make, unless somebody has done so between our look and that."""
        where, timeout_ms = self._namespace, self._timeout_ms
        value = await self._reads.get(self._key, namespace=where, timeout_ms=timeout_ms)
        if value is None:
            return await self._make(make, ttl_ms, version)
        await self._give_up(version)
        return value

    async def _make(self, make: Make, ttl_ms: int | None, version: int) -> bytes:
        try:
            made = make()
            value = as_payload(await made if inspect.isawaitable(made) else made)
        except BaseException:
            await self._give_up(version)
            raise
        batch = Batch(self._caller, namespace=self._namespace, timeout_ms=self._timeout_ms)
        try:
            async with batch:
                batch.kv.delete(self._key + MAKING, cas_version=version, purge=True)
                batch.kv.put(self._key, value, ttl_ms=ttl_ms)
        except ConflictError:
            return value  # it took too long: what is kept is another's to say
        return value

    async def _give_up(self, version: int) -> None:
        try:
            await self._writes.delete(
                self._key + MAKING,
                cas_version=version,
                purge=True,
                namespace=self._namespace,
                timeout_ms=self._timeout_ms,
            )
        except ConflictError:
            return  # somebody else makes it by now
