"""An event loop in a thread of its own, on which plain code has coroutines run.

A process has one, begun with the first call; it serves every synchronous client. It is a daemon:
the interpreter does not wait for it, and closes at its end what is still open.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from floruntime.core.errors import BadRequestError, NotConnectedError

R = TypeVar("R")

END_SECONDS_MAX = 2.0
"""How long the interpreter waits, at its end, for clients to be closed."""

IN_LOOP = (
    "this was called on the event loop that would answer it, which would wait for ever: an async "
    "function uses floruntime.FloClient, and a callback gets a thread of its own"
)


class Portal:
    """The way onto one event loop from other threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread_id: int) -> None:
        self.loop = loop
        self._thread_id = thread_id

    def run(self, steps: Coroutine[Any, Any, R]) -> R:
        """What `steps` come to on the loop. Raises what they raise.

        An exception here, Ctrl-C above all, cancels them.
        """
        self._refuse_loop(steps)
        errand: _Errand[R] = _Errand(steps)
        self._post(errand.begin, steps)
        return errand.wait(self.loop)

    def run_serving(self, make: Callable[[Serve], Coroutine[Any, Any, R]]) -> R:
        """As `run`; functions that `make` gets through `serve` run in the calling thread."""
        counter: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

        def serve(function: Callable[..., Any]) -> Callable[..., Any]:
            async def served(*arguments: Any) -> Any:
                return await _hand_over(counter, lambda: function(*arguments))

            return served if callable(function) else function  # which is refused by its name

        steps = make(serve)
        self._refuse_loop(steps)
        errand: _Errand[R] = _Errand(steps, lambda: counter.put(None))
        self._post(errand.begin, steps)
        try:
            while (job := counter.get()) is not None:
                job()
        except BaseException:
            errand.cancel(self.loop)
            raise
        return errand.wait(self.loop)

    def call(self, function: Callable[[], R]) -> R:
        """What `function` gives when it is called on the loop."""

        async def steps() -> R:
            return function()

        return self.run(steps())

    def _refuse_loop(self, steps: Coroutine[Any, Any, Any]) -> None:
        if threading.get_ident() == self._thread_id:
            steps.close()
            raise BadRequestError(IN_LOOP)

    def _post(self, begin: Callable[[], None], steps: Coroutine[Any, Any, Any]) -> None:
        try:
            self.loop.call_soon_threadsafe(begin)
        except RuntimeError:
            steps.close()
            raise NotConnectedError("the event loop of this client has ended") from None


Serve = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Makes an async function of a plain one, which runs in the thread that called."""


class _Errand(Generic[R]):
    """One coroutine on its way to the loop, and what it came to."""

    __slots__ = ("_context", "_done", "_error", "_steps", "_tell", "_value", "task")

    def __init__(
        self, steps: Coroutine[Any, Any, R], tell: Callable[[], None] = lambda: None
    ) -> None:
        self._steps = steps
        self._tell = tell
        self._context: Context = copy_context()
        self._done = threading.Lock()
        self._done.acquire()
        self._value: Any = None
        self._error: BaseException | None = None
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """On the loop."""
        self.task = asyncio.get_running_loop().create_task(self._run(), context=self._context)

    async def _run(self) -> None:
        try:
            self._value = await self._steps
        except asyncio.CancelledError:
            self._error = NotConnectedError("the client was closed", ran="maybe")
            raise
        except BaseException as error:  # the caller's, whatever it is
            self._error = error
        finally:
            self._done.release()
            self._tell()

    def wait(self, loop: asyncio.AbstractEventLoop) -> R:
        """In the calling thread."""
        try:
            self._done.acquire()
        except BaseException:
            self.cancel(loop)
            raise
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # no circle of an error and the frame that raised it
        value: R = self._value
        return value

    def cancel(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nobody waits for it any more."""

        def cancel() -> None:
            if self.task is not None:
                self.task.cancel()

        with suppress(RuntimeError):  # the loop has ended, and it with that
            loop.call_soon_threadsafe(cancel)


async def _hand_over(
    counter: SimpleQueue[Callable[[], None] | None], function: Callable[[], Any]
) -> Any:
    """What `function` gives in the thread behind `counter`."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()

    def job() -> None:
        try:
            value = function()
        except Exception as error:
            loop.call_soon_threadsafe(_set_exception, outcome, error)
        else:
            loop.call_soon_threadsafe(_set_result, outcome, value)

    counter.put(job)
    return await outcome


def _set_result(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _set_exception(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


# The one of this process

_portal: Portal | None = None
_starting = threading.Lock()
_of_parents: list[Portal] = []
"""What a child must not let go of: what ends a loop's sockets ends them for its parent, too."""
_at_end: list[Callable[[], Coroutine[Any, Any, None]]] = []
_ending: list[asyncio.Task[None]] = []


def the_portal() -> Portal:
    """The portal of this process."""
    return _portal if _portal is not None else _start()


def at_end(function: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Await `function` on the loop when the interpreter ends, while the loop still runs."""
    _at_end.append(function)


def _start() -> Portal:
    global _portal
    with _starting:
        if _portal is None:
            loop = _new_loop()
            thread = threading.Thread(target=_serve, args=(loop,), name="flo-client", daemon=True)
            thread.start()
            assert thread.ident is not None
            _portal = Portal(loop, thread.ident)
        return _portal


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed: a thread that waits hears from it in half the time."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def _end() -> None:
    """Wait for the clients to be closed. The interpreter starts no thread any more by now."""
    portal = _portal
    if portal is None:
        return
    ended = threading.Event()

    async def end_all() -> None:
        try:
            for function in _at_end:
                with suppress(Exception):  # nobody is there to be told
                    await function()
        finally:
            ended.set()

    with suppress(RuntimeError):  # the loop has ended
        portal.loop.call_soon_threadsafe(lambda: _keep(portal.loop.create_task(end_all())))
        ended.wait(END_SECONDS_MAX)
        portal.loop.call_soon_threadsafe(portal.loop.stop)


def _keep(task: asyncio.Task[None]) -> None:
    """A loop alone does not keep its tasks."""
    _ending.append(task)


def _after_fork() -> None:
    global _portal, _starting
    if _portal is not None:
        _of_parents.append(_portal)
    _portal = None
    _starting = threading.Lock()


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
