"""Reads YAML nodes into the parts of a definition, whatever their types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import inspect

from floruntime.core.limits import shown
from floruntime.engine.workflow.language.definition import Definition, Kind, Part
from floruntime.engine.workflow.language.json_reader import JsonReader, is_text_key
from floruntime.engine.workflow.language.places import Places
from floruntime.engine.workflow.language.problems import KeyPath, Problems
from floruntime.engine.workflow.language.scalar_reader import (
    BROKEN,
    SCALAR_KINDS,
    ScalarReader,
    shape_text,
)
from floruntime.engine.workflow.language.scalars import value_of
from floruntime.engine.workflow.language.shapes import Key, Shape, keys_of, shape_of
from floruntime.engine.workflow.language.source import Source
from floruntime.engine.workflow.language.yaml_nodes import Map, Missing, Node, Scalar, Sequence

P = TypeVar("P", bound=Part)


def read_definition(root: Map, source: Source, problems: Problems, places: Places) -> Definition:
    """The definition, as far as it can be read; `problems` has what is wrong with it."""
    places.values[()] = root.start
    return _PartReader(source, problems, places).part(Definition, root, ())


class _PartReader:
    def __init__(self, source: Source, problems: Problems, places: Places) -> None:
        self._problems = problems
        self._places = places
        self._scalars = ScalarReader(problems)
        self._json = JsonReader(source, problems, places)

    def part(self, part: type[P], node: Map, path: KeyPath) -> P:
        """A part, with its defaults where something could not be read."""
        keys = keys_of(part)
        given: dict[str, Any] = {}
        for entry in node.entries.values():
            text = documented(entry.key.text, keys)
            is_known = self._is_known(entry.key, keys, path)
            if is_known and self._is_first(entry.key, text, given, path):
                given[text] = self._value(keys[text].shape, entry.value, (*path, text))
        values = {keys[text].name: value for text, value in given.items() if value is not BROKEN}
        for key in keys.values():
            if key.is_required and key.name not in values:
                if key.text not in given:
                    self._missing(key, path)
                values[key.name] = _stand_in(key.shape)
        return part(**values)

    def _is_known(self, key: Scalar, keys: Mapping[str, Key], path: KeyPath) -> bool:
        here = (*path, key.text)
        self._places.keys[here] = key.start
        if (text := documented(key.text, keys)) in keys:
            self._places.keys[(*path, text)] = key.start
            return True
        message = (
            f"the key {shown(key.text)} is not known here{self._problems.suggest(key.text, keys)}"
        )
        self._problems.add("E109", here, key.start, message)
        return False

    def _is_first(self, key: Scalar, text: str, given: Mapping[str, Any], path: KeyPath) -> bool:
        if text not in given:
            return True
        message = f"{shown(key.text)} and {text} are one key; give one of them"
        self._problems.add("E109", (*path, key.text), key.start, message)
        return False

    def _missing(self, key: Key, path: KeyPath) -> None:
        where = f" in {path[-1]}" if path else ""
        message = f"the key {key.text} is missing{where}: it is required, {shape_text(key.shape)}"
        self._problems.add("E110", (*path, key.text), self._places.of_key(path), message)

    def _value(self, shape: Shape, node: Node, path: KeyPath) -> Any:
        """The value of a node, or `BROKEN`."""
        self._places.values[path] = node.start
        if isinstance(node, Missing):
            return BROKEN
        if shape.kind in (Kind.MAPPING, Kind.JSON):
            return self._json.value(shape.kind, node, path)
        if isinstance(node, Scalar) and value_of(node) is None:
            return self._empty(shape, path)
        if shape.kind in SCALAR_KINDS:
            return self._scalars.number_or_text(shape, node, path)
        match shape.type, node:
            case inspect.StructType(cls=part), Map():
                assert issubclass(part, Part)
                return self.part(part, node, path)
            case inspect.DictType(), Map():
                return self._map(shape.type, node, path)
            case inspect.ListType(), Sequence():
                return self._list(shape.type, node, path)
            case inspect.StructType() | inspect.DictType() | inspect.ListType(), _:
                return self._scalars.wrong(shape, node, path)
            case _, Scalar():
                return self._scalars.value(shape, node, path)
            case _:
                return self._scalars.wrong(shape, node, path)

    def _empty(self, shape: Shape, path: KeyPath) -> Any:
        message = f"{path[-1]} has no value; it must be {shape_text(shape)}"
        self._problems.add("E116", path, self._places.of_key(path), message)
        return BROKEN

    def _map(self, type: inspect.DictType, node: Map, path: KeyPath) -> Any:
        self._check_count(type, len(node.entries), path)
        key_shape, value_shape = shape_of(type.key_type), shape_of(type.value_type)
        read: dict[str, Any] = {}
        for text, entry in node.entries.items():
            here = (*path, text)
            self._places.keys[here] = entry.key.start
            if is_text_key(entry.key, path, self._problems):
                self._scalars.name(key_shape.kind, text, here, entry.key.start)
            value = self._value(value_shape, entry.value, here)
            # Others may name it: it is there, although nobody knows yet what it is.
            read[text] = _stand_in(value_shape) if value is BROKEN else value
        return read

    def _list(self, type: inspect.ListType, node: Sequence, path: KeyPath) -> Any:
        self._check_count(type, len(node.items), path)
        shape = shape_of(type.item_type)
        read = [self._value(shape, item, (*path, i)) for i, item in enumerate(node.items)]
        return [_stand_in(shape) if value is BROKEN else value for value in read]

    def _check_count(self, type: Any, count: int, path: KeyPath) -> None:
        low, high = type.min_length or 0, type.max_length
        if count < low or (high is not None and count > high):
            allowed = f"{low} to {high:,}" if high is not None else f"at least {low}"
            message = f"{path[-1]} has {count:,} entries; {allowed} are allowed"
            self._problems.add("E214", path, self._places.of_key(path), message)


def documented(text: str, keys: Mapping[str, Key]) -> str:
    """`text`, or as the part spells it: `max_attempts` where `maxAttempts` is written."""
    snake = re.sub(r"(?<=[a-z0-9])[A-Z]", lambda capital: "_" + capital[0].lower(), text)
    return snake if text not in keys and snake in keys else text


def _stand_in(shape: Shape) -> Any:
    """Something of a type, for what could not be read; nobody is to believe it."""
    match shape.type:
        case inspect.StructType(cls=part):
            assert issubclass(part, Part)
            required = [key for key in keys_of(part).values() if key.is_required]
            return part(**{key.name: _stand_in(key.shape) for key in required})
        case inspect.DictType():
            return {}
        case inspect.ListType():
            return []
        case inspect.EnumType(cls=choices):
            return next(iter(choices))
        case _:
            return ""
