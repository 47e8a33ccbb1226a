"""Converts JSON values to the types of the Python API, and gives their JSON Schema.

Each type says which kinds of JSON values it accepts, and how it reads each. Numbers stay exact:
what is passed on as JSON is passed on as its text.
"""

from __future__ import annotations

import binascii
import collections.abc
import types
import typing
from base64 import b64decode
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

import msgspec

from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.limits import shown
from floruntime.core.stream import StreamID

Take = Callable[[str, msgspec.Raw], Any]
"""Reads a value of a field; the field's name is for error messages."""

KINDS = {"string": "text", "number": "a number", "boolean": "true or false", "null": "null"}
KINDS |= {"array": "a list", "object": "an object"}
_FIRST = {'"': "string", "{": "object", "[": "array", "t": "boolean", "f": "boolean", "n": "null"}
BASE64 = "base64"
_LISTS = (list, collections.abc.Iterable, collections.abc.Sequence)
_MAPPINGS = (dict, collections.abc.Mapping)


def kind_of(raw: msgspec.Raw) -> str:
    """The kind of a JSON value."""
    return _FIRST.get(chr(bytes(raw).lstrip()[0]), "number")


def take(hint: Any, field: str, raw: msgspec.Raw) -> Any:
    """Convert a value of `field` to the API's type. Raises `BadRequestError`."""
    takes = takes_of(hint)
    kind = kind_of(raw)
    taken = takes.get(kind)
    if taken is None:
        wanted = " or ".join(KINDS[each] for each in takes)
        raise BadTypeError(f"{field} is {_shown(raw)}; it must be {wanted}")
    return taken(field, raw)


@lru_cache(maxsize=1024)
def takes_of(hint: Any) -> Mapping[str, Take]:
    """For each kind of JSON value that this type accepts: how it is read."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if origin in _LISTS:
        return {"array": lambda field, raw: _list(arguments[0], field, raw)}
    if origin in _MAPPINGS:
        return {"object": lambda field, raw: _mapping(arguments[1], field, raw)}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"string": lambda field, raw: _enum(hint, field, raw)}
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return {"object": lambda field, raw: _struct(hint, field, raw)}
    return _ANY


def is_payload(hint: Any) -> bool:
    """Whether a value of this type is bytes, for which any JSON value may stand."""
    return bytes in typing.get_args(hint) or hint is bytes


def _union(arguments: tuple[Any, ...]) -> Mapping[str, Take]:
    if bytes in arguments:
        null = {"null": _none} if type(None) in arguments else {}
        return {**_PAYLOAD, **null}
    left_out = {msgspec.UnsetType, *((int,) if float in arguments else ())}
    arguments = tuple(each for each in arguments if each not in left_out)
    # Plain text comes last, because it accepts any text: the API itself checks its form.
    ordered = sorted(arguments, key=lambda each: each is str)
    return {kind: taken for each in ordered for kind, taken in takes_of(each).items()}


def bytes_in(raw: msgspec.Raw, field: str) -> bytes | None:
    """The bytes that `{"base64": "…"}` stands for; `None` for anything else."""
    if kind_of(raw) != "object" or BASE64.encode() not in bytes(raw):
        return None
    members = _decoded(field, raw, dict[str, msgspec.Raw])
    if set(members) != {BASE64}:
        return None
    text = _decoded(f"{field}.{BASE64}", members[BASE64], str)
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequestError(f"{field}.{BASE64} is {shown(text)}; it must be base64") from None


def _payload(field: str, raw: msgspec.Raw) -> bytes:
    """Text as UTF-8, base64 as what it stands for, any other value as its JSON text."""
    if kind_of(raw) == "string":
        text: str = _decoded(field, raw, str)
        try:
            return text.encode()
        except UnicodeEncodeError:
            raise BadRequestError(
                f"{field} has half a character (a lone surrogate), which UTF-8 cannot encode"
            ) from None
    found = bytes_in(raw, field)
    return bytes(raw) if found is None else found


def _any(field: str, raw: msgspec.Raw) -> Any:
    """For a parameter of any type: text, bytes and `None` stay such, others stay JSON text."""
    if kind_of(raw) == "string":
        return _decoded(field, raw, str)
    found = bytes_in(raw, field)
    return msgspec.Raw(bytes(raw)) if found is None else found


def _none(field: str, raw: msgspec.Raw) -> None:
    _decoded(field, raw, None)


def _list(item: Any, field: str, raw: msgspec.Raw) -> list[Any]:
    members = _decoded(field, raw, list[msgspec.Raw])
    return [take(item, f"{field}[{index}]", member) for index, member in enumerate(members)]


def _mapping(item: Any, field: str, raw: msgspec.Raw) -> dict[str, Any]:
    members = _decoded(field, raw, dict[str, msgspec.Raw])
    return {name: take(item, f"{field}.{name}", member) for name, member in members.items()}


def _enum(kind: type[Enum], field: str, raw: msgspec.Raw) -> Enum:
    text = _decoded(field, raw, str)
    for member in kind:
        if text in (member.value, member.name.lower()):
            return member
    names = " or ".join(str(member.value) for member in kind)
    raise BadRequestError(f"{field} is {shown(text)}; it must be {names}")


NEEDED = ("seq", "id", "run_id")
"""The fields that a delivery must have. A lease that is left out is 0: that of an operator."""


def _struct(kind: type[msgspec.Struct], field: str, raw: msgspec.Raw) -> msgspec.Struct:
    """A message, record or task, as an answer had it. Fields left out get an empty value."""
    members = _decoded(field, raw, dict[str, msgspec.Raw])
    values: dict[str, Any] = {}
    for each in msgspec.structs.fields(kind):
        if each.name in members:
            values[each.name] = take(each.type, f"{field}.{each.name}", members[each.name])
        elif each.name in NEEDED:
            raise BadRequestError(f"{field} has no {each.name}")
        elif each.required:
            values[each.name] = _nothing(each.type)
    return kind(**values)


def _nothing(hint: Any) -> Any:
    if type(None) in typing.get_args(hint):
        return None
    origin = typing.get_origin(hint) or hint
    return StreamID(0, 0) if origin is StreamID else origin()


def _stream_id(field: str, raw: msgspec.Raw) -> StreamID:
    return StreamID.parse(_decoded(field, raw, str))


def _decoded(field: str, raw: msgspec.Raw, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequestError(f"{field} is {_shown(raw)}: {error}") from None


def _shown(raw: msgspec.Raw) -> str:
    text = bytes(raw)[:81].decode(errors="replace")
    return text if len(text) <= 80 else f"{text[:77]}..."


def _decode_as(kind: Any) -> Take:
    return lambda field, raw: _decoded(field, raw, kind)


_PAYLOAD: Mapping[str, Take] = dict.fromkeys(KINDS, _payload)
_ANY: Mapping[str, Take] = {**dict.fromkeys(KINDS, _any), "null": _none}
_SIMPLE: Mapping[Any, Mapping[str, Take]] = {
    str: {"string": _decode_as(str)},
    int: {"number": _decode_as(int)},
    float: {"number": _decode_as(int | float)},
    bool: {"boolean": _decode_as(bool)},
    type(None): {"null": _none},
    bytes: _PAYLOAD,
    StreamID: {"string": _stream_id},
    Any: _ANY,
}
