"""Values as a person hands them over: bytes, text, what becomes JSON, and lists of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.limits import shown

T = TypeVar("T")

Payload = bytes | bytearray | memoryview | str
"""A value; text is sent as UTF-8."""


class Dataclass(Protocol):
    """An object of any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class Model(Protocol):
    """An object of any pydantic model."""

    def model_dump(self, *, mode: str, by_alias: bool) -> Any:
        """It as what JSON has, under the names by which it is read."""
        ...


JsonPayload = Payload | Mapping[str, Any] | Sequence[Any] | msgspec.Struct | Dataclass | Model
"""A payload: a value, or a dict, list, tuple, dataclass, msgspec struct or pydantic model that
becomes JSON.
"""

_BYTES = (bytes, bytearray, memoryview)


def as_bytes(value: Payload, field: str = "a value") -> bytes:
    """A value as bytes; text becomes UTF-8. Raises `BadTypeError` on anything else."""
    if isinstance(value, str):
        return limits.utf8("value", value)
    if isinstance(value, _BYTES):
        return bytes(value)
    raise BadTypeError(f"{field} must be bytes or str, not {type(value).__name__}{_hint(value)}")


def as_payload(payload: JsonPayload) -> bytes:
    """A payload as bytes; what holds others becomes JSON text. Raises `BadRequestError`."""
    if isinstance(payload, (str, *_BYTES)):
        return as_bytes(payload)
    is_held = isinstance(payload, (Mapping, list, tuple, msgspec.Struct)) or is_model(payload)
    if is_held or (dataclasses.is_dataclass(payload) and not isinstance(payload, type)):
        return as_json("payload", payload)
    raise BadTypeError(
        f"a payload must be bytes, str, or a dict or list for JSON, not {type(payload).__name__}"
        f"{_hint(payload)}"
    )


def as_payloads(payloads: Iterable[JsonPayload]) -> list[bytes]:
    """Several payloads, in order. Raises `BadTypeError` where one is given instead."""
    return [as_payload(one) for one in in_order("payloads", payloads)]


def in_order(field: str, items: Iterable[T]) -> list[T]:
    """Several items whose order counts. Raises `BadTypeError` on what has none, and on one item."""
    if isinstance(items, (set, frozenset, Mapping)):
        raise BadTypeError(f"{field} must be a list, not {type(items).__name__}: its order counts")
    return several(field, items)


def several(field: str, items: Iterable[T]) -> list[T]:
    """Several items. Raises `BadTypeError` on one text, a dict, and what cannot be gone through."""
    if isinstance(items, (str, *_BYTES, Mapping)) or not isinstance(items, Iterable):
        raise BadTypeError(
            f"{field} must be a list, not one of type {type(items).__name__}{_hint(items)}"
        )
    return list(items)


def named(field: str, items: Mapping[str, T] | None) -> dict[str, T]:
    """Items by name; `None` means none. Raises `BadTypeError` on what has no names."""
    if items is not None and not isinstance(items, Mapping):
        raise BadTypeError(f"{field} is {shown(items)}; it must be a dict of names and texts")
    return dict(items or {})


def to_json(value: Any) -> bytes:
    """`value` as JSON text. Raises `TypeError` or `ValueError` where JSON has no such thing.

    Dataclasses, structs, enums, dates, UUIDs and decimals are written as msgspec does. Sets are
    refused, whose order is chance, and bytes, which would come back as text. A `msgspec.Raw` is
    JSON text already.
    """
    if isinstance(value, msgspec.Raw):
        return bytes(value)
    text = json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_builtins
    )
    return text.encode()


def as_json(field: str, value: Any) -> bytes:
    """`value` as JSON text. Raises `BadRequestError` where JSON has no such thing."""
    try:
        return to_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequestError(
            f"{field} cannot be written as JSON: {_why_no_json(error)}{_hint(value)}"
        ) from error


def text_or_json(field: str, value: Any) -> bytes:
    """Bytes and text as they are, anything else as JSON. Raises `BadRequestError`."""
    return as_bytes(value, field) if isinstance(value, (str, *_BYTES)) else as_json(field, value)


def _why_no_json(error: Exception) -> str:
    """Why a value has no JSON text; of a long integer Python speaks in terms of its own."""
    if "integer string conversion" in str(error):
        return "it has an integer of more than 4,300 digits"
    return str(error)


def _builtins(value: Any) -> Any:
    if isinstance(value, (set, frozenset, *_BYTES)):
        raise TypeError(f"it holds a {type(value).__name__}")
    if is_model(value):
        return value.model_dump(mode="json", by_alias=True)
    return msgspec.to_builtins(value, builtin_types=_BYTES, enc_hook=_model_within)


def _model_within(value: Any) -> Any:
    if is_model(value):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")


def is_model(value: Any) -> bool:
    """Whether it is a pydantic model, which writes itself."""
    return hasattr(value, "model_dump") and not isinstance(value, type)


def _hint(value: object) -> str:
    return " (is an await missing?)" if hasattr(value, "__await__") else ""
