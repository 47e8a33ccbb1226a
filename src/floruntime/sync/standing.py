"""What the classes of `floruntime.sync` stand on: each on its asynchronous twin."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from floruntime.client.worker.worker_base import WorkerBase
from floruntime.sync.bridge import Bridge
from floruntime.sync.stopping import stop_on_signals

if TYPE_CHECKING:
    from floruntime.client.base import BaseClient
    from floruntime.client.client import FloClient
    from floruntime.sync.portal import Portal

Of = TypeVar("Of")
R = TypeVar("R")
W = TypeVar("W", bound=WorkerBase)


class Standing(Generic[Of]):
    """On an object that belongs to one event loop."""

    def __init__(self, bridge: Bridge, of: Of) -> None:
        self._bridge = bridge
        self._of = of


class PartOf(Generic[Of]):
    """A part of a client, `client.kv` say. `_of` is that of the client of this process."""

    _of: Any

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge


class ClientOf:
    """A client, on an asynchronous one."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._make_parts(bridge)

    def _make_parts(self, bridge: Bridge) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        return repr(self._bridge)

    @property
    def _of(self) -> FloClient:
        return self._bridge.client

    def _elsewhere(self, make: Callable[[], FloClient]) -> Self:
        made = type(self).__new__(type(self))
        ClientOf.__init__(made, Bridge(make, self._bridge.given_portal))
        return made

    @classmethod
    def on(cls, client: FloClient, portal: Portal) -> Self:
        """The client whose event loop is behind `portal`, for other threads."""
        made = cls.__new__(cls)
        ClientOf.__init__(made, Bridge(lambda: client, portal))
        return made


def at_once(steps: Coroutine[Any, Any, R]) -> R:
    """What `steps` come to that wait for nothing."""
    try:
        steps.send(None)
    except StopIteration as end:
        value: R = end.value
        return value
    raise AssertionError("it waits for something")


def endpoint_of(endpoint: str | ClientOf) -> str | BaseClient:
    """What an asynchronous worker is told to work on."""
    return endpoint._bridge.client if isinstance(endpoint, ClientOf) else endpoint


class WorkerHandle(Generic[W]):
    """A worker that lives on the client's event loop, seen from other threads."""

    def __init__(self, of: W, endpoint: str | ClientOf) -> None:
        self._of = of
        self._bridge = endpoint._bridge if isinstance(endpoint, ClientOf) else _LOOP

    @property
    def asynchronous(self) -> W:
        """The worker that this one is."""
        return self._of

    def start(self) -> None:
        """Work until `stop()`, SIGINT, SIGTERM or a drain from outside; then end in good order.

        Plain handlers run in threads of their own. Raises what makes work impossible: no server at
        the start, a refused token. Everything that time may heal is waited out.
        """
        with stop_on_signals(self._of.stop, self._of.handles_signals):
            self._bridge.run(self._of.start())

    def _begin(self) -> None:
        self._bridge.run(self._of.__aenter__())

    def _finish(self) -> None:
        self._bridge.run(self._of.__aexit__(None, None, None))


class _Loop(Bridge):
    """The event loop of this process, without a client."""

    def __init__(self) -> None:
        self.given_portal = None


_LOOP: Bridge = _Loop()
