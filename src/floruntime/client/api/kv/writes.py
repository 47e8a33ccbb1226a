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

        - `cas_version`: the version that the key must have; by default any.
        - `purge`: remove the key's older values at once, also if the key was deleted before. Off by
          default: then they stay for a day (the namespace's `kv_deleted_ms`).

        Raises `ConflictError` if `cas_version` is given and the key has another version, or does
        not exist.
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
        """Add to a counter. Returns its new value. A missing key begins at 0; a TTL is kept.

        `delta`: the amount to add, default 1. It may be negative, and has at most 64 bits.

        Raises `ConflictError` if the value is not an integer, or if the sum needs more than 64
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
        """Give a key a new TTL. Returns whether the key exists. Its version does not change.

        `ttl_ms` or `ttl_seconds`: the TTL from now, up to ten years; 0 removes the TTL. Give one of
        the two. `cas_version`: the version that the key must have; by default any.

        Raises `ConflictError` if a version is given and the key has another one, or does not exist,
        and `BadRequestError` if no TTL is given.
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
        """Remove a key's TTL. Returns whether the key exists. Its version does not change.

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
        Setting a part keeps the document's TTL; setting `$` removes it.

        Raises `NotFoundError` if there is no document, `ConflictError` if the key's value is not a
        JSON document, and `BadRequestError` if more of the path is missing, an index is out of
        range, `value` cannot be JSON, or the document would be too large.
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

        Raises `ConflictError` if the key's value is not a JSON document, `BadRequestError` if the
        path does not name exactly one place.
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
