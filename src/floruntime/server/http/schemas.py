"""JSON Schemas of the API's types: for bodies and for answers."""

from __future__ import annotations

import types
import typing
from enum import Enum
from typing import Any

import msgspec

from floruntime.core.stream import StreamID
from floruntime.core.types import Page
from floruntime.server.http.kinds import NEEDED, is_payload

Schema = dict[str, Any]

BYTES: Schema = {
    "description": "Text where it is UTF-8, else base64.",
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"base64": {"type": "string", "contentEncoding": "base64"}},
            "required": ["base64"],
            "additionalProperties": False,
        },
    ],
}
PAYLOAD: Schema = {
    "description": 'Bytes: a text is its UTF-8, {"base64": "…"} what it stands for, any other JSON '
    "value its JSON text.",
}
_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    StreamID: {"type": "string"},
}
_NO_JSON = (bytes, bytearray, memoryview, msgspec.UnsetType)


class Schemas:
    """Makes schemas; those of structs are collected, to be referred to by name."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {"Bytes": BYTES, "Payload": PAYLOAD}

    def taken(self, hint: Any) -> Schema:
        """What may stand in a body for a parameter of this type."""
        if is_payload(hint):
            return {"$ref": "#/components/schemas/Payload"}
        return self._of(hint, "In", self.taken)

    def given(self, hint: Any) -> Schema:
        """What is answered for a result of this type."""
        if hint is bytes:
            return {"$ref": "#/components/schemas/Bytes"}
        return self._of(hint, "", self.given)

    def _of(self, hint: Any, suffix: str, again: typing.Callable[[Any], Schema]) -> Schema:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint in _PLAIN:
            return dict(_PLAIN[hint])
        if hint is None:
            return {"type": "null"}
        if origin in (typing.Union, types.UnionType):
            members = [again(each) for each in arguments if each is not msgspec.UnsetType]
            return {"anyOf": [each for i, each in enumerate(members) if each not in members[:i]]}
        if origin is Page:
            return self._page(again(arguments[0]))
        if origin in (dict, typing.get_origin(typing.Mapping[str, str])):
            return {"type": "object", "additionalProperties": again(arguments[1])}
        if arguments:
            return {"type": "array", "items": again(arguments[0])}
        if issubclass(hint, Enum):
            return {"type": "string", "enum": [member.value for member in hint]}
        return self._named(hint, suffix, again)

    def _page(self, item: Schema) -> Schema:
        cursor: Schema = {"anyOf": [{"type": "string"}, {"type": "null"}]}
        properties = {"items": {"type": "array", "items": item}, "cursor": cursor}
        return _object({**properties, "has_more": {"type": "boolean"}}, [*properties, "has_more"])

    def _named(self, kind: type[Any], suffix: str, again: typing.Callable[[Any], Schema]) -> Schema:
        name = f"{kind.__name__}{suffix}"
        if name not in self.named:
            self.named[name] = {}  # types may hold themselves
            properties = {field: again(hint) for field, hint in _fields_of(kind).items()}
            if suffix:
                needed = [each for each in properties if each in NEEDED]
                self.named[name] = {
                    "type": "object",
                    "properties": properties,
                    "required": needed,
                }
            else:
                if hasattr(kind, "has_more"):
                    properties["has_more"] = {"type": "boolean"}
                self.named[name] = _object(properties, list(properties))
        return {"$ref": f"#/components/schemas/{name}"}


def _fields_of(kind: type[Any]) -> dict[str, Any]:
    if issubclass(kind, msgspec.Struct):
        return {field.name: field.type for field in msgspec.structs.fields(kind)}
    return typing.get_type_hints(kind)  # a named tuple


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required}
