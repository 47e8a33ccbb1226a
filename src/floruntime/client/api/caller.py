"""The one door through which each primitive's methods reach the server."""

from __future__ import annotations

from typing import Protocol, TypeVar

from floruntime.core import limits
from floruntime.core.errors import BadTypeError
from floruntime.core.types import Request

R = TypeVar("R")


class Caller(Protocol):
    """Sends one request and gives its typed answer; `FloClient` is one."""

    async def call(
        self, request: Request[R], *, namespace: str | None = None, block_ms: int = 0
    ) -> R:
        """The answer of `request`.

        `namespace=None` is the client's own. The time-out is the client's `timeout_ms` plus
        `block_ms`. Raises the `FloError` that the server or the connection gave.
        """
        ...


def as_bytes(value: bytes | bytearray | memoryview | str) -> bytes:
    """A value or payload as bytes; text becomes UTF-8. Raises `BadTypeError` on anything else."""
    if isinstance(value, str):
        return limits.utf8("value", value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise BadTypeError(f"a value must be bytes or str, not {type(value).__name__}")
