"""Greets a server; if the first link stays silent, a second one is tried beside it.

A silent link may be half open, so that the hello was lost. Or the server needs time to answer: it
may have to fetch the keys of a token. So the first link is kept while the second is tried. The one
that is greeted first becomes the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from floruntime.client.link.connection import Connection
from floruntime.core.errors import ConnectionFailedError, FloError
from floruntime.core.system import Welcome

SILENT_S_MIN = 0.5
SILENT_S_MAX = 3.0

Greeted = tuple[Connection, Welcome]
Greet = Callable[[float, Callable[[], None]], Coroutine[Any, Any, Greeted]]
"""Opens a link and greets, within a number of seconds; calls back once its hello was sent."""


def patience_s(timeout_s: float) -> float:
    """How long a hello may be unanswered before a second link is tried. The time that it takes to
    open the link does not count.
    """
    return min(max(SILENT_S_MIN, timeout_s / 4), SILENT_S_MAX)


async def greeted(greet: Greet, timeout_s: float) -> Greeted:
    """Run `greet` once, or twice side by side, and return the first greeting.

    Raises the server's refusal, or else why the first link failed.
    """
    loop = asyncio.get_running_loop()
    until_s = loop.time() + timeout_s
    sent = asyncio.Event()
    tasks = [asyncio.create_task(greet(timeout_s, sent.set))]
    silence = asyncio.create_task(_silent(sent, patience_s(timeout_s)))
    try:
        await asyncio.wait([*tasks, silence], return_when=asyncio.FIRST_COMPLETED)
        if not tasks[0].done():
            tasks.append(asyncio.create_task(greet(until_s - loop.time(), sent.set)))
        return await _first(tasks)
    finally:
        silence.cancel()
        await asyncio.gather(silence, return_exceptions=True)
        await _let_go(tasks)


async def _silent(sent: asyncio.Event, patience_s: float) -> None:
    """Return once the hello was sent and has been unanswered for `patience_s`."""
    await sent.wait()
    await asyncio.sleep(patience_s)


async def _first(tasks: list[asyncio.Task[Greeted]]) -> Greeted:
    """The first that is greeted; it is taken out of `tasks`."""
    failure: FloError | None = None
    waiting = set(tasks)
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in [each for each in tasks if each in done]:
            try:
                found = task.result()
            except ConnectionFailedError as error:
                failure = failure or error
            else:
                tasks.remove(task)
                return found
    assert failure is not None, "each was greeted, or failed"
    raise failure


async def _let_go(tasks: list[asyncio.Task[Greeted]]) -> None:
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(outcome, BaseException):
            await outcome[0].close()  # it was greeted, too, before it was cancelled
