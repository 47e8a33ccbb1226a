"""JSON text inside YAML: reads its value, with the positions of its texts.

The author of `inputMapping: '{"id": "$.input.id"}'` needs to know where in that text a path is
wrong, not only that something is wrong.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import msgspec

from floruntime.core.limits import shown
from floruntime.engine.workflow.language.problems import KeyPath
from floruntime.engine.workflow.language.scalars import DIGITS_MAX, is_storable
from floruntime.engine.workflow.language.yaml_nodes import DEPTH_MAX

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


class JsonTextError(ValueError):
    """Text that is not JSON; `offset`: where in it."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class JsonText(msgspec.Struct, frozen=True):
    """A value, and where in the text each text within it begins (its opening quote)."""

    value: Any
    offsets: dict[KeyPath, int]


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written: in order, with names that are given twice."""


def read_json_text(text: str) -> JsonText:
    """The value of JSON text; integers stay exact. Raises `JsonTextError`."""
    _check_depth(text)
    try:
        written = json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise JsonTextError(error.msg, error.pos) from None
    except ValueError as error:
        digits = error.args[1]
        raise JsonTextError(f"{shown(digits)} {error.args[0]}", text.find(digits)) from None
    reading = _Reading(text)
    return JsonText(reading.value_of(written, ()), reading.offsets)


def _check_depth(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0][0] != '"':
            depth += 1 if token[0] in "[{" else -1
        if depth > DEPTH_MAX:
            raise JsonTextError(f"it is nested deeper than {DEPTH_MAX}", token.start())


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError("is not JSON", name)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("is beyond what a double holds", digits)
    return number


def _integer(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise ValueError(f"has more than {DIGITS_MAX:,} digits", digits)
    number = int(digits)
    if not is_storable(number):
        raise ValueError("has more than 64 bits; write it as text", digits)
    return number


def _check_unicode(text: str, offset: int) -> None:
    """JSON can escape half a character, which no row can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise JsonTextError(f"{shown(text)} has half a character", offset) from None


class _Reading:
    """Meets the texts of a value in the order in which they are written."""

    def __init__(self, text: str) -> None:
        self._texts: Iterator[int] = (
            token.start() for token in _TOKEN.finditer(text) if token[0][0] == '"'
        )
        self.offsets: dict[KeyPath, int] = {}

    def value_of(self, written: Any, path: KeyPath) -> Any:
        if isinstance(written, str):
            self.offsets[path] = offset = next(self._texts)
            _check_unicode(written, offset)
        if isinstance(written, _Pairs):
            return self._object(written, path)
        if isinstance(written, list):
            return [self.value_of(part, (*path, index)) for index, part in enumerate(written)]
        return written

    def _object(self, pairs: _Pairs, path: KeyPath) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, part in pairs:
            offset = next(self._texts)
            _check_unicode(name, offset)
            if name in made:
                raise JsonTextError(f"the name {shown(name)} is given twice", offset)
            made[name] = self.value_of(part, (*path, name))
        return made
