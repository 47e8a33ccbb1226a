"""Fields that are left out of a request, so that servers older than the sender accept it.

A server refuses a request with more fields than it knows, so that it never drops an option that it
does not understand. Fields are only ever appended. So a field that was appended since the first
release is sent only if its value is not the default. With the default it says what an older server
does anyway.
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
"""For each request with appended fields: how many fields it had at first."""


def _appended(kind: type[Request[Any]], first: int) -> tuple[tuple[str, Any], ...]:
    """The names and defaults of the appended fields, the last one first."""
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
    """Return the request to send: without those of its last fields that have their defaults."""
    kind = type(request)
    if kind is system.Batch:
        return replace(request, commands=[*map(without_needless, request.commands)])
    needless = 0
    for name, default in _APPENDED[kind]:
        value = getattr(request, name)
        if value is not default and not _says_the_same(value, default):
            break
        needless += 1
    if not needless:
        return request
    return (kind.__struct_config__.tag, *astuple(request)[:-needless])


def _says_the_same(value: Any, default: Any) -> bool:
    """Whether it is the default, not only equal to it: 0 for `False` travels, to be refused."""
    return value == default and (type(value) is type(default) or isinstance(value, str))
