"""Finds the field of a request that cannot be sent, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from floruntime.core.limits import shown
from floruntime.core.system import ServerLimits


def what_is_unsendable(request: Any, limits: ServerLimits | None = None) -> str | None:
    """Name the first field that cannot be encoded, or that is too large for the server, and say
    why; `None` if there is none.
    """
    for name, value in _parts("", request):
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            return f"{name} is {shown(value)}; it must fit into 64 bits"
        if isinstance(value, str) and not _has_utf8(value):
            return (
                f"{name} is {shown(value)}; it has half a character (a lone surrogate), which "
                "UTF-8 cannot encode"
            )
        if limits is not None and isinstance(value, bytes) and len(value) > limits.value_bytes_max:
            return (
                f"{name} has {len(value)} bytes; this server takes at most {limits.value_bytes_max}"
            )
    return None


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Everything in a value that is not made of other things, by the names of fields."""
    if isinstance(value, msgspec.Struct):
        for field, part in zip(
            value.__struct_fields__, msgspec.structs.astuple(value), strict=True
        ):
            yield from _parts(field, part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _parts(name, key)
            yield from _parts(name, part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _parts(name, part)
    else:
        yield name, value


def _has_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
