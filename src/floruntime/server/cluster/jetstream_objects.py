"""Files in NATS: checkpoints lie in a bucket of JetStream's object store."""

from __future__ import annotations

import asyncio
from typing import Any

from nats.errors import Error as NatsError

from floruntime.server.cluster.jetstream import Nats
from floruntime.server.cluster.log import LogSilentError
from floruntime.server.ending import heeding

OBJECT_S = 600.0
"""How long a file may take on its way."""


class JetStreamObjects:
    """Files, in a bucket of JetStream's object store."""

    def __init__(self, nats: Nats, replicas: int) -> None:
        self._nats = nats
        self._bucket = f"{nats.prefix}-checkpoints"
        self._replicas = replicas

    async def put(self, name: str, path: str) -> None:
        """Put a file in."""
        store = await self._open()
        with open(path, "rb") as file:  # noqa: ASYNC230 # read in a thread by nats-py
            await _answered(store.put(name, file))

    async def get(self, name: str, path: str) -> None:
        """Get a file out."""
        store = await self._open()
        with open(path, "wb") as file:  # noqa: ASYNC230 # written in a thread by nats-py
            await _answered(store.get(name, writeinto=file))

    async def delete(self, name: str) -> None:
        """Drop a file."""
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


async def _answered(work: Any) -> Any:
    try:
        async with asyncio.timeout(OBJECT_S):
            return await heeding(work)
    except (NatsError, OSError, TimeoutError, ValueError) as error:
        raise LogSilentError(f"NATS: {str(error) or type(error).__name__}") from None
