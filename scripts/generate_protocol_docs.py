"""Fills the generated sections of docs/protocol.md from the message types.

python -m scripts.generate_protocol_docs
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec
from scripts.message_pack import Names, annotated
from scripts.sections import table, write_sections

from floruntime.core import (
    action,
    console,
    errors,
    jobs,
    kv,
    problem,
    queue,
    stream,
    system,
    token,
    wire,
    worker,
    workflow,
)
from floruntime.core import types as core_types
from floruntime.core.errors import ConflictError
from floruntime.core.framing import frame
from floruntime.core.stream import StreamID
from floruntime.core.types import Command, Query, Request, Value
from floruntime.engine.rules import RULES
from floruntime.server.access.needs import UNSCOPED
from floruntime.server.access.roles import LOWEST, NEEDS

MODULES = {
    "System": system,
    "Token": token,
    "Console": console,
    "Jobs": jobs,
    "KV": kv,
    "Queue": queue,
    "Stream": stream,
    "Action": action,
    "Worker": worker,
    "Workflow": workflow,
}
_PLAIN = {
    int: "int",
    str: "text",
    bytes: "bytes",
    bool: "bool",
    float: "float",
    type(None): "nil",
    Any: "any",
}


# Types as the page writes them


def type_name(kind: Any) -> str:
    """`kind` in the page's words."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == system.BatchCommand:
        return "command"
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return f"[{type_name(arguments[0])}]"
    if origin is dict:
        return f"{{{type_name(arguments[0])}: {type_name(arguments[1])}}}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_name(each) for each in arguments)
    if issubclass(kind, StrEnum):
        return "text"
    return str(kind.__name__)


def _field_text(field: msgspec.structs.FieldInfo) -> str:
    text = f"`{field.encode_name}` {type_name(field.type)}"
    if field.required:
        return text
    default = field.default
    if default is msgspec.NODEFAULT:
        default = typing.cast(Any, field.default_factory)()
    return f"{text} = {_default_text(default)}"


def _default_text(default: object) -> str:
    plain: dict[object, str] = {None: "nil", True: "true", False: "false"}
    if default is None or isinstance(default, bool):
        return plain[default]
    return f'"{default}"' if isinstance(default, str) else str(default).replace("'", '"')


def _fields_text(kind: Any) -> str:
    return ", ".join(map(_field_text, msgspec.structs.fields(kind))) or "(none)"


# Tables


def operations(module: types.ModuleType) -> str:
    """The table of a module's operations, by tag."""
    kinds = [kind for kind in wire.ALL_REQUESTS if kind.__module__ == module.__name__]
    return table(
        ["tag", "operation", "kind", "role", "scope", "fields", "answer"],
        [
            [
                str(_tag(kind)),
                f"`{kind.__name__}`",
                _kind_text(kind),
                LOWEST[kind].value if kind in LOWEST else "",
                _scope_text(kind),
                _fields_text(kind),
                type_name(wire.reply_type(kind)),
            ]
            for kind in sorted(kinds, key=_tag)
        ],
    )


def _tag(kind: type[Request[Any]]) -> int:
    tag = kind.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


def _kind_text(kind: type[Request[Any]]) -> str:
    if kind in wire.SERVER_ONLY:
        return "server only"
    if issubclass(kind, Command):
        return "command, grows" if RULES.commands[kind].grows else "command"
    return "query" if issubclass(kind, Query) else "other"


def _scope_text(kind: type[Request[Any]]) -> str:
    """What a token with scopes needs for it; nothing where such a token may not make it."""
    need = NEEDS.get(kind)
    if need is None or need is UNSCOPED:
        return "each member's" if kind is system.Batch else ""
    return " ".join(f"`{':'.join(use)}`" for use in need.uses) or "any"


def values() -> str:
    """The table of all values that stand in answers."""
    modules = (core_types, problem, *MODULES.values())
    kinds = [kind for module in modules for kind in _values_of(module)]
    rows = [[f"`{kind.__name__}`", _fields_text(kind)] for kind in kinds]
    return table(["value", "fields"], sorted(rows))


def _values_of(module: types.ModuleType) -> Iterable[type[msgspec.Struct]]:
    for kind in vars(module).values():
        is_own = isinstance(kind, type) and kind.__module__ == module.__name__
        if is_own and kind is not Value and issubclass(kind, (Value, StreamID)):
            yield kind


def error_codes() -> str:
    """The table of error codes."""
    kinds = {code: kind for code, kind in errors.BY_CODE.items() if kind is not errors.FloError}
    rows = [
        [f"`{code}`", f"`{kind.__name__}`", " ".join((inspect.getdoc(kind) or "").split())]
        for code, kind in sorted(kinds.items())
    ]
    return table(["code", "in Python", "meaning"], rows)


# Examples


class Example(typing.NamedTuple):
    """A frame, and what its parts are called."""

    frame: bytes
    names: Names


def _request(id: int, number: int, request: Request[Any]) -> Example:
    fields: Names = [f"`{type(request).__name__}`", *request.__struct_fields__]
    names: Names = ["id", "namespace", "write number", ("request", fields)]
    return Example(frame(wire.encode_request(id, "shop", number, request)), names)


def _answer(id: int, result: Any, names: Names | None = None) -> Example:
    return Example(frame(wire.encode_answer(id, result)), ["id", ("result", names or [])])


def _error(id: int, error: errors.FloError) -> Example:
    fields: Names = [*wire.WireError.__struct_fields__]
    return Example(frame(wire.encode_error(id, error)), ["id", "result", ("error", fields)])


def _fields(kind: type[msgspec.Struct], **inner: Names) -> Names:
    return [(name, inner[name]) if name in inner else name for name in kind.__struct_fields__]


EXAMPLES: dict[str, Example] = {
    "hello": _request(1, 0, system.Hello("my-client 1.0", "6e2d1f")),
    "welcome": _answer(
        1,
        system.Welcome("0.1.0", system.ServerLimits(1048576, 5242880, 4096), False),
        _fields(system.Welcome, limits=_fields(system.ServerLimits)),
    ),
    "session-open": _request(2, 0, system.SessionOpen()),
    "session-opened": _answer(2, None),
    "put": _request(3, 1, kv.KvPut("greeting", b"Hello, Flo!")),
    "put-answer": _answer(3, kv.PutResult(1), _fields(kv.PutResult)),
    "get": Example(
        frame(msgspec.msgpack.encode((4, "shop", 0, (1, "greeting")))),
        ["id", "namespace", "write number", ("request", ["`KvGet`", "key"])],
    ),
    "get-answer": _answer(4, b"Hello, Flo!"),
    "put-refused": _request(5, 2, kv.KvPut("greeting", b"Hi", None, 7)),
    "conflict": _error(
        5,
        ConflictError(
            "key 'greeting' is at version 1, and version 7 was expected", current_version=1
        ),
    ),
    "dequeue": _request(6, 3, queue.QueueDequeue("tasks", 1, 30_000, 5_000)),
    "dequeue-answer": _answer(
        6,
        queue.DequeueResult(
            [
                queue.Message(
                    *(1, b"resize", 10, 1, 7, 1_700_000_000_000, 1_700_000_030_000),
                    first_delivered_at_ms=1_700_000_000_500,
                    last_delivered_at_ms=1_700_000_000_500,
                )
            ]
        ),
        _fields(queue.DequeueResult, messages=[("", _fields(queue.Message))]),
    ),
    "ack": _request(7, 4, queue.QueueAck("tasks", [1], [7])),
    "ack-answer": _answer(7, core_types.AckResult([1], []), _fields(core_types.AckResult)),
}


def sections() -> dict[str, str]:
    """Every generated section of the page."""
    found = {f"{name.lower()}-operations": operations(of) for name, of in MODULES.items()}
    found |= {"values": values(), "errors": error_codes()}
    for name, example in EXAMPLES.items():
        found[f"example-{name}"] = f"```text\n{annotated(*example)}\n```"
    return found


if __name__ == "__main__":
    write_sections("protocol.md", sections())
