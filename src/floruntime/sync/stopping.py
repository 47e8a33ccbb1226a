"""SIGINT and SIGTERM while a worker is waited for: the first stops it, another ends the wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals(stop: Callable[[], None], is_wanted: bool) -> Iterator[None]:
    """Within the block the first signal calls `stop`. Only the main thread hears of signals.

    Handlers that an application has for them are called, too, and are in their place again after.
    """
    if not is_wanted or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    is_first = True

    def received(number: int, frame: Any) -> None:
        nonlocal is_first
        was_first, is_first = is_first, False
        former = before.get(signal.Signals(number))
        if was_first:
            stop()
            if former is signal.default_int_handler:
                return  # it would end the wait, and the worker is to finish what it has
        if callable(former):
            former(number, frame)
        elif not was_first:
            raise KeyboardInterrupt

    for number in SIGNALS:
        signal.signal(number, received)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, signal.SIG_DFL if former is None else former)
