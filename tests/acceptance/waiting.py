"""Waiting for what was begun to be under way, without the wall clock."""

from __future__ import annotations

import asyncio

from floruntime import FloClient

TURNS = 5


async def under_way(client: FloClient) -> None:
    """Let what was begun on `client` reach its server, which reads a connection in order."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
    await client.ping()
