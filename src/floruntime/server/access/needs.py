"""What a request needs of a token that has scopes.

A *need* gets the scopes, the request and a look at the state. It returns the request as it may be
made, or raises the refusal. A run that the token may not see looks like one that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace

from floruntime.core.errors import FloError, ForbiddenError
from floruntime.core.kv import KvChanges, KvDeletePrefix, KvScan
from floruntime.core.limits import shown
from floruntime.core.operation_names import operation_of
from floruntime.core.types import Request
from floruntime.core.worker import WorkerExchange, WorkerHeartbeat, WorkerRegister, WorkerTurn
from floruntime.server.access.scopes import Scopes

_NO_RUN = "run-0"
"""What no run has for an id: results and news of it are stale."""


class Looks(Protocol):
    """What is asked of the state; see `look.py`."""

    def owner_of(self, primitive: str, run_id: str, /) -> str | None: ...
    def unknown(self, primitive: str, run_id: str, /) -> FloError: ...
    def actions_of(self, worker_id: str, /) -> list[str]: ...
    def is_audit(self, stream: str, /) -> bool: ...
    def is_engines(self, stream: str, group: str, /) -> bool: ...


class Need(NamedTuple):
    """`uses`: which actions of which primitives it can ever need, for the table of scopes."""

    judge: Callable[[Scopes, Any, Looks], Request[Any]]
    uses: frozenset[tuple[str, str]] = frozenset()


def _need(action: str, primitive: str, judge: Callable[[Scopes, Any, Looks], Request[Any]]) -> Need:
    return Need(judge, frozenset({(action, primitive)}))


def _require(scopes: Scopes, action: str, primitive: str, name: str) -> None:
    if not scopes.allow(action, primitive, name):
        raise ForbiddenError(f"no scope of this token is for {action}:{primitive} of {shown(name)}")


# Requests without a name


def _as_it_is(scopes: Scopes, request: Any, look: Looks) -> Request[Any]:
    granted: Request[Any] = request
    return granted


def _only_unscoped(scopes: Scopes, request: Any, look: Looks) -> Request[Any]:
    raise ForbiddenError(
        f"{operation_of(type(request))} cannot be called with a token that has scopes; it "
        "needs a token without scopes"
    )


CONNECTION = Need(_as_it_is)
"""It is about the connection alone, or what is at the other end of it."""
JUDGED_BY_ITSELF = Need(_as_it_is)
"""Whoever carries it out looks at the scopes."""
UNSCOPED = Need(_only_unscoped)
"""It names nothing that scopes name."""


def listing(primitive: str) -> Need:
    """It lists names: the engine shows only those that may be read."""
    return _need("read", primitive, _as_it_is)


# Requests with names


def named(action: str, primitive: str, field: str) -> Need:
    """It is about what the field names."""

    def judge(scopes: Scopes, request: Any, look: Looks) -> Request[Any]:
        _require(scopes, action, primitive, getattr(request, field))
        return _as_it_is(scopes, request, look)

    return _need(action, primitive, judge)


def named_alone(action: str, primitive: str, field: str) -> Need:
    """It is about what the field names; about all there are only without scopes."""

    def judge(scopes: Scopes, request: Any, look: Looks) -> Request[Any]:
        name = getattr(request, field)
        if name is None:
            raise ForbiddenError(
                f"no scope of this token is for {action}:{primitive} of every {primitive}; "
                f"name one {primitive}"
            )
        _require(scopes, action, primitive, name)
        return _as_it_is(scopes, request, look)

    return _need(action, primitive, judge)


def each_named(action: str, primitive: str, field: str) -> Need:
    """It is about each that the field lists."""

    def judge(scopes: Scopes, request: Any, look: Looks) -> Request[Any]:
        _require_each(scopes, action, primitive, getattr(request, field))
        return _as_it_is(scopes, request, look)

    return _need(action, primitive, judge)


def _require_each(scopes: Scopes, action: str, primitive: str, names: Iterable[str]) -> None:
    for name in dict.fromkeys(names):
        _require(scopes, action, primitive, name)


def runs_listed(primitive: str, field: str) -> Need:
    """It lists the runs of the one that the field names, or of all that may be read."""

    def judge(scopes: Scopes, request: Any, look: Looks) -> Request[Any]:
        name = getattr(request, field)
        if name is not None:
            _require(scopes, "read", primitive, name)
        return _as_it_is(scopes, request, look)

    return _need("read", primitive, judge)


def run_of(action: str, primitive: str) -> Need:
    """It is about a run, and so about its action or workflow."""

    def judge(scopes: Scopes, request: Any, look: Looks) -> Request[Any]:
        if not _is_owned(scopes, action, primitive, look, request.run_id):
            raise look.unknown(primitive, request.run_id)
        return _as_it_is(scopes, request, look)

    return _need(action, primitive, judge)


def _is_owned(scopes: Scopes, action: str, primitive: str, look: Looks, run_id: str) -> bool:
    owner = look.owner_of(primitive, run_id)
    return owner is not None and scopes.allow(action, primitive, owner)


def _prefix(scopes: Scopes, prefix: str, verb: str = "read") -> None:
    if not scopes.allow_prefix(verb, "kv", prefix):
        raise ForbiddenError(
            f"no scope of this token is for {verb}:kv of all keys that begin with "
            f"{shown(prefix)}; give a prefix that lies within one of its scopes"
        )


def _scan(scopes: Scopes, request: KvScan, look: Looks) -> Request[Any]:
    _prefix(scopes, request.prefix)
    return request


def _delete_prefix(scopes: Scopes, request: KvDeletePrefix, look: Looks) -> Request[Any]:
    _prefix(scopes, request.prefix, "write")
    return request


def _changes(scopes: Scopes, request: KvChanges, look: Looks) -> Request[Any]:
    if request.prefix:
        _prefix(scopes, request.key)
    else:
        _require(scopes, "read", "kv", request.key)
    return request


KEYS_SCANNED = _need("read", "kv", _scan)
KEYS_DELETED = _need("write", "kv", _delete_prefix)
KEYS_WATCHED = _need("read", "kv", _changes)


# Groups


def refuse_engines(request: Any, look: Looks) -> None:
    """Refuse a call of a group that the engine itself reads."""
    group = getattr(request, "group", None)
    if group is not None and look.is_engines(request.stream, group):
        raise ForbiddenError(
            f"group {shown(group)} of stream {shown(request.stream)} belongs to a "
            "workflow's trigger; only the trigger may use it"
        )


def _group(scopes: Scopes, request: Any, look: Looks) -> Request[Any]:
    _require(scopes, "group", "stream", request.stream)
    refuse_engines(request, look)
    return _as_it_is(scopes, request, look)


GROUP = _need("group", "stream", _group)


# Workers: what they take runs of, and the runs that they have


def _register(scopes: Scopes, request: WorkerRegister, look: Looks) -> Request[Any]:
    before = look.actions_of(request.worker_id)
    _require_each(scopes, "write", "action", [*request.actions, *before])
    return request


def _of_worker(scopes: Scopes, request: Any, look: Looks) -> Request[Any]:
    _require_each(scopes, "write", "action", look.actions_of(request.worker_id))
    return _as_it_is(scopes, request, look)


def _heartbeat(scopes: Scopes, request: WorkerHeartbeat, look: Looks) -> Request[Any]:
    _of_worker(scopes, request, look)
    own = [id for id in request.running if _is_owned(scopes, "write", "action", look, id)]
    return replace(request, running=own)


def _turn(scopes: Scopes, request: WorkerTurn | WorkerExchange, look: Looks) -> Request[Any]:
    _require_each(scopes, "write", "action", request.actions)
    told = replace(request, results=_own(scopes, request.results, look))
    if isinstance(told, WorkerTurn):
        return replace(told, begun=_own(scopes, told.begun, look))
    return told


def _own(scopes: Scopes, news: list[Any], look: Looks) -> list[Any]:
    """The same, where what is told of others' runs, or of none, is about no run."""
    return [
        one
        if _is_owned(scopes, "write", "action", look, one.run_id)
        else replace(one, run_id=_NO_RUN)
        for one in news
    ]


WORKER_REGISTERED = _need("write", "action", _register)
WORKER = _need("write", "action", _of_worker)
WORKER_HEARTBEAT = _need("write", "action", _heartbeat)
WORKER_TURN = _need("write", "action", _turn)
