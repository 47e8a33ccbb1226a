"""Group commit: the only place that knows how commands become durable.

Commands are applied to the machine's open batch as they arrive. At the end of the event loop's turn
the batch is written and synced once, as a rule in a thread: meanwhile the next batch
collects. Only then is anyone answered, and whoever waits on what changed is woken. Queries read the
last durable state, never an unsynced one (`async` and `ephemeral`: the last applied state).

What the answer says must be durable, refusals and empty answers included: they too were judged on
the open batch, so they leave with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from floruntime.core.errors import FloError
from floruntime.core.system import (
    TIMERS_PER_TICK_MAX,
    Delivery,
    HandBack,
    Tick,
    TimerPostpone,
)
from floruntime.core.types import Command
from floruntime.engine.machine import Entry, Machine, Outcome
from floruntime.engine.registry import WAITS, WaitRule
from floruntime.engine.state.tx import Topic
from floruntime.engine.store import Reader, Store
from floruntime.server.clock import Clock, Handle
from floruntime.server.commit.durability import Durability, Syncs
from floruntime.server.commit.queries import Queries
from floruntime.server.commit.waiters import Waiter, Waiters
from floruntime.server.connections.connection import Connection

log = logging.getLogger("floruntime.commit")

KEEP_ALIVE_MS = 500
"""A wait that keeps a group member alive is asked again before a tick if older than this."""
FAILED_TIMER_MS = 60_000
"""A timer whose handler failed (a bug) is fired again after this time, not at once and forever."""
ASYNC_SYNC_MS = 100
"""With durability `async`: the longest time that written commands stay unsynced."""
SERVER_NAMESPACE = "default"
"""The server's own commands carry some valid namespace; they act on none."""


_Pending = tuple[Connection, int, int, Outcome]
"""Whom to answer, the id of the request, its write number, and what it came to."""


def _ends_wait(rule: WaitRule, outcome: Outcome) -> bool:
    """Whether `outcome` is an answer: a refusal is, and a first answer that is given again.

    But a command that only looks after it has acted goes on looking when it comes again.
    """
    if outcome.error is not None or rule.found(outcome.result):
        return True
    return outcome.recalled and rule.look is None


class Commit:
    """Orders, applies, makes durable, answers, wakes."""

    def __init__(
        self,
        machine: Machine,
        store: Store,
        clock: Clock,
        durability: Durability,
        *,
        sync: Callable[[int], None],
        on_fatal: Callable[[BaseException], None],
        on_step: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._machine = machine
        self._store = store
        self._clock = clock
        self._durability = durability
        self._sync = sync
        self._on_fatal = on_fatal
        self._on_step = on_step
        self._loop = asyncio.get_running_loop()
        self._syncs = Syncs(sync)
        self._pending: list[_Pending] = []
        self._in_flight: list[_Pending] = []
        self._touched: list[Topic] = []
        self._in_flight_touched: list[Topic] = []
        self._ended: list[Topic] = []
        self._in_flight_ended: list[Topic] = []
        self._written_index = machine.index
        self._is_syncing = False
        self._is_flush_scheduled = False
        self._is_failed = False
        self._to_offer: deque[Outcome] = deque()
        self._is_asking = False
        self._is_dirty = False
        self._dirty_timer: Handle | None = None
        self._is_ending = False
        self._is_stopped = False
        #: How many answers given again are pending, by session and number.
        self._recalled: Counter[tuple[str, int]] = Counter()
        self._idle_waiters: list[asyncio.Future[None]] = []
        self._command_waiters = Waiters(clock, self._command_time_up)
        #: Answers what only reads.
        self.queries = Queries(machine, clock, self._readable)
        self._next_tick_ms = 0
        self._tick_timer: Handle | None = None
        #: By primitive: who in the server is told, once it is durable, that one was touched.
        self.listeners: dict[str, Callable[[], None]] = {}
        #: False while the disk is nearly full: growth is refused.
        self.may_grow = True
        self.commands_total = 0

    @property
    def _waits_for_sync(self) -> bool:
        return self._durability is Durability.SYNC

    def start(self) -> None:
        """Begin to tick."""
        self._tick_if_due()

    # Commands

    def submit(
        self,
        connection: Connection,
        request_id: int,
        namespace: str,
        number: int,
        command: Command[Any],
    ) -> None:
        """Apply a client's command; it is answered when that is durable, or when its wait ends."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._next_tick_ms:
            self._tick_if_due()
            now_ms = self._clock.now_ms()  # ticks take time, and have stamped theirs
        outcome = self._apply(now_ms, namespace, connection.session, number, command)
        wait = WAITS.get(type(command))
        if wait is not None and not _ends_wait(wait, outcome):
            block_ms: int = command.block_ms  # type: ignore[attr-defined]  # every waiting kind has it
            if block_ms > 0 and not self._is_ending:
                waiter = Waiter(
                    connection,
                    request_id,
                    namespace,
                    number,
                    wait.rest(command) if wait.look is None else wait.look(outcome.result),
                    wait,
                    outcome.result,
                    now_ms,
                )
                if not waiter.waits_on_any(outcome.ended):
                    self._command_waiters.add(waiter, block_ms)
                    self._schedule_flush()
                    return
        self._answer_later(connection, request_id, number, outcome)

    def submit_own(self, command: Command[Any]) -> Outcome:
        """Apply a command of the server's own; nobody is answered."""
        outcome = self._apply(self._clock.now_ms(), SERVER_NAMESPACE, "", 0, command)
        if outcome.error is not None:
            log.error("the server's own %s was refused: %s", type(command).__name__, outcome.error)
        self._schedule_flush()
        return outcome

    def _apply(
        self, now_ms: int, namespace: str, session: str, number: int, command: Command[Any]
    ) -> Outcome:
        self.commands_total += 1
        machine = self._machine
        outcome = machine.apply(Entry(now_ms, namespace, session, number, command, self.may_grow))
        if machine.has_set_timers:
            self._tick_no_later(machine.take_earliest_set_ms())
        if outcome.touched or outcome.ended:
            self._touched += outcome.touched
            self._ended += outcome.ended
            if self._command_waiters:
                self._to_offer.append(outcome)
                if not self._is_asking:
                    self._offer_all()
        return outcome

    def _answer_later(
        self, connection: Connection, request_id: int, number: int, outcome: Outcome
    ) -> None:
        if outcome.recalled:
            self._recalled[connection.session, number] += 1
        self._pending.append((connection, request_id, number, outcome))
        if not self._is_flush_scheduled:
            self._schedule_flush()

    # Waits for commands: asked as soon as what they wait for changes, within the same commit

    def _offer_all(self) -> None:
        """Offer what changed to those who wait for it.

        Asking one of them may change something again: that is offered in its turn, never within
        the asking, so that nobody is asked again before the first answer has ended the wait.
        """
        while self._to_offer:
            self._offer(self._to_offer.popleft())

    def _offer(self, outcome: Outcome) -> None:
        waiters = self._command_waiters
        for waiter in waiters.on(outcome.ended):
            waiters.remove(waiter)
            self._command_time_up(waiter)
        for topic in dict.fromkeys(outcome.touched):
            self._offer_at(topic)

    def _offer_at(self, topic: Topic) -> None:
        """Offer what changed at one topic, in order of arrival, until it is gone."""
        for waiter in self._command_waiters.at(topic, set()):
            rule = waiter.rule
            is_over = self._ask(waiter)
            if (rule.alike and not is_over) or self._machine.is_spent(rule, topic):
                return

    def _ask(self, waiter: Waiter) -> bool:
        """Ask once more; answers whether the wait is over."""
        waiter.asked_ms = self._clock.now_ms()
        outcome = self._ask_again(waiter) if waiter.rule.look is None else self._look(waiter)
        if not _ends_wait(waiter.rule, outcome):
            return False
        self._command_waiters.remove(waiter)
        self._answer_later(waiter.owner, waiter.request_id, waiter.number, outcome)
        return True

    def _ask_again(self, waiter: Waiter) -> Outcome:
        self._is_asking = True
        try:
            return self._apply(
                waiter.asked_ms,
                waiter.namespace,
                waiter.owner.session,
                waiter.number,
                waiter.request,
            )
        finally:
            self._is_asking = False

    def _look(self, waiter: Waiter) -> Outcome:
        """What it waits for as it stands, in the open batch."""
        try:
            look = self._machine.look(waiter.namespace, self._clock.now_ms(), waiter.request)
        except FloError as error:
            return Outcome(None, error)
        return Outcome(look)

    def _command_time_up(self, waiter: Waiter) -> None:
        outcome = Outcome(waiter.empty) if waiter.rule.look is None else self._look(waiter)
        self._answer_later(waiter.owner, waiter.request_id, waiter.number, outcome)

    # Connections that go

    def drop(self, connection: Connection) -> None:
        """Forget the waits of a connection that is gone; they take nothing with them."""
        self._command_waiters.drop(connection)
        self.queries.waiters.drop(connection)

    def cancel(self, connection: Connection, request_id: int) -> bool:
        """End one wait of a connection with its empty answer; False if it does not wait."""
        return self._command_waiters.end(connection, request_id) or self.queries.waiters.end(
            connection, request_id
        )

    def end_waits(self) -> None:
        """Answer everyone who waits with what there is, from now on: the server is stopping."""
        self._is_ending = True
        self._command_waiters.end_all()
        self.queries.end_waits()

    def _readable(self) -> Reader:
        """What queries may see: the last durable state, or the last written one."""
        return self._store.snapshot() if self._waits_for_sync else self._store

    # The batch

    def _schedule_flush(self) -> None:
        if not self._is_flush_scheduled and not self._is_syncing:
            self._is_flush_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write the open batch and begin its sync; without changes, only answer."""
        self._is_flush_scheduled = False
        if self._is_failed or self._is_syncing:
            return
        self._in_flight, self._pending = self._pending, []
        self._in_flight_touched, self._touched = self._touched, []
        self._in_flight_ended, self._ended = self._ended, []
        if not self._machine.is_changed:
            self._answer()
            return
        if self.queries.waiters:
            self.queries.renew_waits(self._in_flight_touched)
        is_sync_here = self._waits_for_sync and self._syncs.may_be_here(len(self._in_flight))
        try:
            if not is_sync_here:
                self.queries.pin()
            self._on_step("before_write")
            self._store.write(self._machine.take())
            self._written_index = self._machine.index
            self._on_step("after_write")
        except Exception as error:
            self._fail(error)
            return
        if is_sync_here:
            self._durable(self._syncs.sync(self._written_index))
        elif self._waits_for_sync:
            self._is_syncing = True
            self._syncs.request(self._written_index, self._synced)
        else:
            self._sync_in_a_while()
            self._durable(None)

    def _synced(self, error: BaseException | None) -> None:
        self._is_syncing = False
        self._durable(error)
        if not self._is_failed and (self._pending or self._machine.is_changed):
            self._flush()

    def _durable(self, error: BaseException | None) -> None:
        """The batch is what was waited for; or it failed."""
        if error is not None:
            self._fail(error)
            return
        if self._waits_for_sync:
            self._on_step("after_sync")
        self.queries.move_on()
        self._answer()

    def _answer(self) -> None:
        """Answer the batch that is now durable, then wake the queries that wait on its changes."""
        pending, self._in_flight = self._in_flight, []
        touched, self._in_flight_touched = self._in_flight_touched, []
        ended, self._in_flight_ended = self._in_flight_ended, []
        connections: dict[Connection, None] = {}
        for connection, request_id, number, outcome in pending:
            if outcome.recalled:
                self._note_recalled_answer(connection.session, number)
            if connection.is_closed:
                if outcome.delivery is not None:
                    self._hand_back(connection, number, outcome.delivery)
                continue
            connection.add_answer(request_id, outcome.result, outcome.error)
            connections[connection] = None
        if (touched or ended) and self.queries.waiters:
            connections.update(dict.fromkeys(self.queries.wake(touched, ended)))
        for connection in connections:
            connection.flush()
        for primitive in {topic[1] for topic in touched} & self.listeners.keys():
            self.listeners[primitive]()
        if self._idle_waiters and self.is_idle:
            self._tell_idle()

    def _note_recalled_answer(self, session: str, number: int) -> None:
        left = self._recalled[session, number] - 1
        if left:
            self._recalled[session, number] = left
        else:
            del self._recalled[session, number]

    def _hand_back(self, connection: Connection, number: int, delivery: Delivery) -> None:
        """The connection went before its delivery could: release it, unless it was asked again."""
        if number and (connection.session, number) in self._recalled:
            return
        self.submit_own(HandBack(connection.session, number, delivery))

    def _sync_in_a_while(self) -> None:
        if self._durability is Durability.ASYNC and not self._is_dirty:
            self._is_dirty = True
            self._dirty_timer = self._loop.call_later(ASYNC_SYNC_MS / 1000, self._sync_dirty)

    def _sync_dirty(self) -> None:
        self._is_dirty = False
        if not self._is_failed:
            self._syncs.request(self._written_index, self._dirty_synced)

    def _dirty_synced(self, error: BaseException | None) -> None:
        if error is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """The store failed. Nothing more is answered: what is durable can no longer be told."""
        self._is_failed = True
        self._on_fatal(error)
        self._tell_idle()

    # Time

    def _tick_if_due(self) -> None:
        now_ms = self._clock.now_ms()
        if now_ms < self._next_tick_ms or self._is_failed or self._is_stopped:
            return
        # Until the ticks are done nothing may start another one.
        horizon_ms = now_ms + self._clock.horizon_ms
        self._next_tick_ms = horizon_ms
        for waiter in self._command_waiters.keeping_alive(now_ms - KEEP_ALIVE_MS):
            self._ask(waiter)
        self._offer_all()
        if self._machine.is_changed:
            self._schedule_flush()  # who waits was renewed, though no tick may follow
        if self._machine.first_due(now_ms + 1) is not None and self.submit_own(Tick()).error:
            self._fire_one_by_one()
        due_ms = self._machine.first_due(horizon_ms)
        self._machine.take_earliest_set_ms()
        self._tick_at(horizon_ms if due_ms is None else due_ms)

    def _fire_one_by_one(self) -> None:
        """A timer fails: fire the others, which are not to blame, and that one later."""
        for _ in range(TIMERS_PER_TICK_MAX):
            outcome = self.submit_own(Tick(1))
            if outcome.error is not None:
                self.submit_own(TimerPostpone(FAILED_TIMER_MS))
            elif not outcome.result:
                return

    def _tick_no_later(self, when_ms: int) -> None:
        if when_ms < self._next_tick_ms:
            self._tick_at(when_ms)

    def _tick_at(self, when_ms: int) -> None:
        if self._is_stopped:
            return
        self._next_tick_ms = when_ms
        if self._tick_timer is not None:
            self._tick_timer.cancel()
        self._tick_timer = self._clock.call_at(when_ms, self._tick_if_due)

    # Stopping and testing

    @property
    def is_idle(self) -> bool:
        """Whether nothing is open, in flight or unanswered (waits do not count)."""
        return not (
            self._pending
            or self._in_flight
            or self._is_syncing
            or self._is_flush_scheduled
            or self._machine.is_changed
        )

    async def settle(self) -> None:
        """Wait until the commit is idle."""
        while not self.is_idle and not self._is_failed:
            future: asyncio.Future[None] = self._loop.create_future()
            self._idle_waiters.append(future)
            await future

    def _tell_idle(self) -> None:
        waiting, self._idle_waiters = self._idle_waiters, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def stop(self) -> None:
        """Finish what is open, sync it, and end the thread."""
        self._is_stopped = True
        for timer in (self._tick_timer, self._dirty_timer):
            if timer is not None:
                timer.cancel()
        await self.settle()
        self._syncs.stop()
        if not self._is_failed and self._durability is not Durability.SYNC:
            self._sync(self._written_index)
