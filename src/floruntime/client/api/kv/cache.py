"""A key as a cache: if it has no value, one caller at a time makes one, across all clients.

The caller that makes the value holds a second key meanwhile, which expires on its own. That key is
deleted in the same commit that writes the value, so a value that comes too late is not written.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Final

from floruntime.client.api.base.caller import Caller
from floruntime.client.api.base.values import JsonPayload, as_payload
from floruntime.client.api.batch import Batch
from floruntime.client.api.kv.reads import KvReads
from floruntime.client.api.kv.writes import KvWrites
from floruntime.core.errors import (
    ConflictError,
    ConnectionFailedError,
    FloError,
    NotConnectedError,
    RequestTimeoutError,
)

MAKING: Final = "#making"
"""The suffix of the second key, which the caller that makes the value holds."""
LOOK_MS: Final = 1_000
"""How often waiting callers check whether the value is still being made."""
OUT_OF_REACH = (ConnectionFailedError, NotConnectedError, RequestTimeoutError)
"""After these there is nobody to whom the second key could be given back."""

Make = Callable[[], Awaitable[JsonPayload] | JsonPayload]


class Cache:
    """One cached key, and the making of its value."""

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
        """Return the value. This caller makes it, or another caller has made it meanwhile."""
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
        """Return the second key's version if this caller may make the value, else `None`."""
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
        """Make the value, unless another caller made it before this one got the second key."""
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
            return value  # making took too long: another caller decides what is kept
        except (FloError, asyncio.CancelledError) as error:
            if not isinstance(error, OUT_OF_REACH):
                await self._give_up(version)
            raise
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
        except FloError:
            return  # another caller makes it by now, or the second key expires on its own
