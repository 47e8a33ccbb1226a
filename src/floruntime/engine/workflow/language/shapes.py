"""The types of a definition in the form that the reader, the JSON Schema and the reference need."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from floruntime.engine.workflow.language.definition import Kind, Part


class Shape(msgspec.Struct, frozen=True):
    """A type without its wrapping. `type` is never a union or annotated."""

    type: inspect.Type
    kind: Kind | None = None
    description: str = ""
    may_be_none: bool = False


class Key(msgspec.Struct, frozen=True):
    """A key of a part: `name` in Python, `text` in YAML."""

    name: str
    text: str
    shape: Shape
    is_required: bool
    default: Any


def shape_of(type: inspect.Type) -> Shape:
    """`type` without its wrapping."""
    match type:
        case inspect.Metadata(extra=extra, extra_json_schema=schema):
            inner = shape_of(type.type)
            return msgspec.structs.replace(
                inner,
                kind=(extra or {}).get("kind", inner.kind),
                description=(schema or {}).get("description", inner.description),
            )
        case inspect.UnionType(types=types):
            (only,) = (one for one in types if not isinstance(one, inspect.NoneType))
            return msgspec.structs.replace(shape_of(only), may_be_none=True)
        case _:
            return Shape(type)


@cache
def keys_of(part: type[Part]) -> Mapping[str, Key]:
    """The keys of a part, by their text, in their order."""
    info = inspect.type_info(part)
    assert isinstance(info, inspect.StructType)
    keys = [
        Key(field.name, field.encode_name, shape_of(field.type), field.required, _default(field))
        for field in info.fields
    ]
    return {key.text: key for key in keys}


def _default(field: inspect.Field) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.required else field.default
