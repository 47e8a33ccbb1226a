"""Group commit: orders commands, passes them on as batches, and answers once they are durable.

Commands are applied to the machine's open batch as they arrive, so the processor works while the
disk does. That is safe because no command is answered, and no query sees its changes, before the
journal has made the batch durable. At the end of the event loop's turn the batch goes into the
journal, so everything that arrived in one turn costs one write and one sync. While a batch is being
written, the next one collects: the slower the disk, the larger the batch. Once a batch is durable,
all its commands are answered at once, and waits on what it changed are woken.

What an answer says must be durable, also if it is a refusal or empty: it was judged on the open
batch, so it is sent with that batch. A tick that nobody waits for does not start a write. It goes
into the journal with the next command, which then need not wait for the tick's own sync.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from floruntime.core.types import Command
from floruntime.engine.machine import Entry, Machine, Outcome
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import View
from floruntime.engine.store import StoreFailedError
from floruntime.engine.store.guarded import TOLD
from floruntime.server.clock import Clock
from floruntime.server.commit.caller import Caller, answer_bytes
from floruntime.server.commit.command_waits import CommandWaits
from floruntime.server.commit.fill import Fill
from floruntime.server.commit.journal import Journal
from floruntime.server.commit.open_batch import OpenBatch
from floruntime.server.commit.queries import OWN_NAMESPACE, Queries
from floruntime.server.commit.ticker import Ticker
from floruntime.server.metrics.counts import NOTED_MAX, Counts

log = logging.getLogger("floruntime.commit")

TICKS_WAIT_S = 0.025
"""How long a tick that nobody waits for is delayed, so that it goes with something else."""


class Stage(Enum):
    """The stage of a commit's life."""

    RUNNING = auto()
    ENDING = auto()
    """Nothing begins to wait any more."""
    STOPPED = auto()
    FAILED = auto()
    """The journal is lost: what is durable can no longer be told, so nobody is answered."""


class Commit:
    """Orders, applies, answers, and wakes waits. `on_fatal` is called if the journal is lost."""

    tells_of_work = True

    def __init__(
        self,
        machine: Machine,
        journal: Journal,
        clock: Clock,
        *,
        on_fatal: Callable[[BaseException], None],
        counts: Counts | None = None,
        fill: Fill | None = None,
    ) -> None:
        self._counts = counts = Counts() if counts is None else counts
        self._noted_sizes = counts.commit_commands.noted
        self._machine = machine
        self._wait_rules = machine.rules.waits
        self._journal = journal
        self._clock = clock
        self._on_fatal = on_fatal
        self._loop = asyncio.get_running_loop()
        self._stage = Stage.RUNNING
        self._batch = OpenBatch()
        #: How much of the open batch's time flooding connections have used.
        self.fill = Fill() if fill is None else fill
        self.fill.look = lambda: (len(self._batch.answers), self._in_flight is not None)
        self._in_flight: OpenBatch | None = None
        self._is_flush_scheduled = False
        #: Whether somebody is told once the open batch is durable; when it goes where nobody is.
        self._is_wanted = False
        self._flush_timer: asyncio.TimerHandle | None = None
        self._idle_waiters: list[asyncio.Future[None]] = []
        self._waits = CommandWaits(machine, clock, self._apply, self._answer_later)
        self._waited_on = self._waits.by_topic
        self._ticker = Ticker(machine, clock, self._submit_tick, self._before_tick)
        #: Answers requests that only read.
        self.queries = Queries(machine, clock, journal.readable)
        #: By primitive: who in the server is told, once it is durable, that one was touched.
        self.listeners: dict[str, Callable[[], None]] = {}
        #: False while the disk is nearly full: growth is refused.
        self.may_grow = True
        #: Called before the next batch goes into the journal.
        self.on_work: Callable[[], None] | None = None
        self.commands_total = 0
        journal.begin(self._durable, self._fail)

    @property
    def applied(self) -> View:
        """The state as commands see it, durable or not; read it at once."""
        return self._machine.applied

    @property
    def changes_total(self) -> int:
        """How many commands have ever changed anything."""
        return self._machine.index

    @property
    def has_news(self) -> bool:
        """Whether a batch has become durable in which not only flooding connections wait."""
        return self._journal.has_news and self.fill.is_awaited

    def fill_for(self, caller: Caller) -> Fill:
        """The fill of the batch into which its commands go; there is one batch."""
        return self.fill

    def let_go(self) -> None:
        """Drop earlier states, unless a batch under way needs them."""
        if self.is_idle:
            self._journal.let_go()
            self.queries.let_go()

    def start(self) -> None:
        """Begin to tick."""
        self._ticker.tick_if_due()

    # Commands

    def submit(
        self,
        caller: Caller,
        request_id: int,
        namespace: str,
        number: int,
        command: Command[Any],
    ) -> None:
        """Apply a client's command. It is answered when it is durable, or when its wait ends."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._ticker.next_ms:
            self._ticker.tick_if_due()
            now_ms = self._clock.now_ms()  # ticks take time, and have stamped theirs
        note = caller.note_of(namespace, command)
        outcome = self._apply(now_ms, namespace, caller.client, number, command, note)
        if self._waited_on and (outcome.touched or outcome.ended):
            self._waits.offer(outcome)
        rule = self._wait_rules.get(type(command))
        if (
            rule is not None
            and self._stage is Stage.RUNNING
            and command.block_ms > 0  # type: ignore[attr-defined]  # every waiting kind has it
            and self._waits.begin(
                rule, caller, request_id, namespace, number, command, outcome, now_ms
            )
        ):
            self._schedule_flush()
        else:
            self._answer_later(caller, request_id, number, outcome)

    def submit_own(self, command: Command[Any], note: AuditNote | None = None) -> Outcome:
        """Apply a command of the server's own; nobody is answered."""
        outcome = self._apply_own(command, note)
        self._schedule_flush()
        return outcome

    def _submit_tick(self, command: Command[Any]) -> Outcome:
        outcome = self._apply_own(command)
        if self._is_told_of(outcome):
            self._schedule_flush()
        else:
            self._flush_in_a_while()
        return outcome

    def _apply_own(self, command: Command[Any], note: AuditNote | None = None) -> Outcome:
        outcome = self._apply(self._clock.now_ms(), OWN_NAMESPACE, "", 0, command, note)
        if outcome.error is not None:
            log.error(
                "a command of the server itself, %s, was refused: %s",
                type(command).__name__,
                outcome.error,
            )
        if self._waited_on and (outcome.touched or outcome.ended):
            self._waits.offer(outcome)
        return outcome

    def _is_told_of(self, outcome: Outcome) -> bool:
        """Whether somebody is notified of a command's changes once it is durable."""
        topics = outcome.touched + outcome.ended
        waiters = self.queries.waiters
        if waiters.by_topic and any(waiters.on(topics)):
            return True
        return any(topic[1] in self.listeners for topic in topics)

    def _apply(
        self,
        now_ms: int,
        namespace: str,
        client: str,
        number: int,
        command: Command[Any],
        note: AuditNote | None = None,
    ) -> Outcome:
        self.commands_total += 1
        machine = self._machine
        outcome = machine.apply(
            Entry(now_ms, namespace, client, number, command, self.may_grow, note)
        )
        if machine.has_set_timers:
            self._ticker.no_later_than(machine.take_earliest_set_ms())
        if outcome.touched or outcome.ended:
            self._batch.touched += outcome.touched
            self._batch.ended += outcome.ended
        return outcome

    def _answer_later(self, caller: Caller, request_id: int, number: int, outcome: Outcome) -> None:
        self._batch.answers.append((caller, request_id, number, outcome))
        if outcome.delivery is not None:
            caller.owe(request_id, answer_bytes(outcome.result))
        if not self._is_flush_scheduled:
            self._schedule_flush()

    def _before_tick(self) -> None:
        index = self._machine.index
        self._waits.keep_alive()
        if self._machine.index != index:
            self._schedule_flush()  # who waits was renewed, though no tick may follow

    # Waits that end early

    def drop(self, caller: Caller) -> None:
        """Forget the waits of a disconnected caller; they change nothing."""
        self._waits.drop(caller)
        self.queries.waiters.drop(caller)

    def cancel(self, caller: Caller, request_id: int) -> bool:
        """End one wait of a caller with its empty answer. False if it does not wait."""
        return self._waits.cancel(caller, request_id) or self.queries.waiters.end(
            caller, request_id
        )

    def end_waits(self) -> None:
        """Answer all waits as they are, now and from now on: the server is stopping."""
        if self._stage is Stage.RUNNING:
            self._stage = Stage.ENDING
        self._waits.end_all()
        self.queries.end_waits()

    # Batches

    def _schedule_flush(self) -> None:
        self._is_wanted = True
        if not self._is_flush_scheduled and self._in_flight is None:
            self._is_flush_scheduled = True
            self._loop.call_soon(self._flush_now)

    def _flush_in_a_while(self) -> None:
        if self._flush_timer is None and not self._is_wanted:
            self._flush_timer = self._loop.call_later(TICKS_WAIT_S, self._flush_now)

    def _flush_now(self) -> None:
        try:
            self._flush()
        except StoreFailedError:
            return  # as `with TOLD` does, without its two calls for every batch

    def _flush(self) -> None:
        """Put the open batch into the journal; without changes, only answer."""
        self._is_flush_scheduled = False
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if self._in_flight is not None or self._stage is Stage.FAILED:
            return
        self._is_wanted = False
        batch, self._batch = self._batch, OpenBatch()
        fill = self.fill
        if fill.is_used:
            fill.begin(len(batch.answers))
        else:
            fill.is_awaited, fill.weighed_s = True, 0.0
        if not self._machine.is_changed:
            self._answer(batch)
            return
        if self.on_work is not None:
            self.on_work()
        self._in_flight = batch
        if self.queries.waiters.by_topic:
            self.queries.renew_waits(batch.touched)
        try:
            changes = self._machine.take()
        except Exception as error:  # a bug; the batch cannot be told apart from its neighbours
            self._fail(error)
            return
        answers = len(batch.answers)
        self._noted_sizes.append(answers)
        if len(self._noted_sizes) > NOTED_MAX:
            self._counts.count()
        if self._journal.append(changes, self._machine.index, answers):
            self._tell()

    def _durable(self) -> None:
        """The batch in flight has become durable, and the next one has collected meanwhile.

        The next one does not go at once. First, sockets are read, because a batch costs much beside
        its commands. Floods fill it without that.
        """
        with TOLD:
            if self.fill.is_used:
                self._go_on_and_weigh()
                return
            self._tell()
            if self._is_wanted:
                self._schedule_flush()
            elif self._machine.is_changed:
                self._flush_in_a_while()

    def _go_on_and_weigh(self) -> None:
        """The same, if flooding connections have put something into the next batch."""
        fill = self.fill
        begun_s = fill.now_s()
        self._tell()
        if self._batch.answers or self._machine.is_changed:
            self._flush()
        else:
            fill.begin(0)  # all that was done begins to wait, and nobody is answered
        fill.took(fill.now_s() - begun_s + self._journal.beside_s)

    def _tell(self) -> None:
        """The batch in flight is durable: make it visible."""
        batch, self._in_flight = self._in_flight, None
        assert batch is not None, "a batch was appended"
        self.queries.move_on()
        self._answer(batch)

    def _answer(self, batch: OpenBatch) -> None:
        """Answer a durable batch, then wake the queries that wait on its changes."""
        callers: dict[Caller, None] = {}
        has_undelivered = False
        for caller, request_id, _, outcome in batch.answers:
            if not caller.is_closed:
                caller.add_answer(request_id, outcome.result, outcome.error)
                callers[caller] = None
            elif outcome.delivery is not None:
                has_undelivered = True
        touched, ended = batch.touched, batch.ended
        if (touched or ended) and self.queries.waiters.by_topic:
            callers.update(dict.fromkeys(self.queries.wake(touched, ended)))
        for caller in callers:
            caller.flush()
        if has_undelivered:
            for command in batch.hand_backs(self._batch.answers):
                self.submit_own(command)
        for primitive in {topic[1] for topic in touched} & self.listeners.keys():
            self.listeners[primitive]()
        if self._idle_waiters and self.is_idle:
            self._tell_idle()

    def _fail(self, error: BaseException) -> None:
        """The journal is lost."""
        self._stage = Stage.FAILED
        self._ticker.stop()
        self._on_fatal(error)
        self._tell_idle()

    # Stopping and testing

    @property
    def is_idle(self) -> bool:
        """Whether nothing is open, in flight or unanswered; waits do not count."""
        return not (
            self._batch.answers
            or self._in_flight is not None
            or self._is_flush_scheduled
            or self._machine.is_changed
        )

    async def settle(self) -> None:
        """Wait until the commit is idle."""
        while not self.is_idle and self._stage is not Stage.FAILED:
            self._schedule_flush()
            future: asyncio.Future[None] = self._loop.create_future()
            self._idle_waiters.append(future)
            await future

    def _tell_idle(self) -> None:
        waiting, self._idle_waiters = self._idle_waiters, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def stop(self) -> None:
        """Finish the open batch, then stop the journal."""
        self._ticker.stop()
        if self._stage is not Stage.FAILED:
            self._stage = Stage.STOPPED
        await self.settle()
        self._journal.stop()
