"""The asynchronous client that a synchronous one stands on; each process has one of its own."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from floruntime.client.calls import EMBEDDED
from floruntime.core.errors import NotConnectedError
from floruntime.sync.portal import Portal, Serve, at_end, the_portal

if TYPE_CHECKING:
    from floruntime.client.client import FloClient

R = TypeVar("R")
Listener = Callable[..., Awaitable[Any] | Any]

FORKED = (
    "the server of {endpoint} runs inside the process that this one was forked from: make the "
    "client after the fork, or use a server on a network"
)


class Bridge:
    """Runs what the parts of a synchronous client ask for."""

    def __init__(self, make: Callable[[], FloClient], portal: Portal | None = None) -> None:
        """`portal`: where the client's loop is; by default the one of this process."""
        self._make = make
        self._client = make()
        #: That of a client which belongs to another event loop than this process's own.
        self.given_portal = portal
        self._process = os.getpid()
        self._renewing = threading.Lock()
        self._listeners: dict[object, tuple[str, Listener, Callable[[], None]]] = {}
        _bridges.add(self)

    def __repr__(self) -> str:
        return repr(self._client)

    @property
    def client(self) -> FloClient:
        """The client of this process.

        Raises `NotConnectedError` in the child of a fork whose parent's server it cannot reach.
        """
        if self._process != os.getpid():
            self._renew()
        return self._client

    @property
    def portal(self) -> Portal:
        """The way to the client's event loop."""
        return the_portal() if self.given_portal is None else self.given_portal

    def run(self, steps: Coroutine[Any, Any, R]) -> R:
        """What `steps` come to. Raises what they raise."""
        return self.portal.run(steps)

    def call(self, function: Callable[[], R]) -> R:
        """What `function` gives on the client's event loop."""
        return self.portal.call(function)

    def run_serving(self, make: Callable[[Serve], Coroutine[Any, Any, R]]) -> R:
        """As `run`; functions of the caller run in the caller's thread."""
        return self.portal.run_serving(make)

    def listen(self, event: str, listener: Listener) -> Callable[[], None]:
        """Call `listener`, in a thread of its own, whenever `event` ("connect", say) is told."""
        key = object()
        self._listeners[key] = event, listener, self._add(event, listener)

        def stop() -> None:
            told = self._listeners.pop(key, None)
            if told is not None:
                told[2]()

        return stop

    def _add(self, event: str, listener: Listener) -> Callable[[], None]:
        def tell(*told: Any) -> None:
            threading.Thread(target=listener, args=told, name=f"flo-on-{event}").start()

        client = self._client
        add: Callable[[Listener], Callable[[], None]] = getattr(client, f"on_{event}")
        return add(tell if callable(listener) else listener)

    def _renew(self) -> None:
        """In the child of a fork: the parent's connection stays the parent's."""
        with self._renewing:
            if self._process == os.getpid():
                return
            former = self._client
            if self.given_portal is not None or former.endpoint.startswith(EMBEDDED):
                raise NotConnectedError(FORKED.format(endpoint=former.endpoint))
            _of_parents.append(former)
            self._client = self._make()
            self._process = os.getpid()
            for key, (event, listener, _) in self._listeners.items():
                self._listeners[key] = event, listener, self._add(event, listener)

    async def close_at_end(self) -> None:
        """The interpreter ends: leave nothing half done."""
        if self.given_portal is None and self._process == os.getpid():
            with suppress(NotConnectedError):
                await self._client.close()

    def after_fork(self) -> None:
        """In the child: nobody else is renewing; a server that never ran can begin here."""
        self._renewing = threading.Lock()
        if self.given_portal is None and not self._client.calls.was_opened:
            self._process = os.getpid()


_bridges: weakref.WeakSet[Bridge] = weakref.WeakSet()
_of_parents: list[Any] = []
"""Clients of the process that was forked; their sockets are not to be touched."""


async def _close_all() -> None:
    for bridge in list(_bridges):
        await bridge.close_at_end()


def _after_fork() -> None:
    for bridge in list(_bridges):
        bridge.after_fork()


at_end(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
