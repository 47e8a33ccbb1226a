"""The public keys for JWT: from a JWKS file, or from the address of an identity provider.

The keys are cached and read again in a thread: when a token names an unknown key, and when the
cache is too old, before a token is judged. So a withdrawn key is refused once the cache has
expired. Keys are read at most every ten seconds, however many tokens ask for it.

A provider may hang, send slowly, or send anything at all. One time limit covers connection, headers
and body together, and a read never delays a stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPMessage, HTTPResponse, HTTPSConnection
from typing import IO, Any

import jwt

from floruntime.core.masked import masked
from floruntime.server.config import ConfigError

log = logging.getLogger("floruntime.access")

BYTES_MAX = 1024 * 1024
READ_S_MAX = 5.0
LEFT_ALONE_S = 1.0
"""How much longer a read is waited for that does not end though its time is up."""
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
        self._read_s: float | None = None
        self._reading: asyncio.Task[None] | None = None
        #: Whether they could not be read when that was tried last: there may be others by now.
        self.are_out_of_reach = False

    def load(self) -> None:
        """Read now, and wait for it. Raises `ConfigError`."""
        try:
            self._keys = _parse(self._read())
        except (OSError, ValueError) as error:
            raise ConfigError(f"jwt_jwks {self._shown} cannot be used: {error}") from None
        self._tried_s = self._read_s = self._now_s()

    def find(self, id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key that `id` names; without an id the only one there is for the algorithm."""
        fitting = [key for key in self._keys if key.algorithm_name == algorithm]
        if id is None:
            return fitting[0] if len(fitting) == 1 else None
        return next((key for key in fitting if key.key_id == id), None)

    @property
    def is_old(self) -> bool:
        """Whether a key could have been withdrawn long ago, and it is worth a try to ask."""
        is_old = self._read_s is None or self._now_s() - self._read_s > AGE_S_MAX
        return is_old and not self._is_fresh

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
            async with asyncio.timeout(READ_S_MAX + LEFT_ALONE_S):
                self._keys = _parse(await _in_thread(self._read))
            self._read_s = self._now_s()
            self.are_out_of_reach = False
        except Exception as error:  # whatever a provider sends, the keys that are known go on
            reason = str(error) or type(error).__name__
            self.are_out_of_reach = True
            log.warning(
                "jwt_jwks %s cannot be read; the keys read before stay in use: %s",
                self._shown,
                reason,
            )
        finally:
            self._reading = None


async def _in_thread(read: Read) -> bytes:
    """What `read` gives; in a thread that nobody waits for when the process ends."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[bytes] = loop.create_future()

    def told(data: bytes | None, error: Exception | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(data or b"")

    def run() -> None:
        data, caught = None, None
        try:
            data = read()
        except Exception as error:  # told where it is waited for
            caught = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(told, data, caught)

    threading.Thread(target=run, name="flo-jwks", daemon=True).start()
    return await outcome


def open_keys(source: str) -> KeySet:
    """The keys in the file or at the address `source`. A file is read now."""
    if "://" in source:
        return KeySet(source, lambda: _fetch(source))
    keys = KeySet(source, lambda: _read_file(source))
    keys.load()
    return keys


def _parse(document: bytes) -> list[jwt.PyJWK]:
    """The keys that can be used; of other kinds there may be more in the document."""
    try:
        content = json.loads(document)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    listed = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        raise ValueError('it is not a JWKS, which is an object whose member "keys" is a list')
    keys = [key for item in listed for key in _usable(item)]
    if not keys:
        raise ValueError("it has no usable key")
    return keys


def _usable(item: Any) -> Iterator[jwt.PyJWK]:
    """The key, if it is one that tokens may be signed with."""
    try:
        key = jwt.PyJWK.from_dict(item)
    except Exception:  # the library expects no junk, and its neighbours are as good as ever
        return
    if key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig"):
        yield key


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


class _Connections(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Opens connections, and can cut them."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[HTTPConnection] = []
        self._sockets: list[socket.socket] = []
        self.is_cut = False

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._connection_by(HTTPConnection), req)

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._connection_by(HTTPSConnection), req)

    def _connection_by(self, kind: type[HTTPConnection]) -> Any:
        def make(host: str, **options: Any) -> HTTPConnection:
            connection = kind(host, **options)
            connect = connection.connect

            def connect_and_keep() -> None:
                connect()
                self._sockets.append(connection.sock)  # a connection forgets its own early

            connection.connect = connect_and_keep  # type: ignore[method-assign]  # as said there
            self._open.append(connection)
            return connection

        return make

    def cut(self) -> None:
        """End them, wherever they are."""
        self.is_cut = True
        beginning = [one.sock for one in self._open if one.sock is not None]
        for each in (*self._sockets, *beginning):
            with contextlib.suppress(OSError):  # it has ended by itself
                each.shutdown(socket.SHUT_RDWR)

    def close_all(self) -> None:
        """Leave nothing open."""
        for connection in self._open:
            connection.close()


def _fetch(address: str) -> bytes:
    """Read `address`, all of it within a few seconds."""
    connections = _Connections()
    opener = urllib.request.build_opener(_NoRedirect, connections)
    too_long = threading.Timer(READ_S_MAX, connections.cut)
    too_long.daemon = True
    too_long.start()
    body, caught = b"", None
    try:
        with opener.open(address, timeout=READ_S_MAX) as response:
            body = _body(response)
    except Exception as error:  # told below: what was cut may look like anything
        caught = error
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is an answer, too
    finally:
        too_long.cancel()
        connections.close_all()
    if connections.is_cut:
        raise TimeoutError(f"reading it takes longer than {READ_S_MAX:g} s") from caught
    if caught is not None:
        raise caught
    return body


def _body(response: Any) -> bytes:
    parts: list[bytes] = []
    size_bytes = 0
    while part := response.read1(65_536):
        parts.append(part)
        size_bytes += len(part)
        if size_bytes > BYTES_MAX:
            raise ValueError(f"it is larger than {BYTES_MAX} bytes")
    return b"".join(parts)
