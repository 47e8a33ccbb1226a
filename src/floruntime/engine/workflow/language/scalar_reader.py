"""Reads YAML scalars into texts, numbers, booleans and words of a list, and checks their types."""

from __future__ import annotations

import sys
from typing import Any, Final

from msgspec import inspect

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.engine.workflow.language.definition import Kind
from floruntime.engine.workflow.language.problems import KeyPath, Problems
from floruntime.engine.workflow.language.scalars import is_storable, value_of
from floruntime.engine.workflow.language.shapes import Shape
from floruntime.engine.workflow.language.yaml_nodes import Map, Node, Scalar, Sequence

NUMBER_CHARS_SHOWN: Final = 40
BROKEN: Final[Any] = object()
"""Could not be read; a problem says why."""
SCALAR_KINDS: Final = {
    Kind.DURATION: "milliseconds or a path",
    Kind.JOIN: "all, any or a number",
    Kind.MOMENT: "epoch milliseconds, RFC 3339 text or a path",
}
"""Kinds that are a whole number or text, and what they ask for."""


def shape_text(shape: Shape) -> str:
    """What a type asks for, in words."""
    if shape.kind in SCALAR_KINDS:
        return SCALAR_KINDS[shape.kind]
    match shape.type:
        case inspect.StrType():
            return "text"
        case inspect.IntType():
            return "a whole number"
        case inspect.FloatType():
            return "a number"
        case inspect.BoolType():
            return "true or false"
        case inspect.ListType():
            return "a list"
        case inspect.EnumType() | inspect.LiteralType():
            return f"one of {', '.join(choices_of(shape.type))}"
        case inspect.AnyType():
            return "a value"
        case _:
            return "a map"


def node_text(node: Node) -> str:
    """What a node is, in words."""
    match node:
        case Map():
            return "a map"
        case Sequence():
            return "a list"
        case Scalar():
            return _value_text(value_of(node), node.text)
        case _:
            return "nothing"


def _value_text(value: Any, text: str) -> str:
    if isinstance(value, bool):
        return f"the truth value {text}"
    if isinstance(value, (int, float)):
        return f"the number {shown_number(text)}"
    return "nothing" if value is None else f"the text {shown(text)}"


def choices_of(type: inspect.Type) -> list[str]:
    """The words of an enumeration or a literal."""
    if isinstance(type, inspect.EnumType):
        return [str(member.value) for member in type.cls]
    assert isinstance(type, inspect.LiteralType)
    return [str(value) for value in type.values]


class ScalarReader:
    """Reads what is neither map nor list."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def value(self, shape: Shape, scalar: Scalar, path: KeyPath) -> Any:
        """The value, or `BROKEN`."""
        match shape.type:
            case inspect.StrType():
                return self._text(shape, scalar, path)
            case inspect.EnumType() | inspect.LiteralType():
                return self._choice(shape, scalar, path)
            case inspect.BoolType():
                value = value_of(scalar)
                return value if isinstance(value, bool) else self.wrong(shape, scalar, path)
            case _:
                return self._number(shape, scalar, path)

    def number_or_text(self, shape: Shape, node: Node, path: KeyPath) -> Any:
        """A whole number or a text as it stands, or `BROKEN`."""
        value = value_of(node) if isinstance(node, Scalar) else None
        is_whole = isinstance(value, int) and not isinstance(value, bool) and is_storable(value)
        return value if is_whole or isinstance(value, str) else self.wrong(shape, node, path)

    def wrong(self, shape: Shape, node: Node, path: KeyPath) -> Any:
        """Note that a node is not what its type asks for."""
        message = f"{_label(path)} must be {shape_text(shape)}, not {node_text(node)}"
        if isinstance(node, Scalar) and _is_quoted_other(node):
            message += f"; write {shown_number(node.text)} without quotes"
        self._problems.add("E111", path, node.start, message)
        return BROKEN

    def name(self, kind: Kind | None, text: str, path: KeyPath, index: int) -> bool:
        """Whether a text can be a name, if it is to be one."""
        if kind not in (Kind.NAME, Kind.OUTCOME):
            return True
        try:
            limits.check_name(_label(path), text)
        except BadRequestError as error:
            self._problems.add("E206", path, index, error.message)
            return False
        return True

    def _text(self, shape: Shape, scalar: Scalar, path: KeyPath) -> Any:
        value = value_of(scalar)
        if not isinstance(value, str):
            message = (
                f"{_label(path)} must be text, and YAML reads {scalar.text} as "
                f'{node_text(scalar)}: quote it, "{scalar.text}"'
            )
            self._problems.add("E203", path, scalar.start, message)
            return BROKEN
        if not self.name(shape.kind, value, path, scalar.start):
            return BROKEN
        return value if self._is_length_right(shape, value, scalar, path) else BROKEN

    def _is_length_right(self, shape: Shape, text: str, scalar: Scalar, path: KeyPath) -> bool:
        assert isinstance(shape.type, inspect.StrType)
        low, high = shape.type.min_length or 0, shape.type.max_length
        if low <= len(text) and (high is None or len(text) <= high):
            return True
        allowed = f"{low} to {high:,}" if high is not None else f"at least {low}"
        message = f"{_label(path)} has {len(text):,} characters; {allowed} are allowed"
        self._problems.add("E204", path, scalar.start, message)
        return False

    def _choice(self, shape: Shape, scalar: Scalar, path: KeyPath) -> Any:
        choices = choices_of(shape.type)
        if scalar.text in choices:
            if isinstance(shape.type, inspect.EnumType):
                return shape.type.cls(scalar.text)
            return scalar.text
        message = (
            f"{_label(path)} is {shown(scalar.text)}; {' or '.join(choices)} is allowed"
            f"{self._problems.suggest(scalar.text, choices)}"
        )
        self._problems.add("E202", path, scalar.start, message)
        return BROKEN

    def _number(self, shape: Shape, scalar: Scalar, path: KeyPath) -> Any:
        value = value_of(scalar)
        is_float = isinstance(shape.type, inspect.FloatType)
        right = (int, float) if is_float else int
        if isinstance(value, bool) or not isinstance(value, right):
            return self.wrong(shape, scalar, path)
        if not _is_in_range(shape.type, value):
            number = shown_number(scalar.text)
            message = f"{_label(path)} is {number}; {range_text(shape.type)} is allowed"
            self._problems.add("E201", path, scalar.start, message)
            return BROKEN
        return float(value) if is_float else value


def _is_in_range(type: Any, value: float) -> bool:
    """A whole number may be larger than any floating one, and then is no other number's equal."""
    is_float = isinstance(type, inspect.FloatType)
    is_finite = abs(value) <= sys.float_info.max if is_float else True
    return (
        is_finite
        and (type.ge is None or value >= type.ge)
        and (type.gt is None or value > type.gt)
        and (type.le is None or value <= type.le)
        and (type.lt is None or value < type.lt)
    )


def shown_number(text: str) -> str:
    """A number as it is written, cut where it is long."""
    return text if len(text) <= NUMBER_CHARS_SHOWN else f"{text[:NUMBER_CHARS_SHOWN]}..."


def range_text(type: Any) -> str:
    """The range of a number, in words."""
    parts = [
        f"{word} {bound:,}"
        for word, bound in (
            ("at least", type.ge),
            ("more than", type.gt),
            ("at most", type.le),
            ("less than", type.lt),
        )
        if bound is not None
    ]
    return " and ".join(parts) or "any"


def _is_quoted_other(scalar: Scalar) -> bool:
    """Whether a text would be something else without its quotes."""
    bare = Scalar(scalar.start, scalar.end, text=scalar.text, is_plain=True)
    return not scalar.is_plain and not isinstance(value_of(bare), str)


def _label(path: KeyPath) -> str:
    """What a message calls a place: its key, or its key and position."""
    names = [str(step) for step in path if isinstance(step, str)] or ["the definition"]
    return names[-1] if not path or isinstance(path[-1], str) else f"{names[-1]}[{path[-1]}]"
