"""What can be read of keys: all there is on a web client, and a part of `client.kv`."""

from __future__ import annotations

from collections.abc import Iterable

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import in_order
from floruntime.core import defaults
from floruntime.core.errors import BadTypeError
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


class KvReads(Part):
    """Reading versioned keys.

    A key is 1 to 4,096 bytes of UTF-8; another one is a `BadRequestError`. Every method takes
    `namespace` and `timeout_ms`, by default the client's own.
    """

    def get(
        self,
        key: str,
        *,
        block_ms: int = 0,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bytes | None]:
        """The value of a key, or `None`.

        `block_ms`: how long to wait for the key to exist; 0, the default, does not wait, 300,000
        is the longest.

        Raises `BadRequestError` on a key or a `block_ms` that cannot be.
        """
        return self._call(KvGet(key, block_ms), namespace, timeout_ms, block_ms)

    def entry(
        self, key: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[KvEntry | None]:
        """The key as it stands, with version, time and expiry, or `None`.

        Raises `BadRequestError` on a key that cannot be.
        """
        return self._call(KvGetEntry(key), namespace, timeout_ms)

    def scan(
        self,
        prefix: str = "",
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        keys_only: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[ScanResult]:
        """A page of entries in byte order of their keys.

        `prefix`: what the keys begin with; empty, the default, means all. `limit`: 1 to 1,000
        entries, 100 unless given; a page ends earlier at 4 MiB, or after 10,000 rows looked at.
        `cursor`: that of the page before; without one it begins at the first key. `keys_only`
        leaves the values empty; off by default.

        Raises `BadRequestError` on a cursor of another scan and on a `limit` out of range.
        """
        return self._call(KvScan(prefix, limit, cursor, keys_only), namespace, timeout_ms)

    def history(
        self,
        key: str,
        *,
        limit: int = defaults.HISTORY_LIMIT,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[list[VersionEntry]]:
        """The latest versions of a key, newest first, deletions and expiries among them.

        `limit`: 1 to 64 of them, 10 unless given. No key keeps more than 64.

        Raises `BadRequestError` on a `limit` out of range.
        """
        return self._call(KvHistory(key, limit), namespace, timeout_ms)

    def mget(
        self, keys: Iterable[str], *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[list[KvEntry | None]]:
        """Several keys at one moment, in the order asked; `None` for each that does not exist.

        Raises `BadRequestError` on more than 256 keys, and where their values together are too
        large for one answer (508 MiB).
        """
        if isinstance(keys, str):
            raise BadTypeError(f"keys is the text {keys!r}; it must be a list of keys")
        return self._call(KvMget(in_order("keys", keys)), namespace, timeout_ms)

    def exists(
        self, key: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[bool]:
        """Whether the key exists.

        Raises `BadRequestError` on a key that cannot be.
        """
        return self._call(KvExists(key), namespace, timeout_ms)
