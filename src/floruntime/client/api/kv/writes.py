"""The writes of `client.kv`, which a batch takes, too."""

from __future__ import annotations

from typing import Any

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import Payload, as_bytes, as_json
from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.kv import (
    KvDelete,
    KvIncr,
    KvJsonDel,
    KvJsonSet,
    KvPut,
    KvTouch,
    PutResult,
)
from floruntime.core.limits import DURATION_MS_MAX, shown


class KvWrites(Part):
    """Writing versioned keys."""

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
    ) -> Operation[PutResult]:
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
        ttl = _ttl_ms(ttl_ms, ttl_seconds)
        request = KvPut(key, as_bytes(value), ttl, cas_version, if_not_exists, if_exists)
        return self._call(request, namespace, timeout_ms)

    def delete(
        self,
        key: str,
        *,
        cas_version: int | None = None,
        purge: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bool]:
        """Delete a key. Returns whether it existed.

        `cas_version`: the version that it must have; by default any. `purge`: let go of its older
        values at once, those of a key that was deleted before, too; off by default, and then they
        stay for a day (the namespace's `kv_deleted_ms`).

        Raises `ConflictError` where it has another version, or does not exist.
        """
        return self._call(KvDelete(key, cas_version, purge), namespace, timeout_ms)

    def incr(
        self,
        key: str,
        delta: int = 1,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[int]:
        """Add to a counter; its new value. A missing key begins at 0; a TTL is kept.

        `delta`: what is added, 1 unless given; it may be negative, and has 64 bits at most.

        Raises `ConflictError` where the value is no whole number, or the sum needs more than 64
        bits.
        """
        return self._call(KvIncr(key, delta), namespace, timeout_ms)

    def touch(
        self,
        key: str,
        *,
        ttl_ms: int | None = None,
        ttl_seconds: float | None = None,
        cas_version: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bool]:
        """Give a key a new TTL. Returns whether it exists. It stays at its version.

        `ttl_ms` or `ttl_seconds`: from now, up to ten years; 0 takes the TTL away. One of them must
        be given. `cas_version`: the version that the key must have; by default any.

        Raises `ConflictError` where it has another version, or does not exist though a version was
        given, and `BadRequestError` where no TTL is given.
        """
        ttl = _ttl_ms(ttl_ms, ttl_seconds)
        if ttl is None:
            raise BadRequestError("touch needs ttl_ms or ttl_seconds (0 takes the TTL away)")
        return self._call(KvTouch(key, ttl, cas_version), namespace, timeout_ms)

    def persist(
        self,
        key: str,
        *,
        cas_version: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bool]:
        """Take a key's TTL away. Returns whether it exists. It stays at its version.

        `cas_version`: the version that the key must have; by default any.

        Raises `ConflictError` as `touch` does.
        """
        return self._call(KvTouch(key, 0, cas_version), namespace, timeout_ms)

    def json_set(
        self,
        key: str,
        path: str,
        value: Any,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[PutResult]:
        """Set the value at `path` of a JSON document; `$` replaces or creates the document.

        `value`: anything that `json.dumps` takes. Only the last member of a path may be missing.
        A part keeps the document's TTL, `$` does not.

        Raises `NotFoundError` where there is no document, `ConflictError` where the key's value is
        none, `BadRequestError` where more of the path is missing, an index is out of range, `value`
        is no JSON, or the document would be too large.
        """
        return self._call(KvJsonSet(key, path, as_json("value", value)), namespace, timeout_ms)

    def json_del(
        self,
        key: str,
        path: str = "$",
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bool]:
        """Delete the value at `path` of a JSON document. Returns whether it was there.

        `path`: `$`, the default, is the whole document.

        Raises `ConflictError` where the key's value is no document, `BadRequestError` on a path
        that does not name one place.
        """
        return self._call(KvJsonDel(key, path), namespace, timeout_ms)


def _ttl_ms(ttl_ms: int | None, ttl_seconds: float | None) -> int | None:
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
