"""The public keys that JWT are signed with: a JWKS file, or one that an identity provider serves.

They are cached, and read anew in a thread: when a token names a key that is not among them, and
when they are old. Not more often than every ten seconds, however many tokens ask for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPMessage
from typing import IO

import jwt

from floruntime.core.masked import masked
from floruntime.server.config import ConfigError

log = logging.getLogger("floruntime.access")

BYTES_MAX = 1024 * 1024
READ_S_MAX = 5.0
INTERVAL_S_MIN = 10.0
AGE_S_MAX = 3_600.0
ALGORITHMS = ("RS256", "ES256")

Read = Callable[[], bytes]


class KeySet:
    """Keys by id. `read` gives the JWKS document; it runs in a thread."""

    def __init__(
        self, source: str, read: Read, *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._shown = masked(source)
        self._read = read
        self._now_s = now_s
        self._keys: list[jwt.PyJWK] = []
        self._tried_s: float | None = None
        self._reading: asyncio.Task[None] | None = None

    def load(self) -> None:
        """Read now, and wait for it. Raises `ConfigError`."""
        try:
            self._keys = _parse(self._read())
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise ConfigError(f"jwt_jwks {self._shown} cannot be used: {error}") from None
        self._tried_s = self._now_s()

    def find(self, id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key that `id` names; without an id the only one there is for the algorithm."""
        fitting = [key for key in self._keys if key.algorithm_name == algorithm]
        if id is None:
            return fitting[0] if len(fitting) == 1 else None
        return next((key for key in fitting if key.key_id == id), None)

    @property
    def is_old(self) -> bool:
        """Whether a key could have been withdrawn long ago."""
        return self._tried_s is None or self._now_s() - self._tried_s > AGE_S_MAX

    @property
    def _is_fresh(self) -> bool:
        return self._tried_s is not None and self._now_s() - self._tried_s < INTERVAL_S_MIN

    async def renew(self, *, at_once: bool = False) -> None:
        """Read again, unless that was done just now (`at_once`: even then).

        What there was stays if it fails.
        """
        if self._reading is None:
            if self._is_fresh and not at_once:
                return
            self._tried_s = self._now_s()
            self._reading = asyncio.get_running_loop().create_task(self._renew())
        await asyncio.shield(self._reading)

    async def _renew(self) -> None:
        try:
            self._keys = _parse(await asyncio.to_thread(self._read))
        except (OSError, ValueError, jwt.PyJWTError) as error:
            log.warning("jwt_jwks %s cannot be read, the keys stay: %s", self._shown, error)
        finally:
            self._reading = None


def open_keys(source: str) -> KeySet:
    """The keys in the file or at the address `source`. A file is read now."""
    if "://" in source:
        return KeySet(source, lambda: _fetch(source))
    keys = KeySet(source, lambda: _read_file(source))
    keys.load()
    return keys


def _parse(document: bytes) -> list[jwt.PyJWK]:
    """The keys that can be used; of other kinds there may be more in the document."""
    content = json.loads(document)
    if not isinstance(content, dict):
        raise ValueError("it is no JWKS: an object with the member keys")
    return [
        key
        for key in jwt.PyJWKSet.from_dict(content).keys
        if key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig")
    ]


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(BYTES_MAX)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Keys come from where the settings say, and from nowhere else."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def _fetch(address: str) -> bytes:
    """Read `address`, all of it within a few seconds."""
    until_s = time.monotonic() + READ_S_MAX
    opener = urllib.request.build_opener(_NoRedirect)
    parts: list[bytes] = []
    size_bytes = 0
    with opener.open(address, timeout=READ_S_MAX) as response:
        while part := response.read1(65_536):
            parts.append(part)
            size_bytes += len(part)
            if size_bytes > BYTES_MAX:
                raise ValueError(f"it is larger than {BYTES_MAX} bytes")
            if time.monotonic() > until_s:
                raise TimeoutError(f"it takes longer than {READ_S_MAX:g} s")
    return b"".join(parts)
