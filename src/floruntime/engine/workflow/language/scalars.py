"""Plain scalars by the core schema of YAML 1.2.

`on`, `yes`, `1_000` and `12:30` are text, as people mean them. So is `012`, although the core
schema takes it for a twelve: it is never meant as one, and as text it keeps its zero.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from floruntime.engine.workflow.language.yaml_nodes import Scalar

DIGITS_MAX: Final = 1_000
"""Turning more of them into a number takes too long, and it would be too large anyway."""

_NULL: Final = {"", "~", "null", "Null", "NULL"}
_TRUE: Final = {"true", "True", "TRUE"}
_FALSE: Final = {"false", "False", "FALSE"}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def is_storable(number: int) -> bool:
    """Whether a row can hold the number: whether it has at most 64 bits."""
    return -(2**63) <= number < 2**64


def value_of(scalar: Scalar) -> Any:
    """What a scalar is: text, a number, `True`, `False` or `None`. Numbers may be infinite."""
    text = scalar.text
    if not scalar.is_plain:
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return _number(text)


def _number(text: str) -> Any:
    if len(text) > DIGITS_MAX:
        is_number = any(each.fullmatch(text) for each in (_INTEGER, _OCTAL, _HEXADECIMAL, _FLOAT))
        return math.copysign(math.inf, -1 if text[0] == "-" else 1) if is_number else text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", "").lower())
    return text
