"""`Idempotency-Key`: a write that is repeated within ten minutes gets its first answer again.

Each key is a client of its own, which makes one numbered write. The engine remembers its answer in
the commit that does the write (`engine/system/write_memory.py`), and with it the request
(`engine/system/once.py`). This module tracks only what is under way: of two equal requests at once,
the second gets the answer of the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.system import ONCE_PREFIX, OnceOpen
from floruntime.server.http.caller import HttpCaller

HEADER = "idempotency-key"
NUMBER = 1
"""The write number of the one write."""


class Once(NamedTuple):
    """A request that may run only once: the session of its write, and a digest of what it asks."""

    session: str
    digest: bytes


def once_of(key: str, namespace: str, call: str, body: bytes) -> Once:
    """Read an `Idempotency-Key`. Raises `BadRequestError` on an invalid one."""
    data = key.encode("latin-1")
    if not 1 <= len(data) <= limits.NAME_BYTES_MAX:
        raise BadRequestError(
            f"Idempotency-Key has {len(data)} bytes; 1 to {limits.NAME_BYTES_MAX} are allowed"
        )
    name = hashlib.sha256(namespace.encode() + b"\0" + data).hexdigest()
    digest = hashlib.sha256(call.encode() + b"\0" + body).digest()
    return Once(f"{ONCE_PREFIX}{name}", digest)


class UnderWay:
    """The requests with a key that are under way, by client."""

    def __init__(self) -> None:
        self._digests: dict[str, tuple[bytes, int]] = {}

    @contextmanager
    def doing(self, client: str, digest: bytes) -> Iterator[None]:
        """Hold a request as under way. Raises `ConflictError` if the key is in use for another one.

        `client`: the name under which the write is remembered; it holds the holder and the key.
        """
        first, count = self._digests.get(client, (digest, 0))
        if digest != first:
            raise another_request()
        self._digests[client] = (digest, count + 1)
        try:
            yield
        finally:
            _, count = self._digests.pop(client)
            if count > 1:
                self._digests[client] = (digest, count - 1)


async def open_once(caller: HttpCaller, once: Once, namespace: str) -> None:
    """Let the caller's next write, `NUMBER`, run only once. Raises `ConflictError`."""
    await caller.ask(OnceOpen(once.digest), namespace)


def another_request() -> ConflictError:
    """The error for a key that was used for another request."""
    return ConflictError("this Idempotency-Key was used for another request within ten minutes")
