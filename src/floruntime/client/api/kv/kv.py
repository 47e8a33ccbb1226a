"""`client.kv`: versioned keys."""

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

    A key is 1 to 4,096 bytes of UTF-8; any other key raises `BadRequestError`. Every method takes
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
        """Iterate over all entries in byte order of their keys, reading page by page.

        `prefix`: only keys that begin with it; empty, the default, means all. `keys_only` leaves
        the values empty; off by default. A change that happens meanwhile is shown only if its key
        is on a page that was not read yet.

        Raises `BadRequestError` if `prefix` has more than 4,096 bytes.
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
        """Return the value at `path` of a JSON document; `None` if the key or the path is missing.

        `path`: `$`, the default, is the whole document.

        Raises `ConflictError` if the key's value is not a JSON document, `BadRequestError` if the
        path does not name exactly one place.
        """
        return self._call_for(_parsed, KvJsonGet(key, path), namespace, timeout_ms)

    def delete_prefix(
        self, prefix: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[BulkJob]:
        """Delete every key that begins with `prefix`, in a background job.

        `prefix`: empty means all keys. Keys that are written later are not touched, and watches
        show each deletion. `client.jobs.wait(job.job_id)` waits until the job has ended.

        Raises `BadRequestError` if `prefix` has more than 4,096 bytes.
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
        """Return the value of a key, and make it if there is none: a cache.

        Of all callers that ask at the same time, in any process, one calls `make`. The others wait
        for the value that it makes. If `make` raises, the next caller calls its own.

        - `make`: a function, plain or async, that returns the value: bytes, text, or an object that
          becomes JSON.
        - `ttl_ms`: how long the value is kept; by default until it is deleted.
        - `make_timeout_ms`: how long the others wait for one caller before the next one makes the
          value; default 30,000.

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
        """Begin a transaction. It commits only if the keys that it read have not changed meanwhile.

        Nothing is sent yet. `routing_key` is accepted but has no effect: a transaction may take all
        keys of a namespace.

        Raises `BadRequestError` if `routing_key` is not a text.
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
        """Watch every change of a key from now on, in order, also across lost connections.

        - `prefix`: watch all keys that begin with `key`; off by default.
        - `from_version`: show the changes after this version. By default the watch begins at the
          namespace's version when `watch` is called. `await watch.start()` makes certain that the
          server has been asked for that version.

        A namespace keeps its last 100,000 changes, for 24 hours.

        A step raises `GapError` (with `.first_version`) if changes that it must show are no longer
        kept. Until the watch has begun, a step also raises what the connection raises.
        """
        return KvWatch(self._caller, key, prefix, from_version, namespace)


def _parsed(text: bytes | None) -> Any:
    return None if text is None else json.loads(text)
