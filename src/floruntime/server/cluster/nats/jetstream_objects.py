"""Stores the files of checkpoints in NATS, in a bucket of JetStream's object store."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, BinaryIO

from nats.errors import Error as NatsError
from nats.js.errors import (
    BadObjectMetaError,
    DigestMismatchError,
    ObjectDeletedError,
    ObjectNotFoundError,
)

from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.log.message import DamagedLogError
from floruntime.server.cluster.nats.jetstream import Nats
from floruntime.server.ending import heeding

OBJECT_S = 600.0
"""How long a file may take on its way to NATS."""
STALLS_S = 30.0
"""A file of which nothing comes for so long is not there, or NATS is silent."""
DAMAGES = (DigestMismatchError, ObjectNotFoundError, ObjectDeletedError, BadObjectMetaError)
"""What nats-py raises where a file is not what it was: to ask again is of no use."""


class JetStreamObjects:
    """Files, in a bucket of JetStream's object store."""

    def __init__(self, nats: Nats, replicas: int) -> None:
        self._nats = nats
        self._bucket = f"{nats.prefix}-checkpoints"
        self._replicas = replicas

    async def put(self, name: str, path: str) -> None:
        """Store the file at `path` under this name."""
        store = await self._open()
        with open(path, "rb") as file:  # noqa: ASYNC230 # read in a thread by nats-py
            await _answered(store.put(name, file))

    async def get(self, name: str, path: str) -> None:
        """Write a stored file to `path`. Raises `DamagedLogError` if it is missing or damaged."""
        store = await self._open()
        try:
            async with asyncio.timeout(None) as limit:
                with open(path, "wb") as file:  # noqa: ASYNC230 # written in a thread by nats-py
                    into = _Progress(file, limit)
                    await _answered(store.get(name, writeinto=into))
        except TimeoutError:
            raise LogSilentError(f"NATS: no part of the object came for {STALLS_S:g} s") from None

    async def delete(self, name: str) -> None:
        """Delete a stored file."""
        store = await self._open()
        await _answered(store.delete(name))

    async def _open(self) -> Any:
        context = self._nats.jetstream()
        try:
            return await _answered(context.object_store(self._bucket))
        except LogSilentError:
            return await _answered(
                context.create_object_store(self._bucket, replicas=self._replicas)
            )


class _Progress:
    """A file that is written in a thread. Each piece extends the deadline for the next."""

    def __init__(self, file: BinaryIO, limit: asyncio.Timeout) -> None:
        self._file = file
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._go_on()

    def write(self, data: bytes) -> int:
        """Take a piece."""
        self._loop.call_soon_threadsafe(self._go_on)
        return self._file.write(data)

    def _go_on(self) -> None:
        with suppress(RuntimeError):  # the deadline has passed already
            self._limit.reschedule(self._loop.time() + STALLS_S)


async def _answered(work: Any) -> Any:
    try:
        async with asyncio.timeout(OBJECT_S):
            return await heeding(work)
    except DAMAGES as error:
        raise DamagedLogError(f"NATS: {str(error) or type(error).__name__}") from None
    except (NatsError, OSError, TimeoutError, ValueError) as error:
        raise LogSilentError(f"NATS: {str(error) or type(error).__name__}") from None
