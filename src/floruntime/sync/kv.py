"""`Kv`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from floruntime.client.api.base.values import JsonPayload, Payload
from floruntime.client.api.kv.kv import Kv as AsyncKv
from floruntime.core import defaults
from floruntime.core.jobs import BulkJob
from floruntime.core.kv import KvEntry, PutResult, ScanResult, VersionEntry
from floruntime.sync.following import each
from floruntime.sync.kv_watch import KvWatch
from floruntime.sync.standing import PartOf
from floruntime.sync.transaction import Transaction


class Kv(PartOf[AsyncKv]):
    """`client.kv`: versioned keys.

    A key is 1 to 4,096 bytes of UTF-8; any other key raises `BadRequestError`. Every method takes
    `namespace` and `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncKv:
        return self._bridge.client.kv

    def put(
        self,
        key: str,
        value: Payload,
        *,
        ttl_ms: int | None = None,
        ttl_seconds: float | None = None,
        cas_version: int | None = None,
        if_not_exists: bool = False,
        if_exists: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> PutResult:
        """Write a value. Returns the version that it got.

        - `value`: at most the server's `value_bytes_max` (1 MiB unless configured).
        - `ttl_ms` or `ttl_seconds`: when the key expires, from now, up to ten years. Without a TTL
          the key stays until it is deleted; a key that is overwritten loses the TTL that it had.
        - `cas_version`: write only if the key has this version (0: only if it does not exist).
        - `if_not_exists`, `if_exists`: write only if the key does not exist, or does.

        Without a condition, the default, the value is always written.

        Raises `ConflictError` (with `.current_version`) if the condition does not hold,
        `BadRequestError` if the value is too large or the conditions contradict each other, and
        `StorageFullError` if the server's disk is nearly full.
        """
        return self._bridge.run(
            self._of.put(
                key,
                value,
                ttl_ms=ttl_ms,
                ttl_seconds=ttl_seconds,
                cas_version=cas_version,
                if_not_exists=if_not_exists,
                if_exists=if_exists,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def delete(
        self,
        key: str,
        *,
        cas_version: int | None = None,
        purge: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bool:
        """Delete a key. Returns whether it existed.

        - `cas_version`: the version that the key must have; by default any.
        - `purge`: remove the key's older values at once, also if the key was deleted before. Off by
          default: then they stay for a day (the namespace's `kv_deleted_ms`).

        Raises `ConflictError` if `cas_version` is given and the key has another version, or does
        not exist.
        """
        return self._bridge.run(
            self._of.delete(
                key,
                cas_version=cas_version,
                purge=purge,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def incr(
        self,
        key: str,
        delta: int = 1,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> int:
        """Add to a counter. Returns its new value. A missing key begins at 0; a TTL is kept.

        `delta`: the amount to add, default 1. It may be negative, and has at most 64 bits.

        Raises `ConflictError` if the value is not an integer, or if the sum needs more than 64
        bits.
        """
        return self._bridge.run(
            self._of.incr(key, delta, namespace=namespace, timeout_ms=timeout_ms)
        )

    def touch(
        self,
        key: str,
        *,
        ttl_ms: int | None = None,
        ttl_seconds: float | None = None,
        cas_version: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bool:
        """Give a key a new TTL. Returns whether the key exists. Its version does not change.

        `ttl_ms` or `ttl_seconds`: the TTL from now, up to ten years; 0 removes the TTL. Give one of
        the two. `cas_version`: the version that the key must have; by default any.

        Raises `ConflictError` if a version is given and the key has another one, or does not exist,
        and `BadRequestError` if no TTL is given.
        """
        return self._bridge.run(
            self._of.touch(
                key,
                ttl_ms=ttl_ms,
                ttl_seconds=ttl_seconds,
                cas_version=cas_version,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def persist(
        self,
        key: str,
        *,
        cas_version: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bool:
        """Remove a key's TTL. Returns whether the key exists. Its version does not change.

        `cas_version`: the version that the key must have; by default any.

        Raises `ConflictError` as `touch` does.
        """
        return self._bridge.run(
            self._of.persist(
                key, cas_version=cas_version, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def json_set(
        self,
        key: str,
        path: str,
        value: Any,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> PutResult:
        """Set the value at `path` of a JSON document; `$` replaces or creates the document.

        `value`: anything that `json.dumps` takes. Only the last member of a path may be missing.
        Setting a part keeps the document's TTL; setting `$` removes it.

        Raises `NotFoundError` if there is no document, `ConflictError` if the key's value is not a
        JSON document, and `BadRequestError` if more of the path is missing, an index is out of
        range, `value` cannot be JSON, or the document would be too large.
        """
        return self._bridge.run(
            self._of.json_set(key, path, value, namespace=namespace, timeout_ms=timeout_ms)
        )

    def json_del(
        self,
        key: str,
        path: str = "$",
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bool:
        """Delete the value at `path` of a JSON document. Returns whether it was there.

        `path`: `$`, the default, is the whole document.

        Raises `ConflictError` if the key's value is not a JSON document, `BadRequestError` if the
        path does not name exactly one place.
        """
        return self._bridge.run(
            self._of.json_del(key, path, namespace=namespace, timeout_ms=timeout_ms)
        )

    def get(
        self,
        key: str,
        *,
        block_ms: int = 0,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bytes | None:
        """Return the value of a key, or `None`.

        `block_ms`: how long to wait until the key exists; 0, the default, does not wait, and
        300,000 is the longest.

        Raises `BadRequestError` if the key or `block_ms` is invalid.
        """
        return self._bridge.run(
            self._of.get(key, block_ms=block_ms, namespace=namespace, timeout_ms=timeout_ms)
        )

    def entry(
        self, key: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> KvEntry | None:
        """Return the key's value with its version, time and expiry, or `None`.

        Raises `BadRequestError` if the key is invalid.
        """
        return self._bridge.run(self._of.entry(key, namespace=namespace, timeout_ms=timeout_ms))

    def scan(
        self,
        prefix: str = "",
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        keys_only: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ScanResult:
        """List entries in byte order of their keys, one page at a time.

        - `prefix`: only keys that begin with it; empty, the default, means all.
        - `limit`: 1 to 1,000 entries; default 100. A page ends earlier at 4 MiB, or after the
          server has looked at 10,000 rows.
        - `cursor`: that of the previous page; without it, the first page is returned.
        - `keys_only` leaves the values empty; off by default.

        Raises `BadRequestError` if the cursor belongs to another scan, or `limit` is out of range.
        """
        return self._bridge.run(
            self._of.scan(
                prefix,
                limit=limit,
                cursor=cursor,
                keys_only=keys_only,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def history(
        self,
        key: str,
        *,
        limit: int = defaults.HISTORY_LIMIT,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> list[VersionEntry]:
        """Return the latest versions of a key, newest first, including deletions and expiries.

        `limit`: 1 to 64 versions; default 10. A key keeps at most 64.

        Raises `BadRequestError` if `limit` is out of range.
        """
        return self._bridge.run(
            self._of.history(key, limit=limit, namespace=namespace, timeout_ms=timeout_ms)
        )

    def mget(
        self, keys: Iterable[str], *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> list[KvEntry | None]:
        """Read several keys at one moment, in the given order; `None` for each missing key.

        Raises `BadRequestError` for more than 256 keys, and if their values together are too large
        for one answer (508 MiB).
        """
        return self._bridge.run(self._of.mget(keys, namespace=namespace, timeout_ms=timeout_ms))

    def exists(
        self, key: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> bool:
        """Return whether the key exists.

        Raises `BadRequestError` if the key is invalid.
        """
        return self._bridge.run(self._of.exists(key, namespace=namespace, timeout_ms=timeout_ms))

    def iterate(
        self,
        prefix: str = "",
        *,
        keys_only: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Iterator[KvEntry]:
        """Iterate over all entries in byte order of their keys, reading page by page.

        `prefix`: only keys that begin with it; empty, the default, means all. `keys_only` leaves
        the values empty; off by default. A change that happens meanwhile is shown only if its key
        is on a page that was not read yet.

        Raises `BadRequestError` if `prefix` has more than 4,096 bytes.
        """
        return each(
            self._bridge,
            self._of.iterate(
                prefix, keys_only=keys_only, namespace=namespace, timeout_ms=timeout_ms
            ),
        )

    def json_get(
        self,
        key: str,
        path: str = "$",
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Any:
        """Return the value at `path` of a JSON document; `None` if the key or the path is missing.

        `path`: `$`, the default, is the whole document.

        Raises `ConflictError` if the key's value is not a JSON document, `BadRequestError` if the
        path does not name exactly one place.
        """
        return self._bridge.run(
            self._of.json_get(key, path, namespace=namespace, timeout_ms=timeout_ms)
        )

    def delete_prefix(
        self, prefix: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> BulkJob:
        """Delete every key that begins with `prefix`, in a background job.

        `prefix`: empty means all keys. Keys that are written later are not touched, and watches
        show each deletion. `client.jobs.wait(job.job_id)` waits until the job has ended.

        Raises `BadRequestError` if `prefix` has more than 4,096 bytes.
        """
        return self._bridge.run(
            self._of.delete_prefix(prefix, namespace=namespace, timeout_ms=timeout_ms)
        )

    def get_or_set(
        self,
        key: str,
        make: Callable[[], Awaitable[JsonPayload] | JsonPayload],
        *,
        ttl_ms: int | None = None,
        make_timeout_ms: int = defaults.MAKE_TIMEOUT_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bytes:
        """Return the value of a key, and make it if there is none: a cache.

        Of all callers that ask at the same time, in any process, one calls `make`. The others wait
        for the value that it makes. If `make` raises, the next caller calls its own.

        - `make`: a function that returns the value: bytes, text, or an object that
          becomes JSON.
        - `ttl_ms`: how long the value is kept; by default until it is deleted.
        - `make_timeout_ms`: how long the others wait for one caller before the next one makes the
          value; default 30,000.

        Raises what `make` raises, and what `put` raises.
        """
        return self._bridge.run_serving(
            lambda serve: self._of.get_or_set(
                key,
                serve(make),
                ttl_ms=ttl_ms,
                make_timeout_ms=make_timeout_ms,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def begin(
        self, routing_key: str = "", *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Transaction:
        """Begin a transaction. It commits only if the keys that it read have not changed meanwhile.

        Nothing is sent yet. `routing_key` is accepted but has no effect: a transaction may take all
        keys of a namespace.

        Raises `BadRequestError` if `routing_key` is not a text.
        """
        return Transaction(
            self._bridge,
            self._bridge.run(
                self._of.begin(routing_key, namespace=namespace, timeout_ms=timeout_ms)
            ),
        )

    def watch(
        self,
        key: str,
        *,
        prefix: bool = False,
        from_version: int | None = None,
        namespace: str | None = None,
    ) -> KvWatch:
        """Watch every change of a key from now on, in order, also across lost connections.

        - `prefix`: watch all keys that begin with `key`; off by default.
        - `from_version`: show the changes after this version. By default the watch begins at the
          namespace's version when `watch` is called. `watch.start()` makes certain that the
          server has been asked for that version.

        A namespace keeps its last 100,000 changes, for 24 hours.

        A step raises `GapError` (with `.first_version`) if changes that it must show are no longer
        kept. Until the watch has begun, a step also raises what the connection raises.
        """
        return KvWatch(
            self._bridge,
            lambda: self._of.watch(
                key, prefix=prefix, from_version=from_version, namespace=namespace
            ),
        )
