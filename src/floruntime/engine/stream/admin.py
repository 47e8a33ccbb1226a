"""Making, changing, showing and deleting streams."""

from __future__ import annotations

import msgspec

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.stream import (
    StreamAlter,
    StreamCreate,
    StreamDelete,
    StreamGetInfo,
    StreamInfo,
    StreamList,
    StreamListReply,
)
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.stream.retention import (
    apply_cut,
    arm_retention,
    disarm_retention,
    limits_cut,
    tell_groups,
    visible_cut,
)
from floruntime.engine.stream.rows import (
    STREAM,
    StreamRow,
    check_not_engines,
    external,
    external_or_none,
    find_stream,
    put_state,
    records_between,
    state_of,
    the_stream,
)
from floruntime.engine.system import reclaim
from floruntime.engine.system.namespaces import ensure_namespace, namespace_id

_LIMITS = ("max_age_ms", "max_records", "max_bytes")


def create(tx: Tx, request: StreamCreate) -> StreamInfo:
    """Make the stream. One that exists with the same settings is left as it is."""
    limits.check_range("partitions", request.partitions, 1, limits.PARTITIONS_MAX)
    _check_limits(request)
    wanted = StreamRow(
        0, request.partitions, request.max_age_ms, request.max_records, request.max_bytes
    )
    stream = find_stream(tx, request.stream)
    check_not_engines(request.stream, stream)
    if stream is None:
        stream = msgspec.structs.replace(wanted, id=tx.next_id())
        tx.put(STREAM, _key(tx, request.stream), stream)
    elif msgspec.structs.replace(stream, id=0) != wanted:
        raise ConflictError(
            f"stream {request.stream!r} exists with other settings: {_shown(stream)}; "
            "alter() changes its limits; its partitions cannot be changed"
        )
    return info_of(tx, request.stream, stream)


def _key(tx: Tx, name: str) -> bytes:
    return STREAM.key(ensure_namespace(tx).id, tail=name.encode())


def _shown(stream: StreamRow) -> str:
    return (
        f"partitions={stream.partitions}, max_age_ms={stream.max_age_ms}, "
        f"max_records={stream.max_records}, max_bytes={stream.max_bytes}"
    )


def _check_limits(request: StreamCreate | StreamAlter) -> None:
    limits.check_optional("max_age_ms", request.max_age_ms, 1, limits.DURATION_MS_MAX)
    limits.check_optional("max_records", request.max_records, 1, limits.UINT_MAX)
    limits.check_optional("max_bytes", request.max_bytes, 1, limits.UINT_MAX)


def alter(tx: Tx, request: StreamAlter) -> StreamInfo:
    """Set the limits; they hold from this commit on."""
    _check_limits(request)
    before = the_stream(tx, request.stream)
    check_not_engines(request.stream, before)
    request = _with_unchanged(request, before)
    state = state_of(tx, before).copy()
    # What the old age limit had taken from readers does not come back with a longer one.
    apply_cut(tx, before, state, visible_cut(tx, before, state))
    disarm_retention(tx, before, state)
    stream = msgspec.structs.replace(
        before,
        max_age_ms=request.max_age_ms,
        max_records=request.max_records,
        max_bytes=request.max_bytes,
    )
    tx.put(STREAM, _key(tx, request.stream), stream)
    apply_cut(tx, stream, state, limits_cut(tx, stream, state))
    owner = ensure_namespace(tx).id
    tell_groups(tx, stream, state, owner, request.stream)
    arm_retention(tx, stream, state, owner, request.stream)
    put_state(tx, stream, state)
    return info_of(tx, request.stream, stream)


def _with_unchanged(request: StreamAlter, stream: StreamRow) -> StreamAlter:
    kept: dict[str, int | None] = {}
    for name in request.unchanged:
        if name not in _LIMITS:
            raise BadRequestError(
                f"unchanged names {limits.shown(name)}; the limits are {', '.join(_LIMITS)}"
            )
        kept[name] = getattr(stream, name)
    return msgspec.structs.replace(request, **kept)


def info_of(view: View, name: str, stream: StreamRow) -> StreamInfo:
    """The stream as a reader sees it now."""
    state = state_of(view, stream)
    begins = visible_cut(view, stream, state)
    first = next((id for id, _ in records_between(view, stream.id, begins.floor)), None)
    return StreamInfo(
        name,
        stream.partitions,
        state.next_ordinal - begins.ordinal,
        state.total_bytes - begins.bytes_before,
        external(first) if first is not None else None,
        external_or_none(state.last),
        stream.max_age_ms,
        stream.max_records,
        stream.max_bytes,
    )


def get_info(view: View, request: StreamGetInfo) -> StreamInfo:
    return info_of(view, request.stream, the_stream(view, request.stream))


def list_streams(view: View, request: StreamList) -> StreamListReply:
    def shown(name: str, row: StreamRow) -> StreamInfo | None:
        return None if row.is_engines else info_of(view, name, row)

    owner = namespace_id(view)
    return StreamListReply(
        *page_by_name(view, "streams", STREAM, owner, request, shown, primitive="stream")
    )


def delete(tx: Tx, request: StreamDelete) -> bool:
    """Unlink the stream and with it its groups; ticks give the space back."""
    stream = find_stream(tx, request.stream)
    if stream is None:
        return False
    check_not_engines(request.stream, stream)
    state = state_of(tx, stream)
    kept = state.next_ordinal - visible_cut(tx, stream, state).ordinal
    if kept and not request.force:
        raise ConflictError(
            f"stream {request.stream!r} holds {kept} records; force=True deletes it with them"
        )
    tx.delete(STREAM, _key(tx, request.stream))
    reclaim.owner_gone(tx, reclaim.Owner.STREAM, stream.id)
    tx.end_waits((tx.namespace, "stream", request.stream))
    return True
