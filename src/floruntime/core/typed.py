"""Decoding JSON to a given type: structs, dataclasses, TypedDicts, pydantic models.

Pydantic need not be installed: a model brings its own reader.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def decode_json(data: bytes, kind: type[T]) -> T:
    """Decode `data` to a `kind`. Raises `ValueError`, naming the field, if it does not fit."""
    read = getattr(kind, "model_validate_json", None)
    if read is not None:
        found: T = read(data)  # pydantic's error is a `ValueError` that names the field
        return found
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_read_within)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _read_within(kind: Any, value: Any) -> Any:
    """Read a model inside another type, such as a list, from its plain JSON value."""
    read = getattr(kind, "model_validate_json", None)
    if read is None:
        raise TypeError(f"JSON has no {name_of(kind)}")
    return read(msgspec.json.encode(value))


def name_of(kind: Any) -> str:
    """The name of a type in messages."""
    return str(getattr(kind, "__name__", kind))
