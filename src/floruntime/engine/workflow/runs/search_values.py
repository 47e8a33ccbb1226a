"""Encodes values of search attributes as bytes that sort like the values, and their ranges.

Numbers sort before texts. A number is its nearest float and the rest that is left, so that 64-bit
integers keep their order and 99.0 sorts like 99. A text is its UTF-8 with an end marker, so that
none is the beginning of another.
"""

from __future__ import annotations

import hashlib
import math
import operator
import struct
from collections.abc import Callable
from typing import Any, Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.workflow import SearchRange
from floruntime.engine.state.index_walk import Lane
from floruntime.engine.state.json_document import dump
from floruntime.engine.state.keyspace import after
from floruntime.engine.workflow.runs.rows import SEARCH_VALUE

_NUMBER: Final = b"n"
_TEXT: Final = b"t"
_SIGN: Final = 1 << 63
_MIDDLE: Final = 1 << 15
_BOUNDS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_SIDES: Final = ({"gt", "gte"}, {"lt", "lte"})


def place_of(of_namespace_id: int, name: str) -> bytes:
    """Where the values of one attribute stand; those of another may stand there, too, by chance."""
    digest = hashlib.blake2b(dump(name), digest_size=8).digest()
    return SEARCH_VALUE.key(of_namespace_id, int.from_bytes(digest, "big"))


def key_of_value(of_namespace_id: int, name: str, value: Any, number: int) -> bytes:
    """Where a run stands with a value of an attribute."""
    return place_of_value(of_namespace_id, name, value) + number.to_bytes(8, "big")


def ordered(value: Any) -> bytes:
    """The value as bytes in the order of values."""
    if isinstance(value, str):
        return _TEXT + value.encode().replace(b"\x00", b"\x00\xff") + b"\x00\x00"
    nearest = float(value) + 0.0  # -0.0 is 0.0
    left = value - int(nearest) if isinstance(value, int) else 0
    bits = int.from_bytes(struct.pack(">d", nearest), "big")
    bits = bits ^ _SIGN if bits < _SIGN else bits ^ (2**64 - 1)
    return _NUMBER + struct.pack(">QH", bits, left + _MIDDLE)


def place_of_value(of_namespace_id: int, name: str, value: Any) -> bytes:
    """Where the runs with exactly this value stand, in the order of their numbers."""
    return place_of(of_namespace_id, name) + ordered(value)


def span_of_range(of_namespace_id: int, wanted: SearchRange) -> Lane:
    """The runs whose value is in the range, in the order of their values."""
    place, bounds = place_of(of_namespace_id, wanted.name), wanted.bounds
    kind = _TEXT if _is_of_texts(wanted) else _NUMBER
    start, end = place + kind, after(place + kind)
    if "gte" in bounds:
        start = place + ordered(bounds["gte"])
    if "gt" in bounds:
        start = after(place + ordered(bounds["gt"]))
    if "lt" in bounds:
        end = place + ordered(bounds["lt"])
    if "lte" in bounds:
        end = after(place + ordered(bounds["lte"]))
    return Lane(SEARCH_VALUE, place, start, max(start, end))


def is_within(value: Any, wanted: SearchRange) -> bool:
    """Whether a run's value is in the range."""
    if value is None or isinstance(value, str) != _is_of_texts(wanted):
        return False
    return all(_BOUNDS[name](value, bound) for name, bound in wanted.bounds.items())


def _is_of_texts(wanted: SearchRange) -> bool:
    return isinstance(next(iter(wanted.bounds.values())), str)


def check_range(wanted: SearchRange | None) -> None:
    """Raises `BadRequestError` on a range that means nothing."""
    if wanted is None:
        return
    field, bounds = f"search[{limits.shown(wanted.name)}]", wanted.bounds
    if not bounds:
        raise BadRequestError(f"{field} has no bound; give one of: {', '.join(_BOUNDS)}")
    for name, bound in bounds.items():
        if name not in _BOUNDS:
            known = ", ".join(_BOUNDS)
            raise BadRequestError(f"{field} has {limits.shown(name)}; its bounds are: {known}")
        if isinstance(bound, bool):
            raise BadTypeError(f"{field} has {name} {bound}; a bound is text or a number")
        if isinstance(bound, float) and not math.isfinite(bound):
            raise BadRequestError(f"{field} has {name} {bound}, which is no finite number")
    for side in _SIDES:
        if side <= bounds.keys():
            raise BadRequestError(f"{field} has {' and '.join(sorted(side))}; give one of them")
    if len({isinstance(bound, str) for bound in bounds.values()}) > 1:
        raise BadTypeError(f"{field} goes from a text to a number; both bounds must be of one kind")
