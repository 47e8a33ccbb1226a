"""`client.kv` with the interface of that SDK: keys may be bytes, values have versions."""

from __future__ import annotations

import json
from collections.abc import Iterable

from floruntime.client.api.kv.transaction import Transaction as OurTransaction
from floruntime.client.base import BaseClient
from floruntime.compat.flo.options import (
    DeleteOptions,
    GetOptions,
    HistoryOptions,
    KVExistsOptions,
    KVIncrOptions,
    KVJsonOptions,
    KVMGetOptions,
    KVTouchOptions,
    PutOptions,
    ScanOptions,
    keywords,
)
from floruntime.compat.flo.results import GetResult, KVEntry, MGetEntry, ScanResult
from floruntime.core.kv import KvEntry, KvJsonGet, KvJsonSet, PutResult, VersionEntry

Key = str | bytes


class KVOperations:
    """Keys of one client."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client
        self._kv = client.kv

    async def get(self, key: Key, options: GetOptions | None = None) -> GetResult | None:
        """Return the value with its version, or `None`."""
        given = keywords(options, GetOptions)
        block_ms = given.pop("block_ms", 0)
        name = text_of(key)
        if block_ms and await self._kv.get(name, block_ms=block_ms, **given) is None:
            return None
        return _result_of(await self._kv.entry(name, **given))

    async def put(self, key: Key, value: bytes, options: PutOptions | None = None) -> PutResult:
        """Write a value. Returns the version that it got."""
        return await self._kv.put(text_of(key), value, **keywords(options, PutOptions))

    async def delete(self, key: Key, options: DeleteOptions | None = None) -> None:
        """Delete a key, whether it exists or not."""
        await self._kv.delete(text_of(key), **keywords(options, DeleteOptions))

    async def mget(
        self, keys: Iterable[Key], options: KVMGetOptions | None = None
    ) -> list[MGetEntry]:
        """Read several keys at one moment, in the given order."""
        names = [text_of(key) for key in keys]
        if not names:
            return []
        entries = await self._kv.mget(names, **keywords(options, KVMGetOptions))
        return [_found_of(name, entry) for name, entry in zip(names, entries, strict=True)]

    async def scan(self, prefix: Key, options: ScanOptions | None = None) -> ScanResult:
        """List entries in byte order, one page at a time."""
        given = keywords(options, ScanOptions)
        if "cursor" in given:
            given["cursor"] = given["cursor"].decode()
        page = await self._kv.scan(text_of(prefix), **given)
        keys_only = given.get("keys_only", False)
        entries = [_entry_of(entry, keys_only) for entry in page.entries]
        cursor = None if page.cursor is None else page.cursor.encode()
        return ScanResult(entries, cursor, page.has_more)

    async def history(self, key: Key, options: HistoryOptions | None = None) -> list[VersionEntry]:
        """Return the latest versions, newest first."""
        return await self._kv.history(text_of(key), **keywords(options, HistoryOptions))

    async def incr(self, key: Key, options: KVIncrOptions | None = None) -> int:
        """Add to a counter. Returns its new value."""
        return await self._kv.incr(text_of(key), **keywords(options, KVIncrOptions))

    async def touch(self, key: Key, ttl_ms: int, options: KVTouchOptions | None = None) -> None:
        """Give a key a new TTL, in milliseconds (0: none)."""
        given = keywords(options, KVTouchOptions)
        await self._kv.touch(text_of(key), ttl_ms=ttl_ms, **given)

    async def persist(self, key: Key, options: KVTouchOptions | None = None) -> None:
        """Remove a key's TTL."""
        await self._kv.persist(text_of(key), **keywords(options, KVTouchOptions))

    async def exists(self, key: Key, options: KVExistsOptions | None = None) -> bool:
        """Return whether the key exists."""
        return await self._kv.exists(text_of(key), **keywords(options, KVExistsOptions))

    async def json_get(
        self, key: Key, path: str = "$", options: KVJsonOptions | None = None
    ) -> GetResult | None:
        """Return the JSON at `path`, as text, with the key's version, or `None`."""
        given = keywords(options, KVJsonOptions)
        found = await self._client.call(KvJsonGet(text_of(key), path), **given)
        entry = None if found is None else await self._kv.entry(text_of(key), **given)
        return None if found is None or entry is None else GetResult(found, entry.version)

    async def json_set(
        self, key: Key, path: str, json_value: bytes, options: KVJsonOptions | None = None
    ) -> PutResult:
        """Set the value at `path`, given as JSON text."""
        json.loads(json_value)  # raises here, before the server would refuse it
        request = KvJsonSet(text_of(key), path, bytes(json_value))
        return await self._client.call(request, **keywords(options, KVJsonOptions))

    async def json_del(
        self, key: Key, path: str = "$", options: KVJsonOptions | None = None
    ) -> PutResult:
        """Delete the value at `path`. Returns the key's version after that."""
        given = keywords(options, KVJsonOptions)
        await self._kv.json_del(text_of(key), path, **given)
        entry = await self._kv.entry(text_of(key), **given)
        return PutResult(0 if entry is None else entry.version)

    async def begin(self, routing_key: Key = "", *, namespace: str | None = None) -> Transaction:
        """Begin a transaction. It may take any keys of its namespace."""
        await self._kv.begin(text_of(routing_key), namespace=namespace)  # nothing is sent
        return Transaction(self._client.calls, namespace, None)


class Transaction(OurTransaction):
    """A transaction whose reads have versions."""

    async def get(self, key: Key) -> GetResult | None:
        """Return the value, with what this transaction wrote, or `None`; its version is the one
        read.
        """
        name = text_of(key)
        value = await super().get(name)
        return None if value is None else GetResult(value, self.version_of(name))

    async def put(  # type: ignore[override]  # options come as one argument there
        self, key: Key, value: bytes, options: PutOptions | None = None
    ) -> None:
        """Write a value at the commit."""
        given = keywords(options, PutOptions)
        given.pop("namespace", None)
        await super().put(text_of(key), value, **given)

    async def touch(self, key: Key, ttl_ms: int) -> None:  # type: ignore[override]  # as there
        """Give a key a new TTL, in milliseconds (0: none), at the commit."""
        await super().touch(text_of(key), ttl_ms=ttl_ms)


def text_of(key: Key) -> str:
    """Return a key as text. Raises `UnicodeDecodeError` for bytes that are not UTF-8."""
    return bytes(key).decode() if isinstance(key, (bytes, bytearray, memoryview)) else key


def _result_of(entry: KvEntry | None) -> GetResult | None:
    return None if entry is None else GetResult(entry.value, entry.version)


def _found_of(key: str, entry: KvEntry | None) -> MGetEntry:
    if entry is None:
        return MGetEntry(key, b"", 0, False)
    return MGetEntry(key, entry.value, entry.version, True)


def _entry_of(entry: KvEntry, keys_only: bool) -> KVEntry:
    return KVEntry(entry.key.encode(), None if keys_only else entry.value)
