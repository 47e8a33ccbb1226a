"""The rows of KV, and the one function that changes a key.

`KV` holds the current state of each key, including tombstones; `KV_HISTORY` its older versions;
`KV_CHANGE` every change of the namespace by version, for watches. A key's `key_id` is the version
with which it was first created, so history rows need not repeat the key.
"""

from __future__ import annotations

from typing import Any, Final

from floruntime.core import limits
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import eras
from floruntime.engine.system.namespaces import (
    NO_NAMESPACE,
    NamespaceRow,
    ensure_namespace,
    find_namespace,
    put_namespace,
)
from floruntime.engine.system.timers import (
    KV_EXPIRY,
    KV_FORGET,
    KV_TRIM_CHANGES,
    cancel_timer,
    set_timer,
)

FORGET_AFTER_MS = 24 * 3600 * 1000
"""How long a deleted key's history, and any change for watches, is kept."""
CHANGES_MAX = 100_000
CHANGES_SLACK = 10_000
"""Changes are dropped this many at a time: one range deletion instead of many single ones."""
TRIM_ROWS_PER_TICK = 5_000
OLDER_VERSIONS_MAX = limits.HISTORY_LIMIT_MAX - 1


class KvRow(Value, frozen=True):
    """`expires_at_ms` is 0 without a TTL; of a tombstone it is when that goes (0: a day after it
    was written). `older`: the versions in the history, oldest first.
    """

    value: bytes
    version: int
    updated_at_ms: int
    expires_at_ms: int
    key_id: int
    older: tuple[int, ...]
    deleted: bool


class HistoryRow(Value, frozen=True):
    value: bytes
    timestamp_ms: int
    deleted: bool


class ChangeRow(Value, frozen=True):
    key: str
    value: bytes
    deleted: bool
    timestamp_ms: int


KV: Final[Table[KvRow]] = Table(b"kv", KvRow, warm_bytes=512, namespace_id="u64", tail="key")
KV_HISTORY: Final[Table[HistoryRow]] = Table(
    b"kh", HistoryRow, namespace_id="u64", key_id="u64", version="u64"
)
KV_CHANGE: Final[Table[ChangeRow]] = Table(b"kc", ChangeRow, namespace_id="u64", version="u64")


def is_live(row: KvRow | None, now_ms: int) -> bool:
    """Whether a reader sees the key: it is there, no tombstone, and not past its deadline."""
    if row is None or row.deleted:
        return False
    return row.expires_at_ms == 0 or now_ms < row.expires_at_ms


def holds_keys(view: View, namespace_id: int) -> bool:
    """Whether any key of the namespace is live."""
    return any(is_live(row, view.now_ms) for _, row in view.scan(KV, *KV.range(namespace_id)))


def load(tx: Tx, key: str) -> tuple[NamespaceRow, bytes, KvRow | None]:
    """The namespace, the key's place, and its row. One past its deadline is expired first.

    A namespace that does not exist has the number 0; the first `change` makes it.
    """
    namespace = find_namespace(tx) or NO_NAMESPACE
    at = KV.key(namespace.id, tail=limits.check_key(key))
    if tx.is_deferring and tx.settle(at):
        namespace = ensure_namespace(tx)
    row = tx.get(KV, at)
    if row is not None and row.expires_at_ms and not is_live(row, tx.now_ms) and not row.deleted:
        change(tx, namespace, at, key, row, b"", deleted=True)
        namespace, row = ensure_namespace(tx), tx.get(KV, at)
    return namespace, at, row


def change(
    tx: Tx,
    namespace: NamespaceRow,
    at: bytes,
    key: str,
    old: KvRow | None,
    value: bytes,
    *,
    expires_at_ms: int = 0,
    deleted: bool = False,
    version: int = 0,
) -> int:
    """Give `key` a new value, or a tombstone; answers the version. Watches and waits hear of it.

    `version`: one that was taken for it before.
    """
    if not namespace.id:
        namespace = ensure_namespace(tx)
        at = KV.key(namespace.id, tail=key.encode())
    if not version:
        version = _count_change(tx, namespace)
    now_ms = tx.now_ms
    if old is None:
        key_id = version
        older: tuple[int, ...] = ()
    else:
        assert old.version < version, "versions of a namespace go up"
        key_id = old.key_id
        older = _push_history(tx, namespace.id, old, namespace.kv_history - 1)
        _cancel_timers(tx, namespace.id, old)
    forget_ms = now_ms + namespace.kv_deleted_ms if deleted else 0
    row = KvRow(value, version, now_ms, expires_at_ms or forget_ms, key_id, older, deleted)
    tx.put(KV, at, row)
    tx.put(KV_CHANGE, KV_CHANGE.key(namespace.id, version), ChangeRow(key, value, deleted, now_ms))
    if expires_at_ms:
        set_timer(tx, expires_at_ms, KV_EXPIRY, namespace.id, key_id, (tx.namespace, key))
    elif forget_ms > now_ms:
        set_timer(tx, forget_ms, KV_FORGET, namespace.id, key_id, (tx.namespace, key))
    elif deleted:
        purge(tx, namespace.id, at, row)
    tx.touch((tx.namespace, "kv", key))
    return version


def take_version(tx: Tx) -> int:
    """The next version of the namespace, for a change that is yet to be written."""
    return _count_change(tx, ensure_namespace(tx))


def set_expiry(tx: Tx, namespace_id: int, at: bytes, key: str, row: KvRow, due_ms: int) -> None:
    """Move the deadline of a live key (0: none). The value and its version stay."""
    _cancel_timers(tx, namespace_id, row)
    tx.put(
        KV,
        at,
        KvRow(row.value, row.version, row.updated_at_ms, due_ms, row.key_id, row.older, False),
    )
    if due_ms:
        set_timer(tx, due_ms, KV_EXPIRY, namespace_id, row.key_id, (tx.namespace, key))


def _push_history(tx: Tx, namespace_id: int, old: KvRow, older_max: int) -> tuple[int, ...]:
    tx.put(
        KV_HISTORY,
        KV_HISTORY.key(namespace_id, old.key_id, old.version),
        HistoryRow(old.value, old.updated_at_ms, old.deleted),
    )
    older = (*old.older, old.version)
    if len(older) <= older_max:
        return older
    kept = older[-older_max:] if older_max else ()
    for version in older[: len(older) - len(kept)]:
        tx.delete(KV_HISTORY, KV_HISTORY.key(namespace_id, old.key_id, version))
    return kept


def _cancel_timers(tx: Tx, namespace_id: int, row: KvRow) -> None:
    if row.deleted:
        due_ms = row.expires_at_ms or row.updated_at_ms + FORGET_AFTER_MS
        cancel_timer(tx, due_ms, KV_FORGET, namespace_id, row.key_id)
    elif row.expires_at_ms:
        cancel_timer(tx, row.expires_at_ms, KV_EXPIRY, namespace_id, row.key_id)


def _count_change(tx: Tx, namespace: NamespaceRow) -> int:
    """One more change: its version."""
    era_floor, floor = eras.floor_in(tx), namespace.changes_floor
    last = namespace.version
    version = (era_floor if era_floor > last else last) + 1
    if last == floor:  # the oldest change kept: it sets the pace at which they age out
        set_timer(tx, tx.now_ms + FORGET_AFTER_MS, KV_TRIM_CHANGES, namespace.id, 0, tx.namespace)
    # No change has a version in the gap before the era.
    if version - (era_floor if era_floor > floor else floor) >= CHANGES_MAX + CHANGES_SLACK:
        floor = version - CHANGES_MAX
        _drop_changes(tx, namespace.id, floor)
    put_namespace(tx, _at(namespace, version, floor))
    return version


def _at(namespace: NamespaceRow, version: int, floor: int) -> NamespaceRow:
    """The namespace at another version, with its changes kept from another one on."""
    return NamespaceRow(
        namespace.id,
        version,
        namespace.created_at_ms,
        floor,
        namespace.deletions,
        namespace.deleted_version,
        namespace.kv_history,
        namespace.kv_deleted_ms,
    )


def _drop_changes(tx: Tx, namespace_id: int, floor: int) -> None:
    tx.clear(KV_CHANGE, KV_CHANGE.key(namespace_id, 0), KV_CHANGE.key(namespace_id, floor + 1))


def _own_namespace(tx: Tx, namespace_id: int) -> NamespaceRow | None:
    """The namespace that a timer belongs to and is within, unless it has been deleted since."""
    row = find_namespace(tx)
    return row if row is not None and row.id == namespace_id else None


def expire(tx: Tx, due_ms: int, namespace_id: int, key_id: int, data: Any) -> None:
    """Write the tombstone of a key whose deadline has come."""
    name, key = data
    with tx.within(name):
        if _own_namespace(tx, namespace_id) is not None:
            load(tx, key)  # loading expires


def forget(tx: Tx, due_ms: int, namespace_id: int, key_id: int, data: Any) -> None:
    """Drop a tombstone and its history."""
    name, key = data
    at = KV.key(namespace_id, tail=key.encode())
    row = tx.get(KV, at)
    with tx.within(name):
        is_gone = _own_namespace(tx, namespace_id) is None
    if is_gone or row is None or row.key_id != key_id:
        return
    if row.deleted and row.expires_at_ms <= tx.now_ms:
        _drop(tx, namespace_id, at, row)


def _drop(tx: Tx, namespace_id: int, at: bytes, row: KvRow) -> None:
    tx.delete(KV, at)
    for version in row.older:
        tx.delete(KV_HISTORY, KV_HISTORY.key(namespace_id, row.key_id, version))


def purge(tx: Tx, namespace_id: int, at: bytes, row: KvRow) -> None:
    """Let go of a tombstone with its history, and of the values that watches would still be shown
    of these versions: they hear that the key was deleted.
    """
    _cancel_timers(tx, namespace_id, row)
    for version in row.older:
        change_key = KV_CHANGE.key(namespace_id, version)
        told = tx.get(KV_CHANGE, change_key)
        if told is not None and not told.deleted:
            emptied = ChangeRow(told.key, b"", True, told.timestamp_ms)
            tx.put(KV_CHANGE, change_key, emptied)
    _drop(tx, namespace_id, at, row)


def trim_changes(tx: Tx, due_ms: int, namespace_id: int, item: int, name: str) -> None:
    """Drop the changes older than a day, a bounded number at a time."""
    with tx.within(name):
        namespace = _own_namespace(tx, namespace_id)
        if namespace is not None:
            _trim_changes(tx, namespace)


def _trim_changes(tx: Tx, namespace: NamespaceRow) -> None:
    floor, next_due_ms, count = namespace.changes_floor, 0, 0
    for key, row in tx.scan(KV_CHANGE, *KV_CHANGE.range(namespace.id)):
        next_due_ms = row.timestamp_ms + FORGET_AFTER_MS
        if next_due_ms > tx.now_ms or count == TRIM_ROWS_PER_TICK:
            break
        floor, next_due_ms, count = KV_CHANGE.unpack(key)[1], 0, count + 1
    if floor > namespace.changes_floor:
        _drop_changes(tx, namespace.id, floor)
        put_namespace(tx, _at(namespace, namespace.version, floor))
    if next_due_ms:
        due_ms = max(next_due_ms, tx.now_ms)
        set_timer(tx, due_ms, KV_TRIM_CHANGES, namespace.id, 0, tx.namespace)
