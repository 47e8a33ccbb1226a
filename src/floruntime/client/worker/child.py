"""A process that runs handlers, one at a time; a pipe tells it which.

It leaves SIGINT and SIGTERM to its parent, which lets it finish or kills it. Both signals often
reach a whole group of processes, by Ctrl-C in a terminal or by a supervisor. The process ends with
its parent.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple

from floruntime.client.worker.failures import error_text, may_retry

BEGUN = "begun"
"""Sent once the handler's function was loaded and is about to be called."""


class Returned(NamedTuple):
    """The handler returned."""

    value: Any


class Raised(NamedTuple):
    """The handler raised. It carries the text of the error, since not every exception can
    be sent.
    """

    text: str
    retry: bool


def serve(pipe: Connection) -> None:
    """Run calls until the pipe is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not SIG_IGN: programs that a handler starts would inherit it, and ignore the signal.
        signal.signal(number, _leave_to_parent)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            data = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        pipe.send_bytes(_answer(data, pipe))


def _leave_to_parent(number: int, frame: Any) -> None:
    pass


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "a child has a parent"
    parent.join()
    os._exit(1)


def _answer(data: bytes, pipe: Connection) -> bytes:
    try:
        function, context = ForkingPickler.loads(data)
        pipe.send(BEGUN)
        return _packed(Returned(_called(function, context)))
    except BaseException as error:  # SystemExit ends the attempt, not the process
        return _packed(Raised(error_text(error), may_retry(error)))


def _called(function: Callable[[Any], Any], context: Any) -> Any:
    process_id = os.getpid()
    try:
        return function(context)
    finally:
        if os.getpid() != process_id:
            os._exit(0)  # the handler forked, and this is the copy: only the original may go on


def _packed(answer: Returned | Raised) -> bytes:
    return bytes(ForkingPickler.dumps(answer))
