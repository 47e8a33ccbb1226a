"""Values of Python as JSON text, where a person may hand over either."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from floruntime.client.api.caller import as_bytes
from floruntime.core.errors import BadRequestError


def to_json(value: Any) -> bytes:
    """`value` as JSON text. Raises `TypeError` or `ValueError` where JSON has no such thing."""
    text = json.dumps(
        value,
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
        default=msgspec.to_builtins,
    )
    return text.encode()


def text_or_json(field: str, value: Any) -> bytes:
    """Bytes and text as they are, anything else as JSON. Raises `BadRequestError`."""
    if isinstance(value, (bytes, bytearray, memoryview, str)):
        return as_bytes(value)
    try:
        return to_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequestError(f"{field} cannot be written as JSON: {why_no_json(error)}") from error


def why_no_json(error: Exception) -> str:
    """Why a value has no JSON text; of a long integer Python speaks in terms of its own."""
    if "integer string conversion" in str(error):
        return "it has an integer of more than 4,300 digits"
    return str(error)
