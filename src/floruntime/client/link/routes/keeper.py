"""Makes the routes that are asked for, and closes those that are not used.

A client works without routes: if a route cannot be made, or is lost, calls go by the first link. If
the first link is lost, a route takes its place.

A route greets as the first link did, with the same token. Any server may be behind an advertised
address. So the one that answers must be of the same cluster, and know the client as the same one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, NamedTuple, Protocol

from floruntime.client.link.connection import Connection, Owner
from floruntime.client.link.pulse import UnderWay
from floruntime.client.link.routes.route import Route
from floruntime.client.link.transports.protocol import Reaches, Transport
from floruntime.core.errors import ConnectionFailedError, FloError
from floruntime.core.system import Hello, Welcome

log = logging.getLogger("floruntime.client")

ROUTES_MAX = 8
"""The most routes that a client has beside its first link."""
OPEN_S_MAX = 3.0
"""How long a route may take to be made."""
IDLE_S = 60.0
"""A route that was not used for this long is closed."""
AGAIN_S_MIN = 1.0
AGAIN_S_MAX = 300.0
"""After how long a node is tried again: after the first failure, and after many."""


class Promoted(NamedTuple):
    """A route that is to be the first link."""

    route: Route
    connection: Connection
    welcome: Welcome


class Calls(Protocol):
    """What routes need of the exchange, whose calls they carry."""

    session: str

    def receive(self, body: bytes) -> None: ...
    def under_way(self, route: Route | None = None) -> UnderWay | None: ...
    def route_up(self, route: Route) -> None: ...
    def route_down(self, route: Route, error: FloError) -> None: ...


class RouteKeeper:
    """The routes of one client."""

    def __init__(
        self, transport: Transport, calls: Calls, namespace: str, timeout_s: float
    ) -> None:
        self._transport = transport
        self._calls = calls
        self._namespace = namespace
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._greeting: tuple[Hello, Welcome] | None = None
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._open: dict[str, _RouteEnd] = {}
        self._closing: set[asyncio.Task[None]] = set()
        #: By node: when it may be tried again, and how often in a row it failed.
        self._failed: dict[str, tuple[float, int]] = {}

    def greeted(self, hello: Hello, welcome: Welcome) -> None:
        """Note that the first link is up. Routes of another session or cluster are closed."""
        before, self._greeting = self._greeting, (hello, welcome)
        if before is not None and not (
            before[0].session == hello.session and _is_same(before[1], welcome)
        ):
            self.let_go("the client is another one to the cluster by now")

    def want(self, node: str) -> None:
        """Make a route to `node`, unless there is one, there are too many, or it failed lately."""
        again_s, _ = self._failed.get(node, (0.0, 0))
        is_there = node in self._open or node in self._opening
        is_full = len(self._open) + len(self._opening) >= ROUTES_MAX
        if is_there or is_full or self._greeting is None or self._loop.time() < again_s:
            return
        self._opening[node] = self._loop.create_task(self._make(node, *self._greeting))

    async def _make(self, node: str, hello: Hello, home: Welcome) -> None:
        end = _RouteEnd(self, node, self._calls)
        connection = Connection(end, self._timeout_s)
        end.begin(connection)
        try:
            welcome = await self._greet(connection, node, hello)
            self._check(connection, hello, home, welcome)
        except FloError as error:
            await connection.close()
            self._has_failed(node, error)
        except BaseException:
            await connection.close()
            raise
        else:
            end.welcome = welcome
            self._is_up(end)
        finally:
            self._opening.pop(node, None)

    async def _greet(self, connection: Connection, node: str, hello: Hello) -> Welcome:
        home = self._transport
        transport = home.at(node) if isinstance(home, Reaches) else None
        if transport is None:
            raise ConnectionFailedError("that is not the address of a node")
        within_s = min(OPEN_S_MAX, self._timeout_s)
        return await connection.open(transport, hello, self._namespace, within_s, lambda: None)

    def _check(self, connection: Connection, hello: Hello, home: Welcome, welcome: Welcome) -> None:
        if not _is_same(home, welcome):
            raise ConnectionFailedError("the server there does not belong to the same cluster")
        if connection.is_over or hello.session != self._calls.session:
            raise ConnectionFailedError("the connection ended as soon as it was made")

    def _is_up(self, end: _RouteEnd) -> None:
        end.since_s = end.route.used_s = self._loop.time()
        self._open[end.node] = end
        self._look_later(end)
        log.debug("connected to node %s directly", end.node)
        self._calls.route_up(end.route)

    def _has_failed(self, node: str, error: FloError) -> None:
        _, failures = self._failed.get(node, (0.0, 0))
        pause_s = min(AGAIN_S_MIN * 2.0 ** min(failures, 20), AGAIN_S_MAX)
        self._failed[node] = self._loop.time() + pause_s, failures + 1
        log.debug(
            "no direct connection to node %s; the next try is in %.0f s at the earliest: %s",
            node,
            pause_s,
            error,
        )

    def promote(self, owner: Owner) -> Promoted | None:
        """Give `owner` the route that was used last, if there is one: the first link is lost."""
        if not self._open:
            return None
        end = max(self._open.values(), key=lambda each: each.route.used_s)
        del self._open[end.node]
        end.timer.cancel()
        end.connection.give_to(owner)
        return Promoted(end.route, end.connection, end.welcome)

    # Their ends

    def lost(self, end: _RouteEnd, error: FloError) -> None:
        """A route was lost."""
        if self._open.get(end.node) is not end:
            return
        if self._loop.time() - end.since_s > IDLE_S:
            self._failed.pop(end.node, None)
        self._has_failed(end.node, error)
        self._take_down(end, error)

    def _take_down(self, end: _RouteEnd, error: FloError) -> None:
        del self._open[end.node]
        end.timer.cancel()
        self._calls.route_down(end.route, error)

    def _look_later(self, end: _RouteEnd) -> None:
        end.timer = self._loop.call_later(IDLE_S, self._look, end)

    def _look(self, end: _RouteEnd) -> None:
        is_used = self._calls.under_way(end.route) is not None
        if is_used or self._loop.time() - end.route.used_s < IDLE_S:
            self._look_later(end)
            return
        self._take_down(end, ConnectionFailedError("nothing used it", ran="maybe"))
        self._keep(end.connection.close())

    def _keep(self, closing: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def let_go(self, reason: str) -> None:
        """Close all routes; what is under way on them goes by the first link."""
        for task in self._opening.values():
            task.cancel()
        for end in list(self._open.values()):
            self._take_down(end, ConnectionFailedError(reason, ran="maybe"))
            self._keep(end.connection.close())

    async def close(self) -> None:
        """Close all routes, and end every task."""
        self._greeting = None
        opening = list(self._opening.values())
        self.let_go("the client was closed")
        await asyncio.gather(*opening, *self._closing, return_exceptions=True)


class _RouteEnd:
    """The owner of one route's connection: passes on its answers and its loss."""

    connection: Connection
    route: Route
    welcome: Welcome
    timer: asyncio.TimerHandle

    def __init__(self, keeper: RouteKeeper, node: str, calls: Calls) -> None:
        self._keeper = keeper
        self._calls = calls
        self.node = node
        self.since_s = 0.0
        self.receive = calls.receive

    def begin(self, connection: Connection) -> None:
        """Begin to make the route by this connection."""
        self.connection = connection
        self.route = Route(self.node, connection.send, 0.0)

    def under_way(self) -> UnderWay | None:
        """What is under way on the route."""
        return self._calls.under_way(self.route)

    def lost(self, connection: Connection, error: FloError) -> None:
        """The route's connection was lost."""
        self._keeper.lost(self, error)


def _is_same(one: Welcome, other: Welcome) -> bool:
    """Whether both are of the same cluster, and know the client as the same one."""
    return bool(other.nodes) and (one.history, one.holder) == (other.history, other.holder)
