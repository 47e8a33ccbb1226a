"""KV as a person calls it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from floruntime.client.api.caller import Caller, as_bytes
from floruntime.client.api.kv_reads import KvReads
from floruntime.client.api.watch import KvWatch
from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.kv import (
    KvCheck,
    KvDelete,
    KvEntry,
    KvIncr,
    KvJsonDel,
    KvJsonGet,
    KvJsonSet,
    KvPut,
    KvTouch,
    PutResult,
)
from floruntime.core.limits import DURATION_MS_MAX, LIMIT_MAX, shown

Bytes = bytes | bytearray | memoryview | str


class KvCommands:
    """Builds the commands of the methods that write; `Kv` and batches share it."""

    def put(
        self,
        key: str,
        value: Bytes,
        *,
        ttl_ms: int | None = None,
        ttl_seconds: float | None = None,
        cas_version: int | None = None,
        if_not_exists: bool = False,
        if_exists: bool = False,
    ) -> KvPut:
        """See `Kv.put`."""
        return KvPut(
            key, as_bytes(value), _ttl(ttl_ms, ttl_seconds), cas_version, if_not_exists, if_exists
        )

    def delete(self, key: str, *, cas_version: int | None = None) -> KvDelete:
        """See `Kv.delete`."""
        return KvDelete(key, cas_version)

    def incr(self, key: str, delta: int = 1) -> KvIncr:
        """See `Kv.incr`."""
        return KvIncr(key, delta)

    def touch(
        self,
        key: str,
        *,
        ttl_ms: int | None = None,
        ttl_seconds: float | None = None,
        cas_version: int | None = None,
    ) -> KvTouch:
        """See `Kv.touch`."""
        ttl = _ttl(ttl_ms, ttl_seconds)
        if ttl is None:
            raise BadRequestError("touch needs ttl_ms or ttl_seconds (0 takes the TTL away)")
        return KvTouch(key, ttl, cas_version)

    def persist(self, key: str, *, cas_version: int | None = None) -> KvTouch:
        """See `Kv.persist`."""
        return KvTouch(key, 0, cas_version)

    def json_set(self, key: str, path: str, value: Any) -> KvJsonSet:
        """See `Kv.json_set`."""
        return KvJsonSet(key, path, _to_json(value))

    def json_del(self, key: str, path: str = "$") -> KvJsonDel:
        """See `Kv.json_del`."""
        return KvJsonDel(key, path)

    def check(self, key: str, *, version: int) -> KvCheck:
        """A condition alone: the key has this version (0: it does not exist). For batches."""
        return KvCheck(key, version)


class Kv(KvReads):
    """`client.kv`: versioned keys. `namespace=None` is the client's own."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self.commands = KvCommands()

    async def put(
        self,
        key: str,
        value: Bytes,
        *,
        ttl_ms: int | None = None,
        ttl_seconds: float | None = None,
        cas_version: int | None = None,
        if_not_exists: bool = False,
        if_exists: bool = False,
        namespace: str | None = None,
    ) -> PutResult:
        """Write a value, under a condition if one is given (`ConflictError` when it loses).

        `cas_version` is the version that the key must have (0: it must not exist). Without a TTL
        the key stays until deleted; an overwritten key loses the TTL it had.
        """
        command = self.commands.put(
            key,
            value,
            ttl_ms=ttl_ms,
            ttl_seconds=ttl_seconds,
            cas_version=cas_version,
            if_not_exists=if_not_exists,
            if_exists=if_exists,
        )
        return await self._caller.call(command, namespace=namespace)

    async def delete(
        self, key: str, *, cas_version: int | None = None, namespace: str | None = None
    ) -> bool:
        """Delete a key; whether it existed. `ConflictError` if it is not at `cas_version`."""
        command = self.commands.delete(key, cas_version=cas_version)
        return await self._caller.call(command, namespace=namespace)

    async def iterate(
        self, prefix: str = "", *, keys_only: bool = False, namespace: str | None = None
    ) -> AsyncIterator[KvEntry]:
        """All entries in byte order, page by page."""
        cursor: str | None = None
        while True:
            page = await self.scan(
                prefix, limit=LIMIT_MAX, cursor=cursor, keys_only=keys_only, namespace=namespace
            )
            for entry in page.entries:
                yield entry
            cursor = page.cursor
            if cursor is None:
                return

    async def incr(self, key: str, delta: int = 1, *, namespace: str | None = None) -> int:
        """Add to a counter, which begins at 0 and keeps its TTL; its new value.

        `ConflictError` where the value is no whole number, or the sum needs more than 64 bits.
        """
        return await self._caller.call(self.commands.incr(key, delta), namespace=namespace)

    async def touch(
        self,
        key: str,
        *,
        ttl_ms: int | None = None,
        ttl_seconds: float | None = None,
        cas_version: int | None = None,
        namespace: str | None = None,
    ) -> bool:
        """Give a key a new TTL (0: none); whether it exists. It stays at its version.

        `ConflictError` if it is not at `cas_version`.
        """
        command = self.commands.touch(
            key, ttl_ms=ttl_ms, ttl_seconds=ttl_seconds, cas_version=cas_version
        )
        return await self._caller.call(command, namespace=namespace)

    async def persist(
        self, key: str, *, cas_version: int | None = None, namespace: str | None = None
    ) -> bool:
        """Take a key's TTL away; whether it exists. `ConflictError` as for `touch`."""
        command = self.commands.persist(key, cas_version=cas_version)
        return await self._caller.call(command, namespace=namespace)

    async def json_get(self, key: str, path: str = "$", *, namespace: str | None = None) -> Any:
        """The value at `path` of a JSON document; `None` where key or path is missing."""
        text = await self._caller.call(KvJsonGet(key, path), namespace=namespace)
        return None if text is None else json.loads(text)

    async def json_set(
        self, key: str, path: str, value: Any, *, namespace: str | None = None
    ) -> PutResult:
        """Set the value at `path`; `$` replaces or creates the document.

        Only the last member of a path may be missing: `BadRequestError` where more is, or where an
        index is out of range, `NotFoundError` where there is no document, `ConflictError` where the
        value is none. A part keeps the TTL, `$` does not.
        """
        command = self.commands.json_set(key, path, value)
        return await self._caller.call(command, namespace=namespace)

    async def json_del(self, key: str, path: str = "$", *, namespace: str | None = None) -> bool:
        """Delete the value at `path`; whether it was there."""
        return await self._caller.call(self.commands.json_del(key, path), namespace=namespace)

    def watch(
        self,
        key: str,
        *,
        prefix: bool = False,
        from_version: int | None = None,
        namespace: str | None = None,
    ) -> KvWatch:
        """Every change of `key` (of all keys that begin with it, with `prefix`), in order.

        It starts after `from_version`, or else now (`await watch.start()` to be certain that the
        server has been asked where that is). It goes on over lost connections, and raises
        `GapError` rather than skip changes that are no longer kept.
        """
        return KvWatch(self._caller, key, prefix, from_version, namespace)


def _ttl(ttl_ms: int | None, ttl_seconds: float | None) -> int | None:
    if ttl_seconds is None:
        return ttl_ms
    if ttl_ms is not None:
        raise BadRequestError("ttl_ms and ttl_seconds are both given; give one")
    if isinstance(ttl_seconds, bool) or not isinstance(ttl_seconds, (int, float)):
        raise BadTypeError(f"ttl_seconds must be a number, not {type(ttl_seconds).__name__}")
    if not abs(ttl_seconds) <= DURATION_MS_MAX // 1000:
        raise BadRequestError(
            f"ttl_seconds is {shown(ttl_seconds)}; 0 to {DURATION_MS_MAX // 1000} is allowed"
        )
    rounded = round(ttl_seconds * 1000)
    if rounded == 0 and ttl_seconds:
        raise BadRequestError(f"ttl_seconds is {ttl_seconds}; that is less than a millisecond")
    return rounded


def _to_json(value: Any) -> bytes:
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        return text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRequestError(f"value cannot be written as JSON: {error}") from error
