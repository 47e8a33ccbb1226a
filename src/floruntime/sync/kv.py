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

    A key is 1 to 4,096 bytes of UTF-8; another one is a `BadRequestError`. Every method takes
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
        """Write a value; the version that it became.

        `value`: at most the server's `value_bytes_max` (1 MiB unless configured). `ttl_ms` or
        `ttl_seconds`: after how long the key expires, up to ten years; without one it stays until
        it is deleted, and an overwritten key loses the TTL that it had. `cas_version`: the version
        that the key must have (0: it must not exist). `if_not_exists`, `if_exists`: write only
        then. Without a condition, the default, it is written in any case.

        Raises `ConflictError` (with `.current_version`) where the condition does not hold,
        `BadRequestError` on a value too large and on conditions that contradict each other,
        `StorageFullError` where the server's disk is nearly full.
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

        `cas_version`: the version that it must have; by default any. `purge`: let go of its older
        values at once, those of a key that was deleted before, too; off by default, and then they
        stay for a day (the namespace's `kv_deleted_ms`).

        Raises `ConflictError` where it has another version, or does not exist.
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
        """Add to a counter; its new value. A missing key begins at 0; a TTL is kept.

        `delta`: what is added, 1 unless given; it may be negative, and has 64 bits at most.

        Raises `ConflictError` where the value is no whole number, or the sum needs more than 64
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
        """Give a key a new TTL. Returns whether it exists. It stays at its version.

        `ttl_ms` or `ttl_seconds`: from now, up to ten years; 0 takes the TTL away. One of them must
        be given. `cas_version`: the version that the key must have; by default any.

        Raises `ConflictError` where it has another version, or does not exist though a version was
        given, and `BadRequestError` where no TTL is given.
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
        """Take a key's TTL away. Returns whether it exists. It stays at its version.

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
        A part keeps the document's TTL, `$` does not.

        Raises `NotFoundError` where there is no document, `ConflictError` where the key's value is
        none, `BadRequestError` where more of the path is missing, an index is out of range, `value`
        is no JSON, or the document would be too large.
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

        Raises `ConflictError` where the key's value is no document, `BadRequestError` on a path
        that does not name one place.
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
        """The value of a key, or `None`.

        `block_ms`: how long to wait for the key to exist; 0, the default, does not wait, 300,000
        is the longest.

        Raises `BadRequestError` on a key or a `block_ms` that cannot be.
        """
        return self._bridge.run(
            self._of.get(key, block_ms=block_ms, namespace=namespace, timeout_ms=timeout_ms)
        )

    def entry(
        self, key: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> KvEntry | None:
        """The key as it stands, with version, time and expiry, or `None`.

        Raises `BadRequestError` on a key that cannot be.
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
        """A page of entries in byte order of their keys.

        `prefix`: what the keys begin with; empty, the default, means all. `limit`: 1 to 1,000
        entries, 100 unless given; a page ends earlier at 4 MiB, or after 10,000 rows looked at.
        `cursor`: that of the page before; without one it begins at the first key. `keys_only`
        leaves the values empty; off by default.

        Raises `BadRequestError` on a cursor of another scan and on a `limit` out of range.
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
        """The latest versions of a key, newest first, deletions and expiries among them.

        `limit`: 1 to 64 of them, 10 unless given. No key keeps more than 64.

        Raises `BadRequestError` on a `limit` out of range.
        """
        return self._bridge.run(
            self._of.history(key, limit=limit, namespace=namespace, timeout_ms=timeout_ms)
        )

    def mget(
        self, keys: Iterable[str], *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> list[KvEntry | None]:
        """Several keys at one moment, in the order asked; `None` for each that does not exist.

        Raises `BadRequestError` on more than 256 keys, and where their values together are too
        large for one answer (508 MiB).
        """
        return self._bridge.run(self._of.mget(keys, namespace=namespace, timeout_ms=timeout_ms))

    def exists(
        self, key: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> bool:
        """Whether the key exists.

        Raises `BadRequestError` on a key that cannot be.
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
        """All entries in byte order of their keys, page by page.

        `prefix`: what the keys begin with; empty, the default, means all. `keys_only` leaves the
        values empty; off by default. What changes meanwhile is shown or not, by where it lies.

        Raises `BadRequestError` on a `prefix` of more than 4,096 bytes.
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
        """The value at `path` of a JSON document; `None` where key or path is missing.

        `path`: `$`, the default, is the whole document.

        Raises `ConflictError` where the key's value is no document, `BadRequestError` on a path
        that does not name one place.
        """
        return self._bridge.run(
            self._of.json_get(key, path, namespace=namespace, timeout_ms=timeout_ms)
        )

    def delete_prefix(
        self, prefix: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> BulkJob:
        """Delete every key that begins with `prefix`, by a job: a piece of it per tick.

        `prefix`: empty means all keys. What is written later is left alone, and watches hear of
        each key. `client.jobs.wait(job.job_id)` waits for its end.

        Raises `BadRequestError` on a `prefix` of more than 4,096 bytes.
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
        """The value of a key, which one caller makes where there is none: a cache.

        `make`: a function that gives the value (bytes, text, or what becomes
        JSON); of all who ask meanwhile, in whatever process, one calls it, and the others wait for
        what it makes. `ttl_ms`: how long the value is kept; by default until it is deleted.
        `make_timeout_ms`: for how long another one is waited for, 30,000 unless given; then the
        next one makes it. Where `make` raises, the next one makes it, too.

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
        """Begin a transaction: what it reads must not have changed when it commits what it writes.

        Nothing is sent yet. `routing_key` is not needed, and decides nothing: all keys of a
        namespace go together.

        Raises `BadRequestError` on a `routing_key` that is no text.
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
        """Every change of a key from now on, in order, over lost connections too.

        `prefix`: watch all keys that begin with `key`; off by default. `from_version`: show what
        changed after this version; by default it begins where the namespace is when `watch` is
        called (`watch.start()` to be certain that the server has been asked where that is). A
        namespace keeps its last 100,000 changes, for 24 hours.

        A step raises `GapError` (with `.first_version`) where changes that it would have to show
        are no longer kept, and what the connection raises until it has begun.
        """
        return KvWatch(
            self._bridge,
            lambda: self._of.watch(
                key, prefix=prefix, from_version=from_version, namespace=namespace
            ),
        )
