"""Whether an answer of now still says what an answer of then said."""

from __future__ import annotations

import types
import typing
from typing import Any

import msgspec

from floruntime.core import wire
from floruntime.core.system import Batch
from floruntime.core.types import Request

VARYING = {
    "server_version",
    "uptime_ms",
    "connections",
    "commands_total",
    "changes_total",
    "history",
}
"""Fields that are another server's own business."""
PROSE = {"message"}
"""Fields whose words may be put better."""


def kind_of_reply(request: Request[Any]) -> Any:
    """The type of what answers `request`; of a batch, a list of types."""
    if isinstance(request, Batch):
        return [wire.reply_type(type(command)) for command in request.commands]
    return wire.reply_type(type(request))


def difference(kind: Any, then: bytes, now: bytes) -> str | None:
    """What the answer of now, of type `kind`, says otherwise; `None` where it says the same.

    Fields may have been appended. What a message says for people to read may be said better.
    """
    old, new = msgspec.msgpack.decode(then), msgspec.msgpack.decode(now)
    if len(old) != len(new):
        return f"{old} is now {new}"
    if len(old) == 3:  # a refusal
        kind = None
    return _items_differ("", old, new, [int, kind, wire.WireError][: len(old)])


def result_difference(request: Request[Any], then: bytes, now: bytes) -> str | None:
    """What the result of `request` says otherwise than then; fields may be appended."""
    old, new = msgspec.msgpack.decode(then), msgspec.msgpack.decode(now)
    return _differ("", old, new, kind_of_reply(request))


def request_difference(request: Request[Any], then: list[Any], now: list[Any]) -> str | None:
    """What `request`, as it is written now, says otherwise than then; fields may be appended."""
    if isinstance(request, Batch):
        commands = zip(request.commands, then[1], now[1], strict=True)
        found = (request_difference(*each) for each in commands)
        return next((each for each in found if each), None)
    if then[0] != now[0]:
        return f"tag {then[0]} is now {now[0]}"
    return _differ("", then[1:], now[1:], type(request))


def _differ(where: str, then: Any, now: Any, kind: Any) -> str | None:
    if not (isinstance(then, list) and isinstance(now, list)):
        return None if then == now else f"{where}: {then!r} is now {now!r}"
    if isinstance(kind, list):
        return _items_differ(where, then, now, kind)
    struct = _struct_of(kind)
    if struct is None:
        [of] = typing.get_args(_present(kind)) or [Any]
        return _items_differ(where, then, now, [of] * len(then))
    if len(now) < len(then):
        return f"{where}: {struct.__name__} has lost fields: {now!r}"
    for field, each, other in zip(msgspec.structs.fields(struct), then, now, strict=False):
        found = _differ(f"{where}.{field.name}", each, other, field.type)
        if found and not _may_change(struct, field.name):
            return found
    return None


def _items_differ(where: str, then: list[Any], now: list[Any], kinds: list[Any]) -> str | None:
    if len(then) != len(now):
        return f"{where}: {len(then)} items are now {len(now)}"
    for place, (each, other, kind) in enumerate(zip(then, now, kinds, strict=True)):
        if found := _differ(f"{where}[{place}]", each, other, kind):
            return found
    return None


def _may_change(struct: type[Any], field: str) -> bool:
    if struct.__name__ == "ServerInfo" and field == "version":
        return True
    return field in VARYING or field in PROSE


def _present(kind: Any) -> Any:
    """`kind` without its `None`."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        [kind] = [each for each in typing.get_args(kind) if each is not type(None)]
    return kind


def _struct_of(kind: Any) -> type[Any] | None:
    present = None if isinstance(kind, list) else _present(kind)
    is_struct = isinstance(present, type) and issubclass(present, msgspec.Struct)
    return present if is_struct else None
