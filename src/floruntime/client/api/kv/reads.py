"""The reads of keys that `client.kv` and a web client have in common."""

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

    A key is 1 to 4,096 bytes of UTF-8; any other key raises `BadRequestError`. Every method takes
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
        """Return the value of a key, or `None`.

        `block_ms`: how long to wait until the key exists; 0, the default, does not wait, and
        300,000 is the longest.

        Raises `BadRequestError` if the key or `block_ms` is invalid.
        """
        return self._call(KvGet(key, block_ms), namespace, timeout_ms, block_ms)

    def entry(
        self, key: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[KvEntry | None]:
        """Return the key's value with its version, time and expiry, or `None`.

        Raises `BadRequestError` if the key is invalid.
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
        """List entries in byte order of their keys, one page at a time.

        - `prefix`: only keys that begin with it; empty, the default, means all.
        - `limit`: 1 to 1,000 entries; default 100. A page ends earlier at 4 MiB, or after the
          server has looked at 10,000 rows.
        - `cursor`: that of the previous page; without it, the first page is returned.
        - `keys_only` leaves the values empty; off by default.

        Raises `BadRequestError` if the cursor belongs to another scan, or `limit` is out of range.
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
        """Return the latest versions of a key, newest first, including deletions and expiries.

        `limit`: 1 to 64 versions; default 10. A key keeps at most 64.

        Raises `BadRequestError` if `limit` is out of range.
        """
        return self._call(KvHistory(key, limit), namespace, timeout_ms)

    def mget(
        self, keys: Iterable[str], *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[list[KvEntry | None]]:
        """Read several keys at one moment, in the given order; `None` for each missing key.

        Raises `BadRequestError` for more than 256 keys, and if their values together are too large
        for one answer (508 MiB).
        """
        if isinstance(keys, str):
            raise BadTypeError(f"keys is the text {keys!r}; it must be a list of keys")
        return self._call(KvMget(in_order("keys", keys)), namespace, timeout_ms)

    def exists(
        self, key: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[bool]:
        """Return whether the key exists.

        Raises `BadRequestError` if the key is invalid.
        """
        return self._call(KvExists(key), namespace, timeout_ms)
