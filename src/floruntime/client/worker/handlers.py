"""Running a person's handlers: on the event loop, in threads, or in processes of their own."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from typing import Any, NamedTuple

from floruntime.core.errors import BadRequestError, NonRetryableError
from floruntime.core.limits import ERROR_TEXT_BYTES_MAX

Function = Callable[[Any], Any]


class HandlerFailed(Exception):
    """A handler raised in another process: what it said, and whether to try again."""

    def __init__(self, text: str, retry: bool) -> None:
        super().__init__(text)
        self.text = text
        self.retry = retry


class Handler(NamedTuple):
    """A function of one context, and where it runs."""

    function: Function
    is_async: bool
    in_process: bool


def handler_of(function: Function, process: bool = False) -> Handler:
    """`function` as a handler. `process`: in a pool of processes, for work that needs the CPU."""
    if not callable(function):
        raise BadRequestError(f"a handler must be a function, not {type(function).__name__}")
    call = getattr(function, "__call__", None)  # noqa: B004 # an object may have an async one
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)
    if is_async and process:
        raise BadRequestError(f"process=True wants a plain function; {function!r} is async")
    return Handler(function, is_async, process)


class Handlers:
    """Runs handlers. Threads and processes begin with the first handler that needs them."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._threads: ThreadPoolExecutor | None = None
        self._processes: Executor | None = None
        self.outside = 0
        """How many run in threads or processes at this moment."""

    async def run(self, handler: Handler, context: Any) -> Any:
        """What the handler returns. Raises what it raises, or `HandlerFailed`.

        Cancelled, this waits for a thread or process all the same, since nothing can end it: its
        place is not free before.
        """
        if handler.is_async:
            return await handler.function(context)
        if handler.in_process:
            return await self._in_process(handler.function, context)
        result = await self._outside(self._thread_pool(), handler.function, context)
        return await result if inspect.isawaitable(result) else result

    async def _in_process(self, function: Function, context: Any) -> Any:
        try:
            result = await self._outside(self._process_pool(), call_in_process, function, context)
        except BrokenExecutor as error:
            self._processes = None  # the next handler gets a new pool
            raise HandlerFailed("the handler's process ended abruptly", True) from error
        if isinstance(result, _Raised):
            raise HandlerFailed(result.text, result.retry)
        return result

    async def _outside(self, pool: Executor, function: Callable[..., Any], *args: Any) -> Any:
        future = asyncio.get_running_loop().run_in_executor(pool, function, *args)
        self.outside += 1
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # nobody asks for it any more
            raise
        finally:
            self.outside -= 1

    def _thread_pool(self) -> Executor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._concurrency, "flo-handler")
        return self._threads

    def _process_pool(self) -> Executor:
        if self._processes is None:
            import multiprocessing  # here, since few workers need it and it takes memory
            from concurrent.futures import ProcessPoolExecutor

            self._processes = ProcessPoolExecutor(
                min(self._concurrency, os.cpu_count() or 1),
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin_process,
            )
        return self._processes

    def close(self) -> None:
        """Begin nothing more; what runs is not waited for."""
        for pool in (self._threads, self._processes):
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)
        self._threads = self._processes = None


class _Raised(NamedTuple):
    text: str
    retry: bool


def _begin_process() -> None:
    """Ctrl-C reaches the whole group of processes; the parent lets these finish."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def call_in_process(function: Function, context: Any) -> Any:
    """Run in the other process: errors come back as text, since not every one can be pickled."""
    try:
        return function(context)
    except Exception as error:
        return _Raised(error_text(error), may_retry(error))


def error_text(error: BaseException) -> str:
    """What a run keeps of an error: its type and message, at most 4 KiB."""
    if isinstance(error, HandlerFailed):
        return error.text
    message = str(error)
    name = type(error).__name__
    text = f"{name}: {message}" if message else name
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= ERROR_TEXT_BYTES_MAX:
        return data.decode()
    note = f" … (cut from {len(data)} bytes)"
    return data[: ERROR_TEXT_BYTES_MAX - len(note.encode())].decode("utf-8", "ignore") + note


def may_retry(error: BaseException) -> bool:
    """Whether another attempt may help."""
    if isinstance(error, HandlerFailed):
        return error.retry
    return not isinstance(error, NonRetryableError)
