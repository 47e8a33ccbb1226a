"""Connects to a name that has several addresses: each is tried a little after the one before.

So an address that swallows packets (broken IPv6, a dead node in the DNS) costs a fraction of a
second instead of a time-out. asyncio has this built in, uvloop does not.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from typing import Any, NamedTuple

HEAD_START_S = 0.25
"""How long an address is tried alone before the next one is tried beside it."""


class Address(NamedTuple):
    """One address of a host, as `socket.getaddrinfo` tells it."""

    family: int
    kind: int
    protocol: int
    name: str
    place: Any


async def connected_socket(host: str, port: int) -> socket.socket:
    """A socket that is connected to the first address that answers. Raises `OSError`."""
    addresses = _by_turns(await _addresses_of(host, port))
    if not addresses:
        raise OSError(f"{host} has no address")
    return await _Race(addresses).run()


async def _addresses_of(host: str, port: int) -> list[Address]:
    try:  # an address in digits needs no thread
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Address(*each) for each in found]


def _by_turns(addresses: list[Address]) -> list[Address]:
    """Order addresses so that IPv6 and IPv4 take turns, because one of them may be broken."""
    families: dict[int, list[Address]] = {}
    for address in addresses:
        families.setdefault(address.family, []).append(address)
    rounds = itertools.zip_longest(*families.values())
    return [address for each in rounds for address in each if address is not None]


class _Race:
    """Attempts side by side; the first that succeeds wins, and the others are given up."""

    def __init__(self, addresses: list[Address]) -> None:
        self._waiting = list(addresses)
        self._attempts: set[asyncio.Task[socket.socket]] = set()
        self._errors: list[OSError] = []

    async def run(self) -> socket.socket:
        try:
            while True:
                if self._waiting:
                    self._begin_next()
                winner = await self._next_end()
                if winner is not None:
                    return winner
                if not self._attempts and not self._waiting:
                    raise self._error()
        finally:
            await self._give_up()

    def _begin_next(self) -> None:
        attempt = asyncio.ensure_future(_connected(self._waiting.pop(0)))
        self._attempts.add(attempt)

    async def _next_end(self) -> socket.socket | None:
        """Wait for an attempt to end, or until the next one may begin."""
        ended, _ = await asyncio.wait(
            self._attempts,
            timeout=HEAD_START_S if self._waiting else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        for attempt in ended:
            self._attempts.discard(attempt)
            error = attempt.exception()
            if error is None:
                return attempt.result()
            if not isinstance(error, OSError):
                raise error
            self._errors.append(error)
        return None

    def _error(self) -> OSError:
        if len(self._errors) == 1:
            return self._errors[0]
        return OSError("; ".join(str(error) for error in self._errors))

    async def _give_up(self) -> None:
        """End all other attempts, and close the sockets of those that succeeded too late."""
        for attempt in self._attempts:
            attempt.cancel()
        ends = await asyncio.gather(*self._attempts, return_exceptions=True)
        for end in ends:
            if isinstance(end, socket.socket):
                end.close()


async def _connected(address: Address) -> socket.socket:
    sock = socket.socket(address.family, address.kind, address.protocol)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address.place)
    except BaseException:
        sock.close()
        raise
    return sock
