"""JSON as values of a type that a person names: structs, dataclasses, TypedDicts, pydantic models.

Pydantic is not needed for it: a model brings what reads it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def decode_json(data: bytes, kind: type[T]) -> T:
    """`data` as a `kind`. Raises `ValueError`, naming the field, where it does not fit."""
    read = getattr(kind, "model_validate_json", None)
    if read is not None:
        found: T = read(data)  # pydantic's error is a `ValueError` that names the field
        return found
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_read_within)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _read_within(kind: Any, value: Any) -> Any:
    """A model within another type, of a list say, from what JSON had in its place."""
    read = getattr(kind, "model_validate_json", None)
    if read is None:
        raise TypeError(f"JSON has no {name_of(kind)}")
    return read(msgspec.json.encode(value))


def name_of(kind: Any) -> str:
    """What a type is called in a message."""
    return str(getattr(kind, "__name__", kind))
