"""SIGINT and SIGTERM for all workers of a process: the first signal stops them, a later one ends
it.

A worker may run in an application that has signal handlers of its own. Those are called too, for
each signal, and are restored when the last worker has ended. The default handlers of the
interpreter and of asyncio are not called for the first signal: they would cut off the work that
should finish.

Signals within one second count as one: Ctrl-C reaches a whole group of processes, and a supervisor
among them may pass it on.

Handlers are set by `signal.signal`, not by the loop's `add_signal_handler`. The loop has one place
for each signal, which the application may be using, and cannot be asked what is in it. The loop
still gets its signals, because it listens to the interpreter's wake-up file, not to the handler.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ONE_SIGNAL_S = 1.0
"""Signals within this time count as one."""

Listener = Callable[[], None]


class Signals:
    """The listeners of this process. `now_s`: the clock that tells whether signals count as one."""

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        self._now_s = now_s
        self._listeners: dict[object, tuple[asyncio.AbstractEventLoop, Listener]] = {}
        self._before: dict[int, Any] = {}
        self._first_s: float | None = None
        self._waker: _Waker | None = None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener`, on this loop, on the first SIGINT or SIGTERM.

        Returns a function that undoes this. Signals reach the main thread only: in other threads
        nothing is done.
        """
        if threading.current_thread() is not threading.main_thread():
            return lambda: None
        if not self._listeners:
            self._install()
        key = object()
        self._listeners[key] = asyncio.get_running_loop(), listener

        def stop_listening() -> None:
            self._listeners.pop(key, None)
            if not self._listeners:
                self._restore()

        return stop_listening

    def _install(self) -> None:
        self._first_s = None
        self._waker = _Waker(asyncio.get_running_loop())
        for number in SIGNALS:
            self._before[number] = signal.getsignal(number)
            signal.signal(number, self._received)

    def _received(self, number: int, frame: Any) -> None:
        before = self._before.get(number)
        if self._first_s is None:
            self._first_s = self._now_s()
            for loop, listener in self._listeners.values():
                loop.call_soon_threadsafe(listener)
        elif self._now_s() - self._first_s >= ONE_SIGNAL_S:
            self._restore()  # the workers do not end, so let the signal end the process
            if not _is_an_applications(before):
                os.kill(os.getpid(), number)
                return
        if callable(before) and _is_an_applications(before):
            before(number, frame)

    def _restore(self) -> None:
        for number, before in self._before.items():
            if signal.getsignal(number) == self._received:  # else somebody has replaced it since
                signal.signal(number, signal.SIG_DFL if before is None else before)
        self._before.clear()
        if self._waker is not None:
            self._waker.close()
            self._waker = None

    def forget(self) -> None:
        """Drop all listeners in a forked child: its parent's workers do not run here."""
        self._listeners.clear()
        if self._waker is not None:
            self._waker.forget()
            self._waker = None
        with suppress(ValueError):  # not in the main thread of what was forked
            self._restore()


def _is_an_applications(handler: Any) -> bool:
    """Whether the application set it, directly or through the loop, and not Python itself."""
    if not callable(handler) or handler is signal.default_int_handler:
        return False
    owner = getattr(getattr(handler, "func", handler), "__self__", None)
    return not isinstance(owner, asyncio.Runner)


class _Waker:
    """Wakes the loop from its sleep when a signal comes, if the loop does not do so itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._near, self._far = socket.socketpair()
        for end in (self._near, self._far):
            end.setblocking(False)
        self._before = signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)
        if self._before == -1:
            loop.add_reader(self._near, self._drain)
        else:
            signal.set_wakeup_fd(self._before, warn_on_full_buffer=False)
            self._close()

    def _drain(self) -> None:
        self._near.recv(4096)

    def close(self) -> None:
        """Undo the changes."""
        if self._before != -1:
            return
        if not self._loop.is_closed():
            self._loop.remove_reader(self._near)
        self.forget()

    def forget(self) -> None:
        """Do nothing to the loop in a forked child: it is the parent's."""
        if self._before != -1:
            return
        current = signal.set_wakeup_fd(-1)
        if current not in (-1, self._far.fileno()):
            signal.set_wakeup_fd(current, warn_on_full_buffer=False)  # the loop has set its own
        self._close()

    def _close(self) -> None:
        self._near.close()
        self._far.close()


_signals = Signals()
listen = _signals.listen
os.register_at_fork(after_in_child=_signals.forget)
