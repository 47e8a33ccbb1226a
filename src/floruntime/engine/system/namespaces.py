"""Namespaces: a name, and the number that prefixes every row in it.

Deleting a namespace changes its number: in one commit nothing of the old one can be found, and
ticks delete its rows. The name's row stays, because versions continue after a deletion.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from floruntime.core import defaults, limits
from floruntime.core.errors import ConflictError
from floruntime.core.system import (
    NamespaceConfigure,
    NamespaceCreate,
    NamespaceDelete,
    NamespaceInfo,
    NamespaceList,
    NamespaceListReply,
)
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import reclaim


class NamespaceRow(Value, frozen=True):
    """`id` is 0 while the namespace does not exist. `version` counts its KV changes, ever."""

    id: int
    version: int
    created_at_ms: int
    #: Changes up to this version are no longer kept for watches.
    changes_floor: int = 0
    #: How often it was deleted, and its version when it was last.
    deletions: int = 0
    deleted_version: int = 0
    #: How many versions of a key are kept, the present one included; for how long those of a
    #: deleted one.
    kv_history: int = limits.HISTORY_LIMIT_MAX
    kv_deleted_ms: int = defaults.KV_DELETED_MS


NAMESPACE: Final[Table[NamespaceRow]] = Table(b"ns", NamespaceRow, tail="name", cached=True)


ENGINES_ID: Final = 2**62
"""What the engine makes for itself has numbers from here on: it takes none of those that are given
to people's things, so that these are the same whether or not anything was written down.
"""
_IDS_AT_HAND_MAX: Final = 4096
_SYSTEM: Final = limits.SYSTEM_NAMESPACE.encode()
#: Stands for a namespace that does not exist: nothing lies under its number.
NO_NAMESPACE: Final = NamespaceRow(0, 0, 0)


@lru_cache(maxsize=4096)
def _key_of(name: str) -> bytes:
    return NAMESPACE.key(tail=name.encode())


def find_namespace(view: View) -> NamespaceRow | None:
    """The view's namespace, `None` while it does not exist."""
    row = view.get(NAMESPACE, _key_of(view.namespace))
    return row if row is not None and row.id else None


def namespace_id(view: View) -> int:
    """The number of the view's namespace; 0, under which nothing lies, while it does not exist."""
    return view.namespace_ids.get(view.namespace) or _look_up(view, view.namespace)


def id_of(view: View, name: str) -> int:
    """The number of the namespace `name`; 0 while it does not exist."""
    return view.namespace_ids.get(name) or _look_up(view, name)


def _look_up(view: View, name: str) -> int:
    row = view.get(NAMESPACE, _key_of(name))
    if row is None or not row.id:
        return 0
    if len(view.namespace_ids) >= _IDS_AT_HAND_MAX:
        view.namespace_ids.clear()
    view.namespace_ids[name] = row.id
    return row.id


def standing_of(view: View) -> NamespaceRow:
    """The row of the view's namespace, whether it exists or not."""
    return view.get(NAMESPACE, _key_of(view.namespace)) or NO_NAMESPACE


def version_of(view: View) -> int:
    """How many KV changes the view's namespace has seen, deletions of it included."""
    row = view.get(NAMESPACE, _key_of(view.namespace))
    return row.version if row is not None else 0


def ensure_namespace(tx: Tx) -> NamespaceRow:
    """The command's namespace, made if it does not exist."""
    key = _key_of(tx.namespace)
    row = tx.get(NAMESPACE, key)
    if row is None or not row.id:
        old = row or NO_NAMESPACE
        id = ENGINES_ID if tx.namespace == limits.SYSTEM_NAMESPACE else tx.next_id()
        row = msgspec.structs.replace(
            old, id=id, created_at_ms=tx.now_ms, changes_floor=old.version
        )
        tx.put(NAMESPACE, key, row)
    return row


def put_namespace(tx: Tx, row: NamespaceRow) -> None:
    """Write the row of the command's namespace."""
    tx.put(NAMESPACE, _key_of(tx.namespace), row)


def create(tx: Tx, request: NamespaceCreate) -> bool:
    with tx.within(limits.check_namespace(request.name)):
        is_new = find_namespace(tx) is None
        ensure_namespace(tx)
    return is_new


def configure(tx: Tx, request: NamespaceConfigure) -> NamespaceInfo:
    """What holds from the next change of each key on."""
    with tx.within(limits.check_namespace(request.name)):
        row = ensure_namespace(tx)
        history = row.kv_history if request.kv_history is None else request.kv_history
        limits.check_range("kv_history", history, 1, limits.HISTORY_LIMIT_MAX)
        deleted_ms = row.kv_deleted_ms if request.kv_deleted_ms is None else request.kv_deleted_ms
        limits.check_duration("kv_deleted_ms", deleted_ms)
        row = msgspec.structs.replace(row, kv_history=history, kv_deleted_ms=deleted_ms)
        put_namespace(tx, row)
        return _info(request.name, row)


def _info(name: str, row: NamespaceRow) -> NamespaceInfo:
    return NamespaceInfo(name, row.created_at_ms, row.kv_history, row.kv_deleted_ms)


def delete(tx: Tx, request: NamespaceDelete) -> bool:
    with tx.within(limits.check_namespace(request.name)):
        row = find_namespace(tx)
        if row is None:
            return False
        if not request.force and not reclaim.is_empty(tx, row.id):
            raise ConflictError(
                f"namespace {request.name!r} is not empty; force=True deletes it with all it holds"
            )
        reclaim.owner_gone(tx, reclaim.Owner.NAMESPACE, row.id)
        tx.namespace_ids.pop(tx.namespace, None)
        put_namespace(
            tx,
            NamespaceRow(
                0,
                row.version,
                0,
                changes_floor=row.version,
                deletions=row.deletions + 1,
                deleted_version=row.version,
            ),
        )
        tx.end_waits((request.name, "", ""))
    return True


def list_namespaces(view: View, request: NamespaceList) -> NamespaceListReply:
    def shown(name: str, row: NamespaceRow) -> NamespaceInfo | None:
        return _info(name, row) if row.id and name.encode() != _SYSTEM else None

    return NamespaceListReply(*page_by_name(view, "namespaces", NAMESPACE, None, request, shown))
