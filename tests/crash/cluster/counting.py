"""Clients that count while something happens: no call may fail, and none may count twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

from floruntime import FloClient

PAUSE_S = 0.01


class Counting:
    """Ordinary clients, each of which counts in a namespace of its own, one call after the other;
    any failed call is kept, and fails the block at its end.
    """

    def __init__(self, new_client: Callable[[], FloClient], clients: int = 4) -> None:
        self._new_client = new_client
        self.told: dict[str, list[int]] = {f"n{number}": [] for number in range(clients)}
        self.failures: list[BaseException] = []
        self._is_over = False
        self._tasks: list[asyncio.Task[None]] = []

    async def _count(self, key: str) -> None:
        async with self._new_client() as client:
            while not self._is_over:
                try:
                    self.told[key].append(await client.kv.incr(key, namespace=key))
                except Exception as error:
                    self.failures.append(error)
                await asyncio.sleep(PAUSE_S)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._count(key)) for key in self.told]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        await asyncio.gather(*self._tasks)
        assert self.failures == []
        for key, told in self.told.items():
            assert told == list(range(1, len(told) + 1)), key
            async with self._new_client() as client:
                assert int(await client.kv.get(key, namespace=key) or 0) == len(told)
