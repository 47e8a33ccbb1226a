"""KV: the rules of versioned keys."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from floruntime.core import limits
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    OverloadedError,
)
from floruntime.core.kv import (
    KvCheck,
    KvDelete,
    KvEntry,
    KvExists,
    KvGet,
    KvGetEntry,
    KvHistory,
    KvIncr,
    KvJsonDel,
    KvJsonGet,
    KvJsonSet,
    KvMget,
    KvPut,
    KvScan,
    KvTouch,
    PutResult,
    ScanResult,
    VersionEntry,
)
from floruntime.engine.kv.documents import delete_in, open_document, set_in
from floruntime.engine.kv.rows import (
    KV,
    KV_HISTORY,
    KvRow,
    change,
    is_live,
    load,
    purge,
    set_expiry,
)
from floruntime.engine.state import json_document as documents
from floruntime.engine.state.dispatch import WaitRule
from floruntime.engine.state.json_tree import JsonTree, load_value
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.tx import Topic, Tx, View
from floruntime.engine.system import eras
from floruntime.engine.system.namespaces import namespace_id

SCANNED_ROWS_MAX = 10_000
"""Rows that one page looks at: a page of a range full of tombstones ends early, with a cursor."""

PARSED_DOCUMENTS_MAX = 4
"""Large documents that stay parsed for those who ask of the same state."""

_COUNTER = re.compile(rb"0|-?[1-9][0-9]{0,18}")


# Writing


def put(tx: Tx, request: KvPut) -> PutResult:
    is_conditional = request.if_not_exists or request.if_exists or request.cas_version is not None
    if is_conditional:
        _check_conditions(request)
    value = limits.check_value("value", request.value, tx.value_bytes_max)
    ttl_ms = request.ttl_ms
    if ttl_ms is not None:
        limits.check_duration("ttl_ms", ttl_ms, low=1)
    namespace, at, row = load(tx, request.key)
    if is_conditional:
        _judge_conditions(tx, request, row)
    expires_at_ms = 0 if ttl_ms is None else tx.now_ms + ttl_ms
    return PutResult(
        change(tx, namespace, at, request.key, row, value, expires_at_ms=expires_at_ms)
    )


def _check_conditions(request: KvPut) -> None:
    if request.cas_version is not None:
        limits.check_range("cas_version", request.cas_version, 0, limits.UINT_MAX)
    if request.if_not_exists and request.if_exists:
        raise BadRequestError("if_not_exists and if_exists exclude each other; give one of them")
    if request.if_not_exists and request.cas_version:
        raise BadRequestError(
            f"if_not_exists and cas_version={request.cas_version} exclude each other: a key that "
            "does not exist has no version"
        )
    if request.if_exists and request.cas_version == 0:
        raise BadRequestError(
            "if_exists and cas_version=0 exclude each other: version 0 means a missing key"
        )


def _judge_conditions(tx: Tx, request: KvPut, row: KvRow | None) -> None:
    cas_version = request.cas_version
    if request.if_not_exists or cas_version == 0:
        _require(tx, request.key, row, 0)
    elif cas_version is not None:
        _require(tx, request.key, row, cas_version)
    elif row is None or row.deleted:
        raise _conflict(request.key, "it does not exist", 0)


def _version(row: KvRow | None) -> int:
    return 0 if row is None or row.deleted else row.version


def _require(view: View, key: str, row: KvRow | None, version: int) -> None:
    current = _version(row)
    if current != version:
        since = " (the server has begun another history since)"
        told = since if version and eras.floor_above(view, version) else ""
        raise _conflict(key, f"version {version} was expected{told}", current)


def _conflict(key: str, why: str, current_version: int) -> ConflictError:
    return ConflictError(
        f"key {limits.shown(key)} is at version {current_version}, and {why}",
        current_version=current_version,
    )


def _check_cas(view: View, key: str, row: KvRow | None, cas_version: int | None) -> None:
    if cas_version is not None:
        limits.check_range("cas_version", cas_version, 0, limits.UINT_MAX)
        if _version(row) == 0:
            raise _conflict(key, "it does not exist", 0)
        _require(view, key, row, cas_version)


def delete(tx: Tx, request: KvDelete) -> bool:
    namespace, at, row = load(tx, request.key)
    _check_cas(tx, request.key, row, request.cas_version)
    is_there = row is not None and not row.deleted
    if is_there:
        change(tx, namespace, at, request.key, row, b"", deleted=True)
    if request.purge:
        tombstone = tx.get(KV, at)
        if tombstone is not None:
            purge(tx, namespace.id, at, tombstone)
    return is_there


def touch(tx: Tx, request: KvTouch) -> bool:
    limits.check_duration("ttl_ms", request.ttl_ms)
    namespace, at, row = load(tx, request.key)
    _check_cas(tx, request.key, row, request.cas_version)
    if row is None or row.deleted:
        return False
    due_ms = tx.now_ms + request.ttl_ms if request.ttl_ms else 0
    set_expiry(tx, namespace.id, at, request.key, row, due_ms)
    return True


def increment(tx: Tx, request: KvIncr) -> int:
    limits.check_range("delta", request.delta, limits.COUNTER_MIN, limits.COUNTER_MAX)
    namespace, at, row = load(tx, request.key)
    count = request.delta
    expires_at_ms = 0
    if row is not None and not row.deleted:
        count += _counter(request.key, row)
        expires_at_ms = row.expires_at_ms
    if not limits.COUNTER_MIN <= count <= limits.COUNTER_MAX:
        raise ConflictError(
            f"counter {limits.shown(request.key)} plus {request.delta} would be {count}, "
            "which does not fit 64 bits with a sign",
            current_version=_version(row),
        )
    value = str(count).encode()
    change(tx, namespace, at, request.key, row, value, expires_at_ms=expires_at_ms)
    return count


def _counter(key: str, row: KvRow) -> int:
    count = int(row.value) if _COUNTER.fullmatch(row.value) else None
    if count is None or not limits.COUNTER_MIN <= count <= limits.COUNTER_MAX:
        raise ConflictError(
            f"the value of key {limits.shown(key)} is not a counter: {limits.shown(row.value)}",
            current_version=row.version,
        )
    return count


def check(tx: Tx, request: KvCheck) -> None:
    limits.check_range("version", request.version, 0, limits.UINT_MAX)
    at = KV.key(namespace_id(tx), tail=limits.check_key(request.key))
    tx.settle(at)
    row = tx.get(KV, at)
    _require(tx, request.key, row if is_live(row, tx.now_ms) else None, request.version)


def json_set(tx: Tx, request: KvJsonSet) -> PutResult:
    steps = documents.parse_path(request.path)
    value, text = load_value("value", request.value)
    if steps and tx.is_deferring:
        opened = open_document(tx, request.key)
        if opened is None:
            raise _no_document(request.key)
        return PutResult(set_in(opened, request.path, steps, value, text, tx.value_bytes_max))
    namespace, at, row = load(tx, request.key)
    expires_at_ms = 0
    if steps:
        if row is None or row.deleted:
            raise _no_document(request.key)
        tree = JsonTree(request.key, row.value)
        tree.replace(request.path, steps, value, text)
        text, expires_at_ms = tree.text(), row.expires_at_ms
    limits.check_value("value", text, tx.value_bytes_max)
    return PutResult(change(tx, namespace, at, request.key, row, text, expires_at_ms=expires_at_ms))


def _no_document(key: str) -> NotFoundError:
    return NotFoundError(f"key {limits.shown(key)} does not exist; set its path $ first")


def json_delete(tx: Tx, request: KvJsonDel) -> bool:
    steps = documents.parse_path(request.path)
    if not steps:
        return delete(tx, KvDelete(request.key))
    if tx.is_deferring:
        opened = open_document(tx, request.key)
        return opened is not None and delete_in(opened, steps)
    namespace, at, row = load(tx, request.key)
    if row is None or row.deleted:
        return False
    tree = JsonTree(request.key, row.value)
    if not tree.remove(steps):
        return False
    change(tx, namespace, at, request.key, row, tree.text(), expires_at_ms=row.expires_at_ms)
    return True


# Reading


def _find(view: View, key: str) -> KvRow | None:
    """The row of `key` if a reader sees it."""
    row = view.get(KV, KV.key(namespace_id(view), tail=limits.check_key(key)))
    return row if is_live(row, view.now_ms) else None


def _entry(key: str, row: KvRow, *, keys_only: bool = False) -> KvEntry:
    value = b"" if keys_only else row.value
    return KvEntry(key, value, row.version, row.updated_at_ms, row.expires_at_ms or None)


def get(view: View, request: KvGet) -> bytes | None:
    if request.block_ms:
        limits.check_block(request.block_ms)
    row = _find(view, request.key)
    return None if row is None else row.value


def get_entry(view: View, request: KvGetEntry) -> KvEntry | None:
    row = _find(view, request.key)
    return None if row is None else _entry(request.key, row)


def exists(view: View, request: KvExists) -> bool:
    return _find(view, request.key) is not None


def mget(view: View, request: KvMget) -> list[KvEntry | None]:
    return list(mget_items(view, request))


def mget_items(view: View, request: KvMget) -> Iterator[KvEntry | None]:
    """Its answer, entry by entry."""
    if len(request.keys) > limits.MGET_KEYS_MAX:
        raise BadRequestError(
            f"keys has {len(request.keys)} items; at most {limits.MGET_KEYS_MAX} are allowed"
        )
    size = 0
    room = view.answer_room()
    for key in request.keys:
        row = _find(view, key)
        size += 0 if row is None else len(row.value)
        if size > room:
            _refuse_size(size, "keys")
        yield None if row is None else _entry(key, row)


def _refuse_size(size: int, what: str) -> NoReturn:
    """These answers are never cut short, so one that is too large is refused, half-way."""
    if size > limits.ANSWER_VALUES_BYTES_MAX:
        raise BadRequestError(
            f"the values have more than {limits.ANSWER_VALUES_BYTES_MAX} bytes together, which an "
            f"answer takes at most: ask for fewer {what}"
        )
    raise OverloadedError(
        "too many answers wait to be read by clients, so there is no room for these values "
        f"now; send this again later, or ask for fewer {what}"
    )


def json_get(view: View, request: KvJsonGet) -> bytes | None:
    steps = documents.parse_path(request.path)
    row = _find(view, request.key)
    if row is None:
        return None
    return _opened(view, request.key, row).get(steps)


def _opened(view: View, key: str, row: KvRow) -> JsonTree:
    """The document in `row`: read once for all that a state is asked of it."""
    parsed = view.parsed.get(row.version)
    if parsed is None or parsed[0] != view.namespace:
        if len(view.parsed) >= PARSED_DOCUMENTS_MAX:
            view.parsed.clear()
        parsed = view.parsed[row.version] = view.namespace, JsonTree(key, row.value)
    tree: JsonTree = parsed[1]
    return tree


def history(view: View, request: KvHistory) -> list[VersionEntry]:
    return list(history_items(view, request))


def history_items(view: View, request: KvHistory) -> Iterator[VersionEntry]:
    """Its answer, version by version."""
    limit = limits.check_range("limit", request.limit, 1, limits.HISTORY_LIMIT_MAX)
    owner = namespace_id(view)
    row = view.get(KV, KV.key(owner, tail=limits.check_key(request.key)))
    if row is None:
        return
    yield VersionEntry(row.version, row.value, row.updated_at_ms, row.deleted)
    room, size = view.answer_room(), len(row.value)
    for version in reversed(row.older[len(row.older) - min(len(row.older), limit - 1) :]):
        old = view.get(KV_HISTORY, KV_HISTORY.key(owner, row.key_id, version))
        assert old is not None, "a version in the list has its row"
        size += len(old.value)
        if size > room:
            _refuse_size(size, "versions")
        yield VersionEntry(version, old.value, old.timestamp_ms, old.deleted)


def scan(view: View, request: KvScan) -> ScanResult:
    prefix = limits.check_prefix("prefix", request.prefix)

    def shown(key: str, row: KvRow) -> KvEntry | None:
        is_there = is_live(row, view.now_ms)
        return _entry(key, row, keys_only=request.keys_only) if is_there else None

    return ScanResult(
        *page_by_name(
            view,
            f"kv.scan.{zlib.crc32(prefix)}",
            KV,
            namespace_id(view),
            request,
            shown,
            prefix=prefix,
            size_of=_size_of,
            looked_at_max=SCANNED_ROWS_MAX,
        )
    )


def _size_of(entry: KvEntry) -> int:
    return len(entry.key.encode()) + len(entry.value)


# Waiting


def _topics(namespace: str, request: KvGet) -> tuple[Topic]:
    return ((namespace, "kv", request.key),)


def _is_found(answer: Any) -> bool:
    return answer is not None


GET_WAIT: Final = WaitRule(_topics, _is_found)
