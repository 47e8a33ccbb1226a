"""KV as a person calls it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import JsonPayload, as_bytes
from floruntime.client.api.kv.cache import Cache
from floruntime.client.api.kv.reads import KvReads
from floruntime.client.api.kv.transaction import Transaction
from floruntime.client.api.kv.watch import KvWatch
from floruntime.client.api.kv.writes import KvWrites
from floruntime.core import defaults
from floruntime.core.errors import BadTypeError
from floruntime.core.jobs import BulkJob
from floruntime.core.kv import KvDeletePrefix, KvEntry, KvJsonGet
from floruntime.core.limits import LIMIT_MAX, shown


class Kv(KvReads, KvWrites):
    """`client.kv`: versioned keys.

    A key is 1 to 4,096 bytes of UTF-8; another one is a `BadRequestError`. Every method takes
    `namespace` and `timeout_ms`, by default the client's own.
    """

    async def iterate(
        self,
        prefix: str = "",
        *,
        keys_only: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> AsyncIterator[KvEntry]:
        """All entries in byte order of their keys, page by page.

        `prefix`: what the keys begin with; empty, the default, means all. `keys_only` leaves the
        values empty; off by default. What changes meanwhile is shown or not, by where it lies.

        Raises `BadRequestError` on a `prefix` of more than 4,096 bytes.
        """
        cursor: str | None = None
        while True:
            page = await self.scan(
                prefix,
                limit=LIMIT_MAX,
                cursor=cursor,
                keys_only=keys_only,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
            for entry in page.entries:
                yield entry
            cursor = page.cursor
            if cursor is None:
                return

    def json_get(
        self,
        key: str,
        path: str = "$",
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Any]:
        """The value at `path` of a JSON document; `None` where key or path is missing.

        `path`: `$`, the default, is the whole document.

        Raises `ConflictError` where the key's value is no document, `BadRequestError` on a path
        that does not name one place.
        """
        return self._call_for(_parsed, KvJsonGet(key, path), namespace, timeout_ms)

    def delete_prefix(
        self, prefix: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[BulkJob]:
        """Delete every key that begins with `prefix`, by a job: a piece of it per tick.

        `prefix`: empty means all keys. What is written later is left alone, and watches hear of
        each key. `client.jobs.wait(job.job_id)` waits for its end.

        Raises `BadRequestError` on a `prefix` of more than 4,096 bytes.
        """
        return self._call(KvDeletePrefix(prefix), namespace, timeout_ms)

    async def get_or_set(
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

        `make`: a function, plain or async, that gives the value (bytes, text, or what becomes
        JSON); of all who ask meanwhile, in whatever process, one calls it, and the others wait for
        what it makes. `ttl_ms`: how long the value is kept; by default until it is deleted.
        `make_timeout_ms`: for how long another one is waited for, 30,000 unless given; then the
        next one makes it. Where `make` raises, the next one makes it, too.

        Raises what `make` raises, and what `put` raises.
        """
        if not callable(make):
            raise BadTypeError(f"make is {shown(make)}; it must be a function that gives the value")
        cache = Cache(self._caller, key, namespace, timeout_ms)
        return await cache.get_or_set(make, ttl_ms, make_timeout_ms)

    async def begin(
        self,
        routing_key: str = "",
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Transaction:
        """Begin a transaction: what it reads must not have changed when it commits what it writes.

        Nothing is sent yet. `routing_key` is not needed, and decides nothing: all keys of a
        namespace go together.

        Raises `BadRequestError` on a `routing_key` that is no text.
        """
        as_bytes(routing_key, "routing_key")
        return Transaction(self._caller, namespace, timeout_ms)

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
        called (`await watch.start()` to be certain that the server has been asked where that is). A
        namespace keeps its last 100,000 changes, for 24 hours.

        A step raises `GapError` (with `.first_version`) where changes that it would have to show
        are no longer kept, and what the connection raises until it has begun.
        """
        return KvWatch(self._caller, key, prefix, from_version, namespace)


def _parsed(text: bytes | None) -> Any:
    return None if text is None else json.loads(text)
