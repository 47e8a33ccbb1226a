"""Remembers which node leads each namespace, and by which route its calls go there. No I/O.

A node that does not lead a namespace passes its requests on to the leader, and the answer names the
leader. So a client does not need to know how many partitions there are, or which namespace is
where. After a few such answers it asks for a route. Until that is up, calls go by the first link.
Any node passes on what it does not lead. So a route to a node that no longer leads costs a detour,
not an error.

**Order.** Calls in one namespace arrive in the order in which the client sends them, by any link.
If a namespace changes to another link while calls are under way on the old one, the next calls wait
until those are answered: one round trip. They do not wait for long polls.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from floruntime.client.link.call import Call
from floruntime.client.link.routes.route import Route
from floruntime.core.console import ConsoleLogin, ConsoleLogout, ConsoleOpen
from floruntime.core.system import (
    NamespaceConfigure,
    NamespaceCreate,
    NamespaceDelete,
    NamespaceList,
    SessionOpen,
)
from floruntime.core.token import TokenCreate, TokenList, TokenRevoke
from floruntime.core.types import Command, Query, Request

PASSED_MIN = 4
"""How many requests of a namespace are passed on before the client asks for a route. A program that
makes one or two requests needs no further connection."""
NAMESPACES_KEPT = 10_000
"""For how many namespaces the leader is remembered."""
_OF_A_NAMESPACE = (NamespaceConfigure, NamespaceCreate, NamespaceDelete)
_OF_THE_CLUSTER = (
    *(SessionOpen, NamespaceList, TokenCreate, TokenList, TokenRevoke),
    *(ConsoleOpen, ConsoleLogin, ConsoleLogout),
)

Want = Callable[[str], None]
"""Asks for a route to this node."""


def place_of(request: Request[Any], namespace: str) -> str | None:
    """The namespace whose leader answers a request; `None` where no such leader answers."""
    if isinstance(request, _OF_A_NAMESPACE):
        return request.name
    if isinstance(request, Command | Query) and not isinstance(request, _OF_THE_CLUSTER):
        return namespace
    return None


class _Move:
    """A namespace's change to another link: calls to be answered first, and calls that wait."""

    __slots__ = ("before", "waiting")

    def __init__(self, before: set[int]) -> None:
        self.before = before
        self.waiting: dict[int, Call] = {}


class Leads:
    """The leaders that one client knows. `home` is the node that its first link leads to."""

    def __init__(self, want: Want | None = None) -> None:
        self._want = want
        self.home = ""
        #: By namespace: its leader, and how many requests were passed on to that node.
        self._known: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._routes: dict[str, Route] = {}
        #: By namespace: the route that its calls go by, if not the first link.
        self.by_place: dict[str, Route] = {}
        #: By namespace: its change to another link, if one is under way.
        self.moves: dict[str, _Move] = {}
        #: The calls that have waited for others, and may go now.
        self.ready: list[Call] = []

    @property
    def is_wanted(self) -> bool:
        """Whether this client can connect to other nodes than the one it is connected to."""
        return self._want is not None

    @property
    def routes(self) -> list[Route]:
        """The routes that are up."""
        return list(self._routes.values())

    # What is known

    def route_of(self, place: str | None) -> Route | None:
        """The route that a namespace's calls go by; `None`: the first link."""
        return None if place is None else self.by_place.get(place)

    def passed_on(self, place: str, leader: str, under_way: Iterable[Call]) -> None:
        """Note from an answer that a request was passed on to `leader`."""
        known, passed = self._known.pop(place, ("", 0))
        passed = passed + 1 if known == leader else 1
        self._known[place] = leader, passed
        if len(self._known) > NAMESPACES_KEPT:
            forgotten, _ = self._known.popitem(last=False)
            self._go_by(forgotten, None, under_way)
        if leader == self.home or leader in self._routes:
            self._go_by(place, self._routes.get(leader), under_way)
        elif passed >= PASSED_MIN and self._want is not None:
            self._want(leader)

    # Routes

    def route_up(self, route: Route, under_way: Iterable[Call]) -> None:
        """Send calls for what that node leads by this route from now on."""
        self._routes[route.node] = route
        calls = list(under_way)
        for place, (leader, _) in self._known.items():
            if leader == route.node:
                self._go_by(place, route, calls)

    def route_down(self, route: Route) -> None:
        """Send its calls by the first link from now on. Waiting calls keep waiting."""
        if self._routes.get(route.node) is route:
            del self._routes[route.node]
        for place in [place for place, each in self.by_place.items() if each is route]:
            del self.by_place[place]

    def _go_by(self, place: str, route: Route | None, under_way: Iterable[Call]) -> None:
        if self.by_place.get(place) is route:
            return
        if route is None:
            del self.by_place[place]
        else:
            self.by_place[place] = route
        before = {
            call.id
            for call in under_way
            if call.route is not route
            and not call.is_wait
            and place_of(call.request, call.namespace) == place
        }
        move = self.moves.get(place)
        if move is not None:
            move.before |= before
        elif before:
            self.moves[place] = _Move(before)

    # Order

    def holds(self, call: Call) -> bool:
        """Whether `call` must wait for others before it; if so, it is kept here."""
        move = self.moves.get(place_of(call.request, call.namespace) or "")
        if move is None:
            return False
        move.waiting[call.id] = call
        return True

    def is_waiting(self, call: Call) -> bool:
        """Whether `call` waits for others before it."""
        return any(call.id in move.waiting for move in self.moves.values())

    def answered(self, call: Call) -> None:
        """Note that no call needs to wait for `call` any more."""
        place = place_of(call.request, call.namespace) or ""
        move = self.moves.get(place)
        if move is not None:
            move.before.discard(call.id)
            if not move.before:
                del self.moves[place]
                self.ready += move.waiting.values()

    def take_ready(self) -> list[Call]:
        """Take the calls that may go now, in the order in which they came."""
        if not self.ready:
            return []
        ready, self.ready = self.ready, []
        return ready

    def take_waiting(self) -> list[Call]:
        """Take all calls that wait."""
        waiting = [call for move in self.moves.values() for call in move.waiting.values()]
        self.moves.clear()
        return self.take_ready() + waiting

    def abandon(self, call: Call) -> None:
        """Forget a call that waits, whose caller gave up."""
        move = self.moves.get(place_of(call.request, call.namespace) or "")
        if move is not None:
            move.waiting.pop(call.id, None)
        if call in self.ready:
            self.ready.remove(call)
