"""Values of any kind, written as YAML or as JSON text: mappings, inputs, fallback values."""

from __future__ import annotations

import math
from typing import Any

from floruntime.core.limits import shown
from floruntime.engine.workflow.language.alignment import indexes_of
from floruntime.engine.workflow.language.definition import Kind
from floruntime.engine.workflow.language.json_text import JsonTextError, read_json_text
from floruntime.engine.workflow.language.places import Places
from floruntime.engine.workflow.language.problems import KeyPath, Problems
from floruntime.engine.workflow.language.scalar_reader import BROKEN
from floruntime.engine.workflow.language.scalars import is_storable, value_of
from floruntime.engine.workflow.language.source import Source
from floruntime.engine.workflow.language.yaml_nodes import Map, Node, Scalar, Sequence
from floruntime.engine.workflow.paths.path import is_path


class JsonReader:
    """Reads JSON values and notes the place of every text in them."""

    def __init__(self, source: Source, problems: Problems, places: Places) -> None:
        self._source = source
        self._problems = problems
        self._places = places

    def value(self, kind: Kind, node: Node, path: KeyPath) -> Any:
        """The value of a node, or `BROKEN`. Text stands for JSON, or, in a mapping, for a path."""
        if not isinstance(node, Scalar):
            return self._value(node, path)
        value = value_of(node)
        if isinstance(value, str):
            is_lone_path = kind is Kind.MAPPING and is_path(value)
            return value if is_lone_path else self._json_text(node, path)
        if value is None and kind is Kind.MAPPING:
            message = f"{path[-1]} has no value; give a mapping, or leave the key out"
            self._problems.add("E116", path, self._places.of_key(path), message)
            return BROKEN
        return self._value(node, path)

    def _value(self, node: Node, path: KeyPath) -> Any:
        self._places.values[path] = node.start
        match node:
            case Map():
                return {
                    text: self._value(entry.value, (*path, text))
                    for text, entry in node.entries.items()
                    if self._is_key(entry.key, path)
                }
            case Sequence():
                return [self._value(item, (*path, i)) for i, item in enumerate(node.items)]
            case Scalar():
                return self._scalar(node, path)
            case _:
                return None  # an alias that copies nothing

    def _is_key(self, key: Scalar, path: KeyPath) -> bool:
        return is_text_key(key, path, self._problems)

    def _scalar(self, scalar: Scalar, path: KeyPath) -> Any:
        value = value_of(scalar)
        if isinstance(value, float) and not math.isfinite(value):
            message = (
                f"{shown(scalar.text)} is not a number in JSON; only finite numbers are allowed"
            )
            self._problems.add("E213", path, scalar.start, message)
        if isinstance(value, int) and not is_storable(value):
            message = f"{shown(scalar.text)} has more than 64 bits; write it as text"
            self._problems.add("E213", path, scalar.start, message)
        return value

    def _json_text(self, scalar: Scalar, path: KeyPath) -> Any:
        try:
            text = read_json_text(scalar.text)
        except JsonTextError as error:
            (index,) = indexes_of(self._source.text, scalar, [error.offset])
            message = f"{path[-1]} must be JSON text or a YAML map or list; as JSON: {error}"
            self._problems.add("E205", path, index, message)
            return BROKEN
        begins = [offset + 1 for offset in text.offsets.values()]
        indexes = indexes_of(self._source.text, scalar, begins)
        for inner, index in zip(text.offsets, indexes, strict=True):
            self._places.values[(*path, *inner)] = index
        return text.value


def is_text_key(key: Scalar, path: KeyPath, problems: Problems) -> bool:
    """Whether YAML reads a key as text."""
    if isinstance(value_of(key), str):
        return True
    message = f"a key must be text, but YAML reads {shown(key.text)} as another type; quote it"
    problems.add("E115", (*path, key.text), key.start, message)
    return False
