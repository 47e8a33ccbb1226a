"""How the types of `floruntime.core` are written in TypeScript.

An `int` is a `bigint` where it names a version, a message, a lease, a place in a stream, the value
of a counter or a moment (`is_big`), because those are compared and sent back and may pass 2^53.
Everything else that is counted (durations, limits, attempts, sizes) is a `number`. What a caller
gives may be either (`Integer`).
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Container
from enum import StrEnum
from typing import Any

import msgspec

from floruntime.core import system
from floruntime.core.stream import StreamID
from floruntime.core.types import Request

BIG_NAMES = {
    *("version", "cas_version", "from_version", "first_version", "current_version"),
    *("seq", "seqs", "lease", "leases", "offset", "delta", "sequence", "done", "failed", "stale"),
    *("timestamp_ms", "last_heartbeat_ms"),
}
BIG_REPLIES = {"QueueEnqueue", "KvIncr"}
"""Requests that are answered with seqs or with a counter's value."""
_SCALARS = {
    str: ("text", "string"),
    bytes: ("bytes", "Uint8Array"),
    bool: ("bool", "boolean"),
    float: ("decimal", "number"),
    type(None): ("nil", "null"),
    Any: ("any", "unknown"),
}
_BIG = ("big", "bigint")
_BIG_INPUT = ("big", "Integer")
_INT = ("int", "number")
_INT_INPUT = ("int", "Integer")


def camel(name: str) -> str:
    """`block_ms` as JavaScript writes it: `blockMs`."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def is_big(field: msgspec.structs.FieldInfo) -> bool:
    """Whether integers of this field may pass 2^53, or belong to those that may."""
    if field.name in ("done", "failed"):  # seqs, or how many are
        return field.type is not int
    return field.name in BIG_NAMES or field.name.endswith("_at_ms")


class Written(typing.NamedTuple):
    """A type: the schema that carries it over the wire, and its TypeScript."""

    schema: str
    typescript: str


def written(kind: Any, *, big: bool, is_input: bool = False) -> Written:
    """`kind` in TypeScript; `big`: its integers are `bigint`s; `is_input`: or numbers, too."""
    if kind is int:
        return Written(*_integer(big, is_input))
    if kind in _SCALARS:
        return Written(*_SCALARS[kind])
    if kind == system.BatchCommand:
        return Written("commands", "Request<unknown>")
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return _list_of(arguments[0], big, is_input)
    if origin is dict and arguments[1] is str:
        return Written("texts", "Readonly<Record<string, string>>")
    if origin is dict and arguments[1] is int:
        return Written("counts", "Readonly<Record<string, number>>")
    if origin is dict:
        return Written("scalars", "Readonly<Record<string, Scalar>>")
    if origin in (typing.Union, types.UnionType):
        return _nullable(arguments, big, is_input)
    return Written(_schema_name(kind), kind.__name__)


def _integer(big: bool, is_input: bool) -> tuple[str, str]:
    if big:
        return _BIG_INPUT if is_input else _BIG
    return _INT_INPUT if is_input else _INT


def _list_of(item: Any, big: bool, is_input: bool) -> Written:
    inner = written(item, big=big, is_input=is_input)
    schema = inner.schema if inner.schema == "commands" else f"list({inner.schema})"
    name = f"({inner.typescript})" if "|" in inner.typescript else inner.typescript
    return Written(schema, f"readonly {name}[]" if is_input else f"{name}[]")


def _nullable(arguments: tuple[Any, ...], big: bool, is_input: bool) -> Written:
    kinds = [each for each in arguments if each is not type(None)]
    if len(kinds) != 1 or len(arguments) != 2:
        raise TypeError(f"{arguments} cannot be written: only `T | None` is known")
    inner = written(kinds[0], big=big, is_input=is_input)
    return Written(f"nullable({inner.schema})", f"{inner.typescript} | null")


def _schema_name(kind: Any) -> str:
    if kind is StreamID:
        return "streamId"
    if issubclass(kind, StrEnum):
        return f"choice<{kind.__name__}>({kind.__name__})"
    assert issubclass(kind, msgspec.Struct), kind
    return f"{kind.__name__}Schema"


def default_of(field: msgspec.structs.FieldInfo) -> str:
    """The default of a field that has one."""
    value = field.default
    if value is msgspec.NODEFAULT:
        value = typing.cast(Any, field.default_factory)()
    return literal(value, big=is_big(field))


def literal(value: Any, *, big: bool) -> str:
    """A default as TypeScript writes it."""
    plain: dict[Any, str] = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return plain[value]
    if isinstance(value, str):
        return f'"{value!s}"'
    if isinstance(value, int):
        return f"{value}n" if big else str(value)
    if isinstance(value, bytes):
        return f'bytesOf("{value.decode("ascii")}")' if value else "NO_BYTES"
    if isinstance(value, msgspec.Struct):
        parts = [
            f"{camel(each.name)}: {literal(getattr(value, each.name), big=is_big(each))}"
            for each in msgspec.structs.fields(type(value))
        ]
        return f"{{ {', '.join(parts)} }}"
    if value in ({}, []):
        return str(value)
    raise TypeError(f"the default {value!r} cannot be written")


def comment(kind: type[Any], indent: str = "") -> str:
    """The docstring as a TypeScript comment; names in backticks in camel case. Empty: none."""
    own = vars(kind).get("__doc__")
    if not own or own.startswith(f"{kind.__name__}("):
        return ""
    members: Container[str] = getattr(kind, "__members__", {})
    text = re.sub(r"`(\w+)`", lambda found: f"`{_name(found[1], members)}`", own.strip())
    text = text.replace("`None`", "`null`").replace("*/", "*\\/")  # which would end it
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"


def _name(word: str, members: Container[str]) -> str:
    """A name of Python as JavaScript writes it; members of an enum begin with a capital."""
    return word.title().replace("_", "") if word in members else camel(word)


def inner_types(kind: Any) -> typing.Iterator[Any]:
    """The structs and enums that the type `kind` is made of, itself included."""
    arguments = typing.get_args(kind)
    for argument in arguments:
        yield from inner_types(argument)
    if isinstance(kind, type) and not arguments:
        is_own = issubclass(kind, (msgspec.Struct, StrEnum)) and not issubclass(kind, Request)
        if is_own:
            yield kind
