"""Calls the listeners of one kind of event, each in its own turn of the event loop."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Generic, ParamSpec

from floruntime.core.errors import BadTypeError

log = logging.getLogger("floruntime.client")

P = ParamSpec("P")


class Listeners(Generic[P]):
    """Plain and async functions. If one raises, that is logged, and the others are still called."""

    def __init__(self) -> None:
        self._listeners: dict[object, Callable[P, Awaitable[Any] | Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, listener: Callable[P, Awaitable[Any] | Any]) -> Callable[[], None]:
        """Call `listener` at each event, until the function that this returns is called. Raises
        `BadTypeError`.
        """
        if not callable(listener):
            raise BadTypeError(f"a listener must be a function, not {type(listener).__name__}")
        key = object()
        self._listeners[key] = listener

        def stop() -> None:
            self._listeners.pop(key, None)

        return stop

    def tell(self, *told: P.args, **named: P.kwargs) -> None:
        """Call every listener: the event happened."""
        for key in list(self._listeners):
            task = asyncio.get_running_loop().create_task(self._call(key, *told, **named))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _call(self, key: object, *told: P.args, **named: P.kwargs) -> None:
        listener = self._listeners.get(key)
        if listener is None:
            return
        try:
            outcome = listener(*told, **named)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception:
            log.exception("a listener failed")
