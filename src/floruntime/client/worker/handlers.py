"""Running an application's handlers: on the event loop, in threads, or in other processes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from floruntime.client.worker.processes import Processes, processors
from floruntime.client.worker.threads import Threads
from floruntime.core.errors import BadRequestError, BadTypeError

Function = Callable[[Any], Any]


class Handler(NamedTuple):
    """A function of one context, and where to run it."""

    function: Function
    is_async: bool
    in_process: bool


def handler_of(function: Function, process: bool = False) -> Handler:
    """Make a handler of `function`. `process`: run it in another process, for CPU-heavy work."""
    if not callable(function):
        raise BadTypeError(f"a handler must be a function, not {type(function).__name__}")
    call = getattr(function, "__call__", None)  # noqa: B004 # an object may have an async one
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)
    if is_async and process:
        raise BadRequestError(f"process=True needs a plain function; {function!r} is async")
    return Handler(function, is_async, process)


def check_named(decorator: str, name: str) -> None:
    """Raise `BadTypeError` if `@worker.action` is used without a name, directly on a function."""
    if callable(name):
        raise BadTypeError(f'@worker.{decorator} needs a name: @worker.{decorator}("...")')


class Typed:
    """A handler that gets its payload as a typed value.

    It is called as `handler(ctx, order)`. If it takes the context alone, it is called only when the
    payload fits.
    """

    def __init__(self, function: Callable[..., Any], kind: type[Any]) -> None:
        self.function: Callable[..., Any] = function
        self.kind = kind
        self.takes_value = _takes_two(function)

    def __call__(self, context: Any) -> Any:
        value = context.into(self.kind)
        return self.function(context, value) if self.takes_value else self.function(context)


class AsyncTyped(Typed):
    """`Typed` for an async function."""

    async def __call__(self, context: Any) -> Any:
        return await super().__call__(context)


def typed(function: Callable[..., Any], kind: type[Any]) -> Function:
    """Wrap `function` so that it gets its payload as a `kind`. A payload that does not fit fails
    without retries.
    """
    is_async = handler_of(function).is_async
    return AsyncTyped(function, kind) if is_async else Typed(function, kind)


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether it takes the value beside the context."""
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    return True


class Handlers:
    """Runs handlers. Threads and processes are created when the first handler needs them."""

    def __init__(self, concurrency: int) -> None:
        self._threads = Threads("flo-handler")
        self._processes = Processes(min(concurrency, processors()), self._threads)

    async def run(self, handler: Handler, context: Any, began: Callable[[], None]) -> Any:
        """Return what the handler returns. Raises what it raises, or `HandlerFailed`.

        `began` is called when the handler begins: at once, or when a process is free for it. If
        this call is cancelled, it waits until the handler has ended, because the handler's place is
        not free before that.
        """
        if handler.in_process:
            return await self._processes.run(handler.function, context, began)
        began()
        if handler.is_async:
            return await handler.function(context)
        result = await self._threads.run(handler.function, context)
        return await result if inspect.isawaitable(result) else result

    def close(self) -> None:
        """Begin no more handlers. Processes are killed; threads end when their handlers do."""
        self._processes.close()
        self._threads.close()
