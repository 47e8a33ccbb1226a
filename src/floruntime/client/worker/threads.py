"""Threads for plain handlers: as many as run at once. None of them delays the process's end.

`ThreadPoolExecutor` is not usable here. The interpreter waits for its threads, so one hanging
handler would keep a process alive whose worker has ended. Also, asyncio cannot carry a
`StopIteration` out of it.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple

from floruntime.client.worker.failures import HandlerFailed, error_text


class _Call(NamedTuple):
    function: Callable[[], Any]
    future: asyncio.Future[Any]


class Threads:
    """A thread for each running call, kept for later calls."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    async def run(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        on_cancel: Callable[[], None] | None = None,
    ) -> Any:
        """Return what `function` returns; it sees the caller's context variables. Raises what it
        raises.

        If this call is cancelled, it still waits for the thread, since nothing can end a thread:
        its place is not free before that. `on_cancel` may make the function return soon. A second
        cancellation ends the wait.
        """
        future = asyncio.get_running_loop().create_future()
        in_context = partial(contextvars.copy_context().run, function, *arguments)
        self._busy += 1
        if self._busy > self._threads:
            self._start()
        self._calls.put(_Call(in_context, future))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if on_cancel is not None:
                on_cancel()
            await asyncio.wait([future])
            future.exception()  # marks it as seen: nobody needs it any more
            raise
        finally:
            self._busy -= 1 if future.done() else 0

    def _start(self) -> None:
        self._threads += 1
        name = f"{self._name}_{self._threads}"
        # A daemon: the interpreter does not wait for it at its end.
        threading.Thread(target=_serve, args=(self._calls,), name=name, daemon=True).start()

    def close(self) -> None:
        """Let idle threads end; running calls are not waited for."""
        for _ in range(self._threads):
            self._calls.put(None)
        self._threads = self._busy = 0


def _serve(calls: SimpleQueue[_Call | None]) -> None:
    process_id = os.getpid()
    while (call := calls.get()) is not None:
        value, error = _outcome_of(call.function)
        if os.getpid() != process_id:
            os._exit(0)  # the handler forked, and this is the copy: only the parent may go on
        try:
            call.future.get_loop().call_soon_threadsafe(_settle, call.future, value, error)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more


def _outcome_of(function: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return function(), None
    except StopIteration as error:  # a coroutine cannot raise it
        failed = HandlerFailed(error_text(error))
        failed.__cause__ = error
        return None, failed
    except BaseException as error:  # SystemExit ends the attempt, not the thread
        return None, error


def _settle(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
