"""The JSON Schema of definitions, for editors: made from the types that definitions are read into.

It knows shapes, ranges, words to choose from and what each key means. What it cannot know, such as
whether a step is there, `validation.py` does.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import inspect

from floruntime.engine.workflow.language.definition import (
    Branch,
    Definition,
    Kind,
    Part,
    RateLimit,
    Schedule,
    SignalWait,
    Sleep,
    Step,
)
from floruntime.engine.workflow.language.scalar_reader import SCALAR_KINDS
from floruntime.engine.workflow.language.shapes import Key, Shape, keys_of, shape_of

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PATTERNS: Final = {
    Kind.TARGET: "^@(actions|plan|workflow)/.+",
    Kind.PATH: r"^\$\.",
}
_RULES: Final[dict[type[Part], dict[str, Any]]] = {
    Step: {
        "oneOf": [
            {"required": ["run", "transitions"]},
            {"required": ["waitForSignal", "transitions"]},
            {"required": ["sleep", "transitions"]},
            {"required": ["parallel", "transitions"]},
            {"required": ["forEach", "transitions"]},
            {"required": ["choose"]},
        ]
    },
    Branch: {"oneOf": [{"required": [key]} for key in ("run", "waitForSignal", "sleep")]},
    SignalWait: {"oneOf": [{"required": [key]} for key in ("type", "anyOf", "allOf")]},
    Sleep: {"oneOf": [{"required": ["forMs"]}, {"required": ["until"]}]},
    Schedule: {"oneOf": [{"required": ["cron"]}, {"required": ["interval"]}]},
    RateLimit: {"minProperties": 1},
}
"""What holds for the keys of a part together."""


def json_schema() -> dict[str, Any]:
    """The whole schema."""
    parts: dict[str, Any] = {}
    _define(Definition, parts)
    root = parts.pop(Definition.__name__)
    return {
        "$schema": DIALECT,
        "title": "Flo workflow",
        **root,
        "$defs": dict(sorted(parts.items())),
    }


def _define(part: type[Part], parts: dict[str, Any]) -> None:
    parts[part.__name__] = {}  # so that it is not begun a second time
    keys = keys_of(part).values()
    parts[part.__name__] = {
        "type": "object",
        "description": _one_line(part.__doc__ or ""),
        "properties": {key.text: _property(key, parts) for key in keys},
        "required": [key.text for key in keys if key.is_required],
        "additionalProperties": False,
        **_RULES.get(part, {}),
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _property(key: Key, parts: dict[str, Any]) -> dict[str, Any]:
    schema = {**_schema(key.shape, parts), "description": key.shape.description}
    if not key.is_required and isinstance(key.default, (str, int, float)):
        schema["default"] = key.default
    return schema


def _schema(shape: Shape, parts: dict[str, Any]) -> dict[str, Any]:
    match shape.type:
        case inspect.StructType(cls=part):
            assert issubclass(part, Part)
            if part.__name__ not in parts:
                _define(part, parts)
            return {"$ref": f"#/$defs/{part.__name__}"}
        case inspect.DictType() as type:
            values = _schema(shape_of(type.value_type), parts)
            names = _schema(shape_of(type.key_type), parts)
            bounds = _bounds(minProperties=type.min_length, maxProperties=type.max_length)
            return {
                "type": "object",
                "additionalProperties": values,
                "propertyNames": names,
                **bounds,
            }
        case inspect.ListType() as type:
            items = _schema(shape_of(type.item_type), parts)
            bounds = _bounds(minItems=type.min_length, maxItems=type.max_length)
            return {"type": "array", "items": items, **bounds}
        case _:
            return _scalar(shape)


def _scalar(shape: Shape) -> dict[str, Any]:
    match shape.type:
        case inspect.EnumType(cls=choices):
            return {"enum": [choice.value for choice in choices]}
        case inspect.LiteralType(values=values):
            return {"enum": list(values)}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType() as type:
            return {"type": "integer", **_range(type)}
        case inspect.FloatType() as type:
            return {"type": "number", **_range(type)}
        case inspect.StrType(min_length=low, max_length=high):
            pattern = _PATTERNS.get(shape.kind) if shape.kind else None
            return {"type": "string", **_bounds(minLength=low, maxLength=high, pattern=pattern)}
        case _:
            return {"type": ["integer", "string"]} if shape.kind in SCALAR_KINDS else {}


def _range(type: inspect.IntType | inspect.FloatType) -> dict[str, Any]:
    return _bounds(
        minimum=type.ge, exclusiveMinimum=type.gt, maximum=type.le, exclusiveMaximum=type.lt
    )


def _bounds(**bounds: Any) -> dict[str, Any]:
    return {name: bound for name, bound in bounds.items() if bound is not None}
