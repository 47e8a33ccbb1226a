"""Queries: answered at once on the last durable state, or made to wait for a later one.

The commit reports when that state has advanced, and what changed. A wait ends with an answer, with
its empty answer when its time is up, or without an answer when its caller has disconnected.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from floruntime.core.errors import FloError
from floruntime.core.limits import UINT_MAX, check_read_namespace
from floruntime.core.types import Query
from floruntime.engine.machine import Machine
from floruntime.engine.state.dispatch import WaitRule
from floruntime.engine.state.tx import Topic, View
from floruntime.engine.store import Reader
from floruntime.server.clock import Clock
from floruntime.server.commit.caller import Caller
from floruntime.server.commit.large_answers import LargeAnswers
from floruntime.server.commit.waiters import Waiter, Waiters

OWN_NAMESPACE = "default"
"""The namespace of the server's own commands and looks. It must be valid, but has no effect."""
ASKED_AT_ONCE = 256
"""How many of the queries that wait on a change are asked at once; the others follow in slices."""
SLICE_S = 0.005
"""How long such a slice takes in one turn of the event loop."""


class Queries:
    """Answers queries. `readable` returns the state that they may see now."""

    def __init__(self, machine: Machine, clock: Clock, readable: Callable[[], Reader]) -> None:
        self._loop = asyncio.get_running_loop()
        self._due: deque[Waiter] = deque()
        self._is_asking = False
        self._machine = machine
        self._waits = machine.rules.waits
        self._clock = clock
        self._readable = readable
        self._pinned: View | None = None
        #: How many times the state that queries see has advanced.
        self.changes_total = 0
        self._is_ending = False
        self.waiters = Waiters(clock, self._time_up)
        #: How many bytes an answer may have now.
        self.answer_room: Callable[[], int] | None = None
        self._items = machine.rules.items
        self._large = LargeAnswers(lambda: self.answer_room() if self.answer_room else UINT_MAX)

    def move_on(self) -> None:
        """Let queries see the state that `readable` returns from now on: it has advanced."""
        self._pinned = None
        self.changes_total += 1
        self._machine.warm.settle()

    def let_go(self) -> None:
        """Release the view of the state, although the state is the same."""
        self._pinned = None

    def view(self) -> View:
        """The state that queries see, outside any namespace."""
        return self.view_in(OWN_NAMESPACE)

    def view_apart(self) -> View:
        """The state that queries see now, as a view that may be kept for longer."""
        return self._machine.view(self._readable(), OWN_NAMESPACE, self._clock.now_ms())

    def view_in(self, namespace: str) -> View:
        """The state that queries see, in a namespace."""
        return self._own_view().beside(namespace, self._clock.now_ms())

    def _own_view(self) -> View:
        """The view that queries are asked on. It is not given out: each query aims it again."""
        view = self._pinned
        if view is None:  # kept until the state moves on: what it has decoded is read again
            view = self._pinned = self._machine.view(self._readable(), OWN_NAMESPACE, 0)
            view.warm = self._machine.warm
            if self.answer_room is not None:
                view.answer_room = self.answer_room
        return view

    def _aimed(self, namespace: str, now_ms: int) -> View:
        """The view for one query, which must be asked at once."""
        view = self._own_view()
        view.aim(namespace, now_ms)
        return view

    def answer(self, caller: Caller, request_id: int, namespace: str, query: Query[Any]) -> None:
        """Answer at once, or begin to wait."""
        try:
            view = self._pinned or self._own_view()
            # Listings alone look at the spans, and none of them waits.
            view.aim(namespace, self._clock.now_ms(), caller.spans)
            items = self._items.get(type(query))
            if items is not None:
                check_read_namespace(namespace)
                apart = view.beside(namespace, view.now_ms)  # the answer may take many turns
                self._large.answer(caller, request_id, items(apart, query))
                return
            result = self._machine.ask(view, query)
            wait = self._waits.get(type(query))
            if wait is not None:
                block_ms: int = query.block_ms  # type: ignore[attr-defined]  # every waiting kind has it
                if block_ms > 0 and not (self._is_ending or wait.found(result)):
                    self._wait(caller, request_id, namespace, query, wait, result)
                    return
        except FloError as error:
            caller.add_answer(request_id, None, error)
        else:
            caller.add_answer(request_id, result, None)

    def _wait(
        self,
        caller: Caller,
        request_id: int,
        namespace: str,
        query: Query[Any],
        wait: WaitRule,
        result: Any,
    ) -> None:
        now_ms = self._clock.now_ms()
        view = self._aimed(namespace, now_ms)
        pinned = wait.begin(view, query)
        empty = result if pinned is query else self._machine.ask(view, pinned)
        gone = wait.gone(query)
        waiter = Waiter(caller, request_id, namespace, 0, pinned, wait, empty, now_ms, gone)
        self.waiters.add(waiter, query.block_ms)  # type: ignore[attr-defined]  # as above

    def wake(self, touched: list[Topic], ended: list[Topic]) -> list[Caller]:
        """Ask the queries that wait on what changed; return the callers that have answers now."""
        woken: list[Caller] = []
        for asked, waiter in enumerate(self.waiters.on(touched + ended)):
            waiter.is_ended = waiter.is_ended or waiter.waits_on_any(ended)
            waiter.is_gone = waiter.is_gone or (waiter.namespace, "", "") in ended
            if asked < ASKED_AT_ONCE:
                self._ask(waiter, woken)
            elif not waiter.is_due:
                waiter.is_due = True
                self._due.append(waiter)
        if self._due and not self._is_asking:
            self._is_asking = True
            self._loop.call_soon(self._ask_more)
        return woken

    def _ask(self, waiter: Waiter, woken: list[Caller]) -> None:
        result: Any = None
        error: FloError | None = None
        try:
            view = self._aimed(waiter.namespace, self._clock.now_ms())
            result = self._machine.ask(view, waiter.request)
        except FloError as caught:
            error = caught
        if waiter.is_gone:
            error = error or waiter.gone
        if error is not None or waiter.rule.found(result) or waiter.is_ended:
            self.waiters.remove(waiter)
            waiter.owner.add_answer(waiter.request_id, result, error)
            woken.append(waiter.owner)

    def _ask_more(self) -> None:
        """Ask many waiting queries slice by slice, so that others are served in between."""
        until_s = time.perf_counter() + SLICE_S
        woken: list[Caller] = []
        while self._due and time.perf_counter() < until_s:
            waiter = self._due.popleft()
            waiter.is_due = False
            if self.waiters.has(waiter):
                self._ask(waiter, woken)
        for caller in dict.fromkeys(woken):
            caller.flush()
        self._is_asking = bool(self._due)
        if self._is_asking:
            self._loop.call_soon(self._ask_more)

    def renew_waits(self, touched: list[Topic]) -> None:
        """Let waits on `touched` go on from here: the state up to now had nothing for them."""
        for waiter in self.waiters.on(touched):
            if waiter.rule.renew is not None and not waiter.is_due:
                self._renew(waiter)

    def _renew(self, waiter: Waiter, *, is_over: bool = False) -> FloError | None:
        """Bring a wait up to date. If what it waits on was deleted, return the refusal, and leave
        the wait unchanged.

        A wait whose request has not changed is asked again only when it is over.
        """
        renew = waiter.rule.renew
        if renew is not None:
            view = self._aimed(waiter.namespace, self._clock.now_ms())
            try:
                request = renew(view, waiter.request)
                if is_over or request is not waiter.request:
                    waiter.empty = self._machine.ask(view, request)
            except FloError as error:
                return error
            waiter.request = request
        return None

    def _time_up(self, waiter: Waiter) -> None:
        error = self._renew(waiter, is_over=True)
        waiter.owner.add_answer(waiter.request_id, None if error else waiter.empty, error)
        waiter.owner.flush()

    def end_waits(self) -> None:
        """Answer all who wait with what there is. From now on, no query waits."""
        self._is_ending = True
        self.waiters.end_all()
