"""Values as callers give them: bytes, text, objects that become JSON, and lists of these."""

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
        """The model as plain JSON values, with its aliases as names."""
        ...


JsonPayload = Payload | Mapping[str, Any] | Sequence[Any] | msgspec.Struct | Dataclass | Model
"""A payload: a value, or a dict, list, tuple, dataclass, msgspec struct or pydantic model that
becomes JSON.
"""

_BYTES = (bytes, bytearray, memoryview)


def as_bytes(value: Payload, field: str = "a value") -> bytes:
    """Return a value as bytes; text becomes UTF-8. Raises `BadTypeError` for any other type."""
    if isinstance(value, str):
        return limits.utf8(field, value)
    if isinstance(value, _BYTES):
        return bytes(value)
    raise BadTypeError(f"{field} must be bytes or str, not {type(value).__name__}{_hint(value)}")


def as_payload(payload: JsonPayload) -> bytes:
    """Return a payload as bytes; containers and objects become JSON. Raises `BadRequestError`."""
    if isinstance(payload, (str, *_BYTES)):
        return as_bytes(payload, "a payload")
    is_held = isinstance(payload, (Mapping, list, tuple, msgspec.Struct)) or is_model(payload)
    if is_held or (dataclasses.is_dataclass(payload) and not isinstance(payload, type)):
        return as_json("payload", payload)
    raise BadTypeError(
        f"a payload must be bytes, str, or a dict or list for JSON, not {type(payload).__name__}"
        f"{_hint(payload)}"
    )


def as_payloads(payloads: Iterable[JsonPayload]) -> list[bytes]:
    """Return several payloads, in order. Raises `BadTypeError` if a single one is given."""
    return [as_payload(one) for one in in_order("payloads", payloads)]


def in_order(field: str, items: Iterable[T]) -> list[T]:
    """Return several items whose order counts.

    Raises `BadTypeError` for a set or dict, which has no order, and for a single item.
    """
    if isinstance(items, (set, frozenset, Mapping)):
        raise BadTypeError(
            f"{field} must be a list, not {type(items).__name__}, since its order counts"
        )
    return several(field, items)


def several(field: str, items: Iterable[T]) -> list[T]:
    """Return several items. Raises `BadTypeError` for a single text, a dict, or a non-iterable."""
    if isinstance(items, (str, *_BYTES, Mapping)) or not isinstance(items, Iterable):
        raise BadTypeError(
            f"{field} must be a list, not one of type {type(items).__name__}{_hint(items)}"
        )
    return list(items)


def named(field: str, items: Mapping[str, T] | None) -> dict[str, T]:
    """Return items by name; `None` means none. Raises `BadTypeError` for anything but a dict."""
    if items is not None and not isinstance(items, Mapping):
        raise BadTypeError(f"{field} is {shown(items)}; it must be a dict of names and texts")
    return dict(items or {})


def to_json(value: Any) -> bytes:
    """Return `value` as JSON text. Raises `TypeError` or `ValueError` if JSON cannot express it.

    Dataclasses, structs, enums, dates, UUIDs and decimals are written as msgspec writes them. Sets
    are refused, because their order is random, and bytes, because they would come back as text. A
    `msgspec.Raw` is JSON text already.
    """
    if isinstance(value, msgspec.Raw):
        return bytes(value)
    text = json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_builtins
    )
    return text.encode()


def as_json(field: str, value: Any) -> bytes:
    """Return `value` as JSON text. Raises `BadRequestError` if JSON cannot express it."""
    try:
        return to_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequestError(
            f"{field} cannot be written as JSON: {_why_no_json(error)}{_hint(value)}"
        ) from error


def text_or_json(field: str, value: Any) -> bytes:
    """Return bytes and text unchanged, anything else as JSON. Raises `BadRequestError`."""
    return as_bytes(value, field) if isinstance(value, (str, *_BYTES)) else as_json(field, value)


def _why_no_json(error: Exception) -> str:
    """Say why a value has no JSON text.

    For a long integer, Python's own message speaks of settings of the interpreter.
    """
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
    """Whether it is a pydantic model, which writes itself as JSON."""
    return hasattr(value, "model_dump") and not isinstance(value, type)


def _hint(value: object) -> str:
    return " (is an await missing?)" if hasattr(value, "__await__") else ""
