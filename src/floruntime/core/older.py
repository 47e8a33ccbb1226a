"""What is left out of a request for servers that are older than whoever sends it.

A server refuses a request with more fields than it knows, so that it drops no option that it does
not understand. Fields are only ever appended, so what was appended to a request since the first
release is sent only where something is asked by it: as it is by default, it says what an older
server does anyhow.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import NODEFAULT
from msgspec.structs import astuple, fields, replace

from floruntime.core import action, kv, queue, stream, system, token, worker, workflow
from floruntime.core.types import Request

FIRST_FIELDS: Final[dict[type[Request[Any]], int]] = {
    system.Ping: 0,
    token.TokenCreate: 6,
    kv.KvDelete: 2,
    kv.KvChanges: 5,
    queue.QueueEnqueue: 5,
    queue.QueueDequeue: 5,
    queue.QueueConfigure: 5,
    stream.StreamAppend: 5,
    stream.GroupCreate: 7,
    stream.GroupRead: 6,
    action.ActionRegister: 8,
    action.ActionInvoke: 7,
    action.ActionListRuns: 4,
    action.ActionCall: 8,
    worker.WorkerTouch: 4,
    workflow.WorkflowStart: 5,
    workflow.WorkflowListRuns: 5,
}
"""Of the requests to which anything was appended since: how many fields they had at first."""


def _appended(kind: type[Request[Any]], first: int) -> tuple[tuple[str, Any], ...]:
    """Their names and defaults, the last one first."""
    return tuple(
        (field.name, field.default if field.default is not NODEFAULT else field.default_factory())
        for field in reversed(fields(kind)[first:])
    )


class _AllAppended(dict[type[Request[Any]], tuple[tuple[str, Any], ...]]):
    """That of each kind of request, once it is sent."""

    def __missing__(self, kind: type[Request[Any]]) -> tuple[tuple[str, Any], ...]:
        first = FIRST_FIELDS.get(kind)
        appended = self[kind] = () if first is None else _appended(kind, first)
        return appended


_APPENDED = _AllAppended()


def without_needless(request: Any) -> Any:
    """The request as it travels: without those of its last fields that say nothing."""
    kind = type(request)
    if kind is system.Batch:
        return replace(request, commands=[*map(without_needless, request.commands)])
    needless = 0
    for name, default in _APPENDED[kind]:
        if getattr(request, name) != default:
            break
        needless += 1
    if not needless:
        return request
    return (kind.__struct_config__.tag, *astuple(request)[:-needless])
