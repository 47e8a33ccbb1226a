"""A subscription whose callback gets a thread of its own."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from floruntime.core.errors import BadTypeError, FloError, NotConnectedError
from floruntime.core.limits import shown
from floruntime.core.stream import StreamRecord
from floruntime.sync.following import Following

log = logging.getLogger("floruntime.client")

Callback = Callable[[StreamRecord], Any]


class Subscription:
    """A running `subscribe`. The callback gets one record at a time, in order.

    An exception of the callback is logged and the next record follows: a record that must not be
    lost to a failing handler needs a consumer group. `error` is what ended it early, if anything.
    """

    def __init__(self, follower: Following[StreamRecord], callback: Callback) -> None:
        self._follower = follower
        self._callback = callback
        self.error: FloError | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="flo-subscription", daemon=True)
        self._thread.start()

    @property
    def is_active(self) -> bool:
        """Whether records still come."""
        return self._thread.is_alive() and not self._is_closed

    def close(self) -> None:
        """End it: no callback runs once this has returned. A callback may close its own."""
        self._is_closed = True
        self._follower.close()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            for record in self._follower:
                if self._is_closed:
                    return
                self._hand_over(record)
        except NotConnectedError as error:  # the client was closed, and meant to be
            self.error = error
            log.info("subscription ended: %s", error)
        except FloError as error:
            self.error = error
            log.error("subscription ended: %s", error)

    def _hand_over(self, record: StreamRecord) -> None:
        try:
            outcome = self._callback(record)
            if inspect.isawaitable(outcome):
                self._follower.wait_for(outcome)
        except Exception:
            log.exception("subscription callback failed on record %s", record.id)


def subscribe(make: Callable[[], Following[StreamRecord]], callback: Callback) -> Subscription:
    """Follow, and call back, from where `make` begins. Raises `BadTypeError` on no function."""
    if not callable(callback):
        raise BadTypeError(f"callback is {shown(callback)}; it must be a function")
    follower = make()
    follower.start()
    return Subscription(follower, callback)
