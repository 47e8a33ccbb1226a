"""Random definitions, made from the types, and written as YAML in several ways."""

from __future__ import annotations

import json
import random
from typing import Any

import yaml
from hypothesis import strategies as st
from msgspec import inspect

from floruntime.engine.workflow.language.definition import Definition, Kind, Part
from floruntime.engine.workflow.language.scalar_reader import SCALAR_KINDS
from floruntime.engine.workflow.language.shapes import Shape, keys_of, shape_of
from floruntime.engine.workflow.paths.path import is_path

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"))
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\uffff\ufffe"),
    min_size=1,
    max_size=12,
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def values_of(shape: Shape) -> st.SearchStrategy[Any]:
    """Values of a shape as they come out of JSON."""
    match shape.type:
        case inspect.AnyType() if shape.kind in SCALAR_KINDS:
            return st.integers(-(2**63), 2**64 - 1) | NAMES
        case inspect.AnyType():
            return JSON_VALUES if shape.kind is Kind.JSON else JSON_VALUES.filter(_is_something)
        case inspect.StructType(cls=part):
            assert issubclass(part, Part)
            return parts(part)
        case inspect.DictType() as type:
            value = values_of(shape_of(type.value_type))
            return st.dictionaries(NAMES, value, min_size=type.min_length or 0, max_size=3)
        case inspect.ListType() as type:
            item = values_of(shape_of(type.item_type))
            return st.lists(item, min_size=type.min_length or 0, max_size=3)
        case inspect.EnumType(cls=choices):
            return st.sampled_from([choice.value for choice in choices])
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType() as type:
            return st.integers(type.ge, type.le)
        case inspect.FloatType() as type:
            return st.floats(type.gt, type.le, exclude_min=True)
        case _:
            return NAMES


def _is_something(value: Any) -> bool:
    return value is not None


def parts(part: type[Part]) -> st.SearchStrategy[dict[str, Any]]:
    """A part with its required keys and some of the others."""
    keys = keys_of(part).values()
    required = {key.text: values_of(key.shape) for key in keys if key.is_required}
    optional = {key.text: values_of(key.shape) for key in keys if not key.is_required}
    return st.fixed_dictionaries(required, optional=optional)


DEFINITIONS = parts(Definition)


def written(document: dict[str, Any], chance: random.Random) -> str:
    """The document as YAML: as JSON, in blocks or in flow; keys in any order, and values of any
    kind now and then as JSON text.
    """
    prepared = _prepared(Definition, document, chance)
    if chance.random() < 0.3:
        return json.dumps(prepared, ensure_ascii=False)
    return yaml.dump(
        prepared,
        Dumper=_Quoting,
        allow_unicode=chance.random() < 0.5,
        default_flow_style=chance.choice([True, False, None]),
        sort_keys=False,
        width=chance.choice([20, 80, 10_000]),
    )


class _Quoting(yaml.SafeDumper):
    """Quotes all text: what the library leaves plain is right for YAML 1.1 only."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Quoting.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def _prepared(part: type[Part], given: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    keys = keys_of(part)
    items = [(text, _shaped(keys[text].shape, value, chance)) for text, value in given.items()]
    chance.shuffle(items)
    return dict(items)


def _shaped(shape: Shape, value: Any, chance: random.Random) -> Any:
    match shape.type:
        case inspect.AnyType() if shape.kind not in SCALAR_KINDS:
            is_path_itself = shape.kind is Kind.MAPPING and is_path(value)
            as_text = chance.random() < 0.5 or isinstance(value, str)
            return json.dumps(value) if as_text and not is_path_itself else value
        case inspect.StructType(cls=part):
            assert issubclass(part, Part)
            return _prepared(part, value, chance)
        case inspect.DictType(value_type=type):
            return {name: _shaped(shape_of(type), one, chance) for name, one in value.items()}
        case inspect.ListType(item_type=type):
            return [_shaped(shape_of(type), one, chance) for one in value]
        case _:
            return value
