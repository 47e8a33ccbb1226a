"""One node's time as the leader of a partition: its engine, its commit and its clock.

It begins with the first message of a term. It ends when the lease is over, when the log refuses a
batch, or when the partition is handed over. The router takes care of requests that are not answered
by then.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

from floruntime.core.errors import FloError
from floruntime.core.system import SessionForget, SessionOpen
from floruntime.core.token import MintKeyMake
from floruntime.core.types import Command, Query
from floruntime.engine.machine import Machine, applied_index, applied_time_ms
from floruntime.engine.rules import RULES
from floruntime.engine.state.warm_rows import WARM_BYTES_DEFAULT
from floruntime.engine.store import Changes
from floruntime.engine.system import write_memory
from floruntime.engine.system.eras import end_stored
from floruntime.engine.system.mint_keys import signing_key
from floruntime.server import eras
from floruntime.server.access.minted import KEY_BYTES as MINT_KEY_BYTES
from floruntime.server.clock import SystemClock
from floruntime.server.cluster.board.lease import HeldLease
from floruntime.server.cluster.board.placement import SYSTEM
from floruntime.server.cluster.copies.replica import Replica, TooFarBehindError
from floruntime.server.cluster.leads.log_journal import LogJournal
from floruntime.server.cluster.leads.publishing import OvertakenError, publish
from floruntime.server.cluster.log.message import (
    ANEW,
    FORMAT,
    Head,
    Message,
    Position,
    chained,
    encode_message,
)
from floruntime.server.commit.caller import Caller
from floruntime.server.commit.commit import Commit
from floruntime.server.commit.fill import Fill
from floruntime.server.commit.queries import OWN_NAMESPACE
from floruntime.server.metrics.tally import Tally
from floruntime.server.old_runs import see_to_old_runs
from floruntime.server.scheduler import Scheduler

log = logging.getLogger("floruntime.cluster")

SESSION_KEPT_S = 720.0
"""How long a client's writes are remembered after the last node has reported the client.

Ten minutes, and two for the reporting.
"""
SWEEP_S = 60.0


class NobodyWaits:
    """The caller of the leader's own commands."""

    is_closed = False
    spans = None

    def __init__(self, client: str) -> None:
        self.client = client

    def note_of(self, namespace: str, command: Command[Any]) -> None:
        """Nothing is written down of it."""

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """Nobody is told."""

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        """Nobody is told."""

    def flush(self) -> None:
        """Nobody is told."""


class Lead:
    """One node's time as the leader of one partition. `on_end` is called when it is over.

    `told_ms`: command time as it continues from the previous leader, if that was seen alive.
    """

    def __init__(
        self,
        replica: Replica,
        lease: HeldLease,
        on_end: Callable[[Lead, BaseException], None],
        on_published: Callable[[Lead], None],
        *,
        value_bytes_max: int,
        warm_bytes: int = WARM_BYTES_DEFAULT,
        format: int = FORMAT,
        wall_s: Callable[[], float] = time.time,
        told_ms: Callable[[], int | None] = lambda: None,
    ) -> None:
        self.replica = replica
        self.lease = lease
        self.partition = replica.partition
        self._on_end = on_end
        self._on_published = on_published
        self._value_bytes_max = value_bytes_max
        self._warm_bytes = warm_bytes
        self._format = format
        self._wall_s = wall_s
        self._told_ms = told_ms
        self.term = 0
        #: How many batches it has published since the last checkpoint.
        self.unsaved = 0
        #: Whether it takes nothing new, because it is being handed over.
        self.is_closing = False
        self.is_over = False
        self._known: set[str] = set()
        self._heard_s: dict[str, float] = {}
        self._began_s = time.monotonic()
        self._sweep: asyncio.TimerHandle | None = None
        #: How much of the open batch's time floods have used.
        self.fill = Fill()
        #: How many bytes an answer may have now.
        self.answer_room: Callable[[], int] | None = None
        self.commit: Commit
        self.clock: SystemClock
        #: What waits in it, kept at hand.
        self.tally: Tally

    async def begin(self, *, history: int = 0) -> None:
        """Read the log to its end, begin a term in it, and lead.

        `history`: how many times the state has begun again, now from the state of this node; 0: it
        continues.

        Raises `OvertakenError`, `TooFarBehindError`, `DamagedLogError`.
        """
        if self.replica.is_loading:
            raise TooFarBehindError("a checkpoint is being loaded")
        self.replica.is_held = True
        position = await self._begin_term(history)
        self.term = position.term
        floor_ms = max(position.time_ms, applied_time_ms(self.replica.store))
        self.clock = SystemClock(floor_ms, start_ms=self._told_ms(), wall_s=self._wall_s)
        self._journal = LogJournal(
            self.replica.store,
            self.replica.log,
            position,
            may_go_on=lambda: self.lease.is_good,
            on_published=self._published,
        )
        machine = Machine(
            self._journal.applied,
            RULES,
            value_bytes_max=self._value_bytes_max,
            warm_bytes=self._warm_bytes,
        )
        self.tally = Tally(machine, self.replica.store.snapshot())
        self.commit = Commit(
            machine, self._journal, self.clock, on_fatal=self._ended, fill=self.fill
        )
        self.commit.queries.answer_room = self.answer_room
        self._scheduler = Scheduler(self.commit, self.clock)
        self._known = set(write_memory.known(self.commit.queries.view()))
        eras.begin(self.commit, machine, "", keeps_clients=True)
        see_to_old_runs(self.commit)
        self.commit.start()
        self.tally.start()
        self._scheduler.start()
        self._see_to_mint_key()
        self._sweep_later()

    async def _begin_term(self, history: int) -> Position:
        replica = self.replica
        content = ANEW if history else b""
        while True:
            before_term = 0
            if history:
                sequence, chain, before_term = await replica.end_of_log()
            else:
                await replica.check_reach()
                await replica.read_on(leads=True)
                await replica.check_told()
                sequence, chain = replica.end
            before = replica.position
            term = max(self.lease.row.term, max(before.term, before_term) + 1)
            index = applied_index(replica.store)
            format = max(self._format, before.format)
            head = Head(term, index, before.time_ms, self.lease.row.node, format=format)
            chain = chained(chain, head, content)
            body = encode_message(Message(head, chain, content))
            try:
                await publish(replica.log, body, sequence, lambda: self.lease.is_good)
            except OvertakenError:
                if not self.lease.is_good:
                    raise
                replica.has_reach = False  # it may have been set back
                await asyncio.sleep(0.02)
                continue
            if self.is_over:
                raise OvertakenError("the lease was over before the term began")
            position = Position(
                *(sequence + 1, term, chain, head.time_ms, head.format, head.node),
                history or before.history,
            )
            if history:
                end_stored(
                    replica.store,
                    "the log was set back, and the partition continues from another copy",
                )
            replica.begin_at(position)
            return position

    def _published(self, position: Position) -> None:
        self.replica.moved(position)
        self._on_published(self)

    @property
    def time_ms(self) -> int:
        """Command time; 0 while this node knows none."""
        clock = getattr(self, "clock", None)
        return (self._told_ms() or 0) if clock is None else clock.now_ms()

    # What is asked of it

    @property
    def may_answer(self) -> bool:
        """Whether its reads are up to date, and its writes have a chance to be accepted."""
        return not self.is_over and not self.is_closing and self.lease.is_good

    def is_behind(self, seen: int) -> bool:
        """Whether another copy may have shown a batch that this leader does not know to be in the
        log.

        The batch is looked for up to this message.
        """
        reach = self.replica.position.reach
        return reach < seen <= reach + self._journal.under_way

    def submit(
        self, caller: Caller, request_id: int, namespace: str, number: int, command: Command[Any]
    ) -> None:
        """Take a command, and open the client's session here before its first numbered write."""
        if number and caller.client not in self._known:
            self._known.add(caller.client)
            # in no namespace: that of the write may be one that cannot be
            self.commit.submit(NobodyWaits(caller.client), 0, OWN_NAMESPACE, 0, SessionOpen())
        self.commit.submit(caller, request_id, namespace, number, command)

    def ask(self, caller: Caller, request_id: int, namespace: str, query: Query[Any]) -> None:
        """Take a query."""
        self.commit.queries.answer(caller, request_id, namespace, query)

    # Clients

    def hear_of(self, clients: Collection[str]) -> None:
        """These clients have a connection to some node."""
        now_s = time.monotonic()
        self._heard_s.update(dict.fromkeys(self._known.intersection(clients), now_s))

    def _sweep_later(self) -> None:
        self._sweep = asyncio.get_running_loop().call_later(SWEEP_S, self._forget_clients)

    def _see_to_mint_key(self) -> None:
        """Make sure that `system` always has a signing key, because any node may mint tokens for
        pages.
        """
        view = self.commit.applied
        if self.partition == SYSTEM and signing_key(view, self.clock.now_ms()) is None:
            self.commit.submit_own(MintKeyMake(secrets.token_bytes(MINT_KEY_BYTES)))

    def _forget_clients(self) -> None:
        """Forget the writes of clients that no node has reported for a long time."""
        now_s = time.monotonic()
        for client in sorted(self._known):
            if now_s - self._heard_s.get(client, self._began_s) > SESSION_KEPT_S:
                self._known.discard(client)
                self._heard_s.pop(client, None)
                self.commit.submit_own(SessionForget(client))
        self._see_to_mint_key()
        self._sweep_later()

    # The end

    def _ended(self, error: BaseException) -> None:
        self.end(error)

    def end(self, error: BaseException) -> None:
        """Stop leading. What has collected is dropped, and nobody is answered any more."""
        if self.is_over:
            return
        self.is_over = True
        self.lease.is_over = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._scheduler.stop()
            self.tally.give_up()
            self._journal.lose(error)
        self.replica.let_go()
        self._on_end(self, error)
        self.fill.give_up()

    async def close(self) -> None:
        """Take nothing new, and let what is under way become durable."""
        self.is_closing = True
        self._scheduler.stop()
        await self.commit.settle()

    async def take_in(self, batches: Iterable[Changes], index: int) -> None:
        """Put another state into the log in place of this one, past the engine; then end it."""
        await self.close()
        for changes in batches:
            await self._journal.put(changes, index)
