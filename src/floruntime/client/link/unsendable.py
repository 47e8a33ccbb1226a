"""What it is about a request that does not go over the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from floruntime.core.system import Limits
from floruntime.core.types import Request


def what_is_unsendable(request: Request[Any], limits: Limits) -> str | None:
    """The first field that is too large for a message or for the server, and why; else `None`."""
    for name, value in msgspec.structs.asdict(request).items():
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            return f"{name} is {value}; it must fit into 64 bits"
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, bytes) and len(item) > limits.value_bytes_max:
                return (
                    f"{name} has {len(item)} bytes; "
                    f"this server takes at most {limits.value_bytes_max}"
                )
    return None
