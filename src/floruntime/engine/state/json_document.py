"""JSON documents and the singular paths into them: `$`, `.name`, `['name']`, `[0]`, `[-1]`.

The paths are the part of RFC 9535 that names exactly one place. Integers stay exact, up to 4,300
digits; a value that JSON does not have (NaN, infinities) is refused.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import Any, Final, NoReturn

import msgspec

from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.limits import shown
from floruntime.engine.state.json_path.parser import JsonPathError, parse_singular

Step = str | int
MISSING: Final[Any] = object()
DEPTH_MAX = 200
PATH_STEPS_MAX = 64

LARGE_BYTES = 64 * 1024
"""A text of more bytes is handled by what is faster, and writes some numbers in another way."""

DIGITS_MAX = 4_300
"""Python reads and writes no longer integers: the time for it grows with their square."""
_TOO_LONG = re.compile(rf"[0-9]{{{DIGITS_MAX + 1},}}")


@lru_cache(maxsize=1024)
def parse_path(path: str) -> tuple[Step, ...]:
    """The steps of `path`; none for `$`. Raises `BadRequestError`."""
    try:
        return parse_singular(path, steps_max=PATH_STEPS_MAX)
    except JsonPathError:
        raise BadRequestError(
            f"path {shown(path)} must name one place, such as $, $.name, $['a name'] or $.list[0], "
            f"in at most {PATH_STEPS_MAX} steps"
        ) from None


def load_input(field: str, text: bytes) -> Any:
    """The document in what a caller sent. Raises `BadRequestError`."""
    try:
        return load(text)
    except json.JSONDecodeError as error:
        raise BadRequestError(f"{field} is not JSON: {error}") from None
    except ValueError as error:
        raise BadRequestError(f"{field} cannot be taken as JSON: {error}") from None


def load_stored(key: str, value: bytes) -> Any:
    """The document under `key`. Raises `ConflictError` where the value is none."""
    try:
        return load(value)
    except json.JSONDecodeError:
        raise ConflictError(f"the value of key {shown(key)} is not a JSON document") from None
    except ValueError as error:
        raise ConflictError(
            f"the value of key {shown(key)} cannot be taken as a JSON document: {error}"
        ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{shown(digits)} is beyond what a double holds")
    return number


#: `json.loads` would make a decoder for each text.
_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite).decode


def _decode_large(text: bytes) -> Any:
    """The same, several times as fast; where it refuses a text, the other says why, or takes it."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _decode(text.decode())


def load(text: bytes) -> Any:
    """The document in a text. Raises `ValueError`."""
    decoded = text.decode()
    try:
        document = _decode_large(text) if len(text) > LARGE_BYTES else _decode(decoded)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        digits = _TOO_LONG.search(decoded)
        if digits is None:
            raise
        raise ValueError(
            f"it has a number of {len(digits[0]):,} digits; {DIGITS_MAX:,} are allowed"
        ) from None
    if decoded.count("[") + decoded.count("{") > DEPTH_MAX:
        check_depth(document)
    return document


def check_depth(document: Any, above: int = 0) -> None:
    """Raise `ValueError` where the document is nested too deeply to be read again.

    `above`: how deep it lies in another.
    """
    level = [document]
    for _ in range(DEPTH_MAX - above):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {DEPTH_MAX}")


def _children(node: Any) -> Any:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def dump(document: Any) -> bytes:
    """The document as compact JSON text."""
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate: only its escape has a place in UTF-8
        return json.dumps(document, separators=(",", ":")).encode()


def dump_large(document: Any) -> bytes:
    """The same, many times as fast."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return dump(document)


def find(document: Any, steps: tuple[Step, ...]) -> Any:
    """What lies at `steps`, or `MISSING`."""
    for step in steps:
        if isinstance(step, str):
            if not isinstance(document, dict) or step not in document:
                return MISSING
        elif not isinstance(document, list) or not -len(document) <= step < len(document):
            return MISSING
        document = document[step]
    return document


def check_depth_within(value: Any, path: str, above: int) -> None:
    """Refuse a value that would make a document too deep, `above` steps down in it."""
    try:
        check_depth(value, above)
    except ValueError as error:
        raise BadRequestError(
            f"with this value at {shown(path)} the document cannot be kept: {error}"
        ) from None
