"""What can be read of keys: all there is on a web client, and a part of `client.kv`."""

from __future__ import annotations

from collections.abc import Iterable

from floruntime.client.api.caller import Caller
from floruntime.core.errors import BadRequestError
from floruntime.core.kv import (
    KvEntry,
    KvExists,
    KvGet,
    KvGetEntry,
    KvHistory,
    KvMget,
    KvScan,
    ScanResult,
    VersionEntry,
)


class KvReads:
    """Reading versioned keys. `namespace=None` is the client's own."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def get(
        self, key: str, *, block_ms: int = 0, namespace: str | None = None
    ) -> bytes | None:
        """The value, or `None`; with `block_ms`, waits that long for the key to exist."""
        return await self._caller.call(KvGet(key, block_ms), namespace=namespace, block_ms=block_ms)

    async def entry(self, key: str, *, namespace: str | None = None) -> KvEntry | None:
        """The key as it stands, with version, time and expiry, or `None`."""
        return await self._caller.call(KvGetEntry(key), namespace=namespace)

    async def scan(
        self,
        prefix: str = "",
        *,
        limit: int = 100,
        cursor: str | None = None,
        keys_only: bool = False,
        namespace: str | None = None,
    ) -> ScanResult:
        """A page of at most 1,000 entries in byte order; `keys_only` leaves the values empty."""
        request = KvScan(prefix, limit, cursor, keys_only)
        return await self._caller.call(request, namespace=namespace)

    async def history(
        self, key: str, *, limit: int = 10, namespace: str | None = None
    ) -> list[VersionEntry]:
        """The latest versions, 64 at most, newest first, deletions and expiries among them."""
        return await self._caller.call(KvHistory(key, limit), namespace=namespace)

    async def mget(
        self, keys: Iterable[str], *, namespace: str | None = None
    ) -> list[KvEntry | None]:
        """Several keys, 256 at most, at one moment, in the order asked."""
        if isinstance(keys, str):
            raise BadRequestError(f"keys is the text {keys!r}; it must be a list of keys")
        return await self._caller.call(KvMget(list(keys)), namespace=namespace)

    async def exists(self, key: str, *, namespace: str | None = None) -> bool:
        """Whether the key exists."""
        return await self._caller.call(KvExists(key), namespace=namespace)
