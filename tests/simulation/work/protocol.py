"""What a kind of work is to those who run it, and what all of them need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

from floruntime.core.errors import FloError
from tests.crash.history import NOT_RUN, UNKNOWN, Fate
from tests.simulation.world import World

T = TypeVar("T")
PATIENCE_S = 600.0
"""The simulated time within which, once all is well, what is owed must have come."""
PASSING = (
    *("ConnectionFailedError", "NotConnectedError", "RequestTimeoutError", "OverloadedError"),
    *("StorageFullError", "UnavailableError", "InternalServerError"),
)
"""Errors that trouble causes; the others are answers."""


class Work(Protocol):
    """One kind of work."""

    async def begin(self) -> None:
        """Make what it stands on, and begin; all is well until this has ended."""
        ...

    async def end(self) -> None:
        """Come to an end, now that all is well: what is owed is delivered."""
        ...

    async def judge(self) -> None:
        """Complain of each promise that was broken."""
        ...


def is_passing(error: FloError) -> bool:
    """Whether an error says nothing of the call but that it had no luck.

    What is remembered of a client's writes for ten minutes is forgotten at once, where the clock on
    the wall was set forward and the server started again.
    """
    return type(error).__name__ in PASSING or error.ran == "maybe"


async def told(call: Awaitable[T]) -> T | Fate:
    """The call's answer, or what is known without one. Raises an error that is an answer."""
    try:
        return await call
    except FloError as error:
        if not is_passing(error):
            raise
        return UNKNOWN if error.ran == "maybe" else NOT_RUN


async def surely(world: World, call: Any, *arguments: Any, **options: Any) -> Any:
    """What the call answers, asked until it does: for reads, and what may be done twice."""
    until_s = world.loop.time() + PATIENCE_S
    while True:
        answer = await told(call(*arguments, **options))
        if not isinstance(answer, Fate):
            return answer
        assert world.loop.time() < until_s, "no answer, though all is well"
        await asyncio.sleep(0)
