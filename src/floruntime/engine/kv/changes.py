"""The changes of a namespace's keys by version: what a watch reads, and how it waits."""

from __future__ import annotations

from typing import Final

import msgspec

from floruntime.core import limits
from floruntime.core.errors import GapError
from floruntime.core.kv import KvChange, KvChanges, KvChangesReply
from floruntime.engine.kv.rows import KV_CHANGE
from floruntime.engine.state.dispatch import WaitRule
from floruntime.engine.state.tx import Topic, View
from floruntime.engine.system import eras
from floruntime.engine.system.namespaces import NamespaceRow, standing_of, version_of

SCANNED_ROWS_MAX = 10_000
"""Changes that one page looks at: a page in which few match ends early, with `more`."""


def changes(view: View, request: KvChanges) -> KvChangesReply:
    limit = limits.check_limit(request.limit)
    limits.check_block(request.block_ms)
    limits.check_prefix("key", request.key) if request.prefix else limits.check_key(request.key)
    limits.check_optional("from_version", request.from_version, 0, limits.UINT_MAX)
    namespace = standing_of(view)
    since = _since(namespace, request)
    if request.from_version is None:
        return KvChangesReply([], since, generation=namespace.deletions)
    if since == request.from_version:
        _check_deletion(view, namespace, request.generation, since)
    if since < namespace.changes_floor:
        raise GapError(
            f"changes after version {since} are no longer kept; the first version to watch from "
            f"is {namespace.changes_floor}",
            first_version=namespace.changes_floor,
        )
    _check_history(view, namespace, since)
    return _changes_after(view, request, namespace, since, limit)


def _since(namespace: NamespaceRow, request: KvChanges) -> int:
    """The version that is meant. Right after a deletion, a gap's `first_version` means now."""
    since, version = request.from_version, namespace.version
    if namespace.deletions and since == version + 1 == namespace.deleted_version + 1:
        return version
    return version if since is None else since


def _check_deletion(
    view: View, namespace: NamespaceRow, generation: int | None, since: int
) -> None:
    """Refuse to go on from before a deletion of the namespace, which took all keys with it."""
    is_before = generation is not None and generation != namespace.deletions
    if is_before and since <= namespace.deleted_version:
        raise GapError(
            f"namespace {view.namespace!r} was deleted after version {since}, and its keys with "
            "it; read what there is and watch again",
            first_version=namespace.deleted_version + 1,
        )


def _check_history(view: View, namespace: NamespaceRow, since: int) -> None:
    """Refuse a version that was given in a history which this state has not seen."""
    floor = eras.floor_above(view, since)
    if floor and since > _last_before(view, namespace, floor):
        raise GapError(
            f"version {since} {eras.told(view)}; read what there is and watch again",
            first_version=floor,
        )


def _last_before(view: View, namespace: NamespaceRow, floor: int) -> int:
    """The last version that this state gave before the history whose numbers begin at `floor`."""
    if namespace.version < floor:
        return namespace.version
    start, end = KV_CHANGE.range(namespace.id)[0], KV_CHANGE.key(namespace.id, floor)
    for at, _ in view.scan(KV_CHANGE, start, end, reverse=True):
        return KV_CHANGE.unpack(at)[1]
    return namespace.changes_floor


def _changes_after(
    view: View, request: KvChanges, namespace: NamespaceRow, since: int, limit: int
) -> KvChangesReply:
    found: list[KvChange] = []
    owner, generation = namespace.id, namespace.deletions
    bytes_left = limits.REPLY_BYTES_MAX
    start, end = KV_CHANGE.key(owner, since + 1), KV_CHANGE.range(owner)[1]
    for scanned, (at, row) in enumerate(view.scan(KV_CHANGE, start, end)):
        if len(found) == limit or bytes_left <= 0 or scanned == SCANNED_ROWS_MAX:
            return KvChangesReply(found, since, True, generation)
        since = KV_CHANGE.unpack(at)[1]
        if row.key.startswith(request.key) if request.prefix else row.key == request.key:
            found.append(KvChange(row.key, row.value, since, row.deleted))
            bytes_left -= len(row.value)
    return KvChangesReply(found, since, generation=generation)


# Waiting


def _topics(namespace: str, request: KvChanges) -> tuple[Topic]:
    return ((namespace, "kv", "" if request.prefix else request.key),)


def _pin_version(view: View, request: KvChanges) -> KvChanges:
    namespace = standing_of(view)
    return msgspec.structs.replace(
        request, from_version=_since(namespace, request), generation=namespace.deletions
    )


def _move_version(view: View, request: KvChanges) -> KvChanges:
    """Go on from the present, so that what other keys change meanwhile opens no gap."""
    version = max(request.from_version or 0, version_of(view))
    return msgspec.structs.replace(request, from_version=version)


def _has_changes(answer: KvChangesReply) -> bool:
    return bool(answer.changes) or answer.more


CHANGES_WAIT: Final = WaitRule(_topics, _has_changes, begin=_pin_version, renew=_move_version)
