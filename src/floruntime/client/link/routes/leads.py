"""Who leads what, as far as a client was told, and by which route its calls go there. No I/O.

A node that leads nothing of a namespace passes its requests on, and the answer tells who leads. So
a client needs to know neither how many partitions there are nor which namespace lies where. After a
few such answers it asks for a route; until that is up, and wherever none can be made, calls go on
as before. Any node passes on what it does not lead, so a route that leads to the wrong node by now
costs a detour, and no error.

**Order.** What a client sends in one namespace arrives in that order, by whichever way. So where
its way changes while calls are under way on the one before, the next ones wait until those are
answered: one round trip. Long polls are not waited for.
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
"""So many requests of a namespace are passed on before a route is asked for: programs that ask once
or twice make no connection more."""
NAMESPACES_KEPT = 10_000
"""Of so many namespaces it is known who leads them."""
_OF_A_NAMESPACE = (NamespaceConfigure, NamespaceCreate, NamespaceDelete)
_OF_THE_CLUSTER = (
    *(SessionOpen, NamespaceList, TokenCreate, TokenList, TokenRevoke),
    *(ConsoleOpen, ConsoleLogin, ConsoleLogout),
)

Want = Callable[[str], None]
"""Asks for a route to this node."""


def place_of(request: Request[Any], namespace: str) -> str | None:
    """The namespace whose leader answers it; `None` for what no namespace's leader answers."""
    if isinstance(request, _OF_A_NAMESPACE):
        return request.name
    if isinstance(request, Command | Query) and not isinstance(request, _OF_THE_CLUSTER):
        return namespace
    return None


class _Move:
    """A namespace whose way changes: what must be answered before, and what waits for that."""

    __slots__ = ("before", "waiting")

    def __init__(self, before: set[int]) -> None:
        self.before = before
        self.waiting: dict[int, Call] = {}


class Leads:
    """Of one client. `home` is the node that its first link leads to."""

    def __init__(self, want: Want | None = None) -> None:
        self._want = want
        self.home = ""
        #: By namespace who leads it, and how many requests were passed on to him.
        self._known: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._routes: dict[str, Route] = {}
        #: By namespace the route that its calls go by, where it is not the first link.
        self.by_place: dict[str, Route] = {}
        #: By namespace, where its way changes.
        self.moves: dict[str, _Move] = {}
        #: What has waited for others, and waits no longer.
        self.ready: list[Call] = []

    @property
    def is_wanted(self) -> bool:
        """Whether this client can go to others than the node that it is connected to."""
        return self._want is not None

    @property
    def routes(self) -> list[Route]:
        """Those that are up."""
        return list(self._routes.values())

    # What is known

    def route_of(self, place: str | None) -> Route | None:
        """By which route its calls go; `None`: by the first link."""
        return None if place is None else self.by_place.get(place)

    def passed_on(self, place: str, leader: str, under_way: Iterable[Call]) -> None:
        """An answer told that a request was passed on to this node."""
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
        """From now on what that node leads goes there."""
        self._routes[route.node] = route
        calls = list(under_way)
        for place, (leader, _) in self._known.items():
            if leader == route.node:
                self._go_by(place, route, calls)

    def route_down(self, route: Route) -> None:
        """What went there goes by the first link; what waited goes on waiting for its turn."""
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
        """Whether `call` waits for others before it; if so it is kept here."""
        move = self.moves.get(place_of(call.request, call.namespace) or "")
        if move is None:
            return False
        move.waiting[call.id] = call
        return True

    def is_waiting(self, call: Call) -> bool:
        """Whether it waits for others before it."""
        return any(call.id in move.waiting for move in self.moves.values())

    def answered(self, call: Call) -> None:
        """Nothing needs to wait for it any more."""
        place = place_of(call.request, call.namespace) or ""
        move = self.moves.get(place)
        if move is not None:
            move.before.discard(call.id)
            if not move.before:
                del self.moves[place]
                self.ready += move.waiting.values()

    def take_ready(self) -> list[Call]:
        """What waits no longer, in the order in which it came."""
        if not self.ready:
            return []
        ready, self.ready = self.ready, []
        return ready

    def take_waiting(self) -> list[Call]:
        """All that waits."""
        waiting = [call for move in self.moves.values() for call in move.waiting.values()]
        self.moves.clear()
        return self.take_ready() + waiting

    def abandon(self, call: Call) -> None:
        """It waits no longer, wherever it does."""
        move = self.moves.get(place_of(call.request, call.namespace) or "")
        if move is not None:
            move.waiting.pop(call.id, None)
        if call in self.ready:
            self.ready.remove(call)
