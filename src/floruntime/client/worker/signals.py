"""SIGINT and SIGTERM for all workers of a process: the first stops them, the second ends it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_listeners: dict[int, Callable[[], None]] = {}
_before: dict[signal.Signals, Any] = {}


def listen(listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener` on the first SIGINT or SIGTERM; returns what undoes this.

    Signals reach the main thread only: in others, and where the platform has none, nothing is
    done. The handlers that were there before come back with the last listener, or with the first
    signal: a second one is not held up by a worker that does not end.
    """
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    if not _listeners and not _install(loop):
        return lambda: None
    key = id(listener)
    _listeners[key] = listener

    def stop_listening() -> None:
        _listeners.pop(key, None)
        if not _listeners:
            _restore(loop)

    return stop_listening


def _install(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        for number in SIGNALS:
            before = signal.getsignal(number)
            loop.add_signal_handler(number, _received, loop)
            _before[number] = before
    except (NotImplementedError, RuntimeError, ValueError):
        _restore(loop)
        return False
    return True


def _received(loop: asyncio.AbstractEventLoop) -> None:
    _restore(loop)
    for listener in list(_listeners.values()):
        listener()


def _restore(loop: asyncio.AbstractEventLoop) -> None:
    for number, before in list(_before.items()):
        loop.remove_signal_handler(number)
        signal.signal(number, before)
    _before.clear()
