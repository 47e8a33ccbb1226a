"""Which partitions this node leads: it acquires, renews and hands over their leases."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Protocol

from floruntime.core.system import StoreName
from floruntime.engine.store.errors import StoreError
from floruntime.engine.system import store_name
from floruntime.server.cluster.board.board import Board, BoardSilentError, Entry
from floruntime.server.cluster.board.lease import LEASE_S, RENEW_S, HeldLease, LeaseRow, LeaseWatch
from floruntime.server.cluster.board.members import Members, MetaRow
from floruntime.server.cluster.board.placement import SYSTEM, handed_over, keepers
from floruntime.server.cluster.copies.checkpoints import Checkpoints, entry_of, last_sequence
from floruntime.server.cluster.copies.node_storage import NodeStorage
from floruntime.server.cluster.copies.replica import PAUSE_S, Replica, TooFarBehindError
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.leads.publishing import GivenUpError, OvertakenError
from floruntime.server.cluster.leads.recovering import history_of, is_asked_of, write_anew
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.log.message import FORMAT, DamagedLogError
from floruntime.server.cluster.peers.speaker import PeerSpeaker
from floruntime.server.cluster.requests.router import Router
from floruntime.server.cluster.requests.silence import Said
from floruntime.server.config import Config
from floruntime.server.ending import end_tasks

log = logging.getLogger("floruntime.cluster")

RANK_S = 0.3
"""How much later each next keeper of a partition tries for its lease."""
AGAIN_S = 0.2
MOVE_S = 1.0
"""The shortest time between two hand-overs that spread leads evenly."""
CHECKPOINT_MESSAGES = 20_000
"""A leader writes a checkpoint after so many batches, including those of earlier leaders."""
CALM_S = 5.0
"""How long a node waits, after it began to lead anything, before it hands over to spread leads."""
HAND_OVER_S = 5.0
"""How long the next leader has to take over."""
LOST_S = 5.0
"""How long a node must be missing before no lead is reserved for it any more."""
LEAVE_S = 1.0
"""How long a stopping node has to give up a lease that nobody took over."""
HINT_S = 0.002
"""How long a leader waits for more batches before it sends a hint."""
HINTS_S = PAUSE_S
"""The shortest time between two hints: no node would read sooner."""


def pin_of(partition: int) -> str:
    """The board's entry with the node that an operator wants to lead a partition."""
    return f"pin.{partition}"


class Node(Protocol):
    """The node that leads."""

    name: str
    run: str
    config: Config
    meta: MetaRow
    board: Board
    members: Members
    checkpoints: Checkpoints
    storage: NodeStorage
    watches: list[LeaseWatch]
    replicas: dict[int, Replica]
    entries: dict[str, Entry]
    router: Router
    speakers: dict[PeerSpeaker, None]
    clients: Callable[[], Collection[str]]
    wall_s: Callable[[], float]
    on_room: Callable[[], None]
    answer_room: Callable[[], int] | None
    on_fatal: Callable[[BaseException], None]
    may_grow: bool
    is_draining: bool
    is_stopped: bool

    @property
    def format(self) -> int: ...
    def is_told_to_drain(self) -> bool: ...
    def leader_of(self, partition: int) -> str: ...
    def route_one(self, partition: int) -> None: ...
    def look_soon(self) -> None: ...
    def hint(self, name: str, partition: int, text: str) -> None: ...


class Leading:
    """The leads of `node`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._leads: dict[int, Lead] = {}
        self._trying: set[int] = set()
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._hinting: set[int] = set()
        #: By partition: when the last hint was sent.
        self._hinted_s: dict[int, float] = {}
        self._handing_over: set[int] = set()
        self._saving: set[int] = set()
        self._said: dict[int, Said] = {}
        #: By partition: since when the node that should lead it is missing.
        self._missing_s: dict[int, float] = {}
        self._started_s = time.monotonic()
        self._moved_s = self._began_s = time.monotonic()

    def has(self, partition: int) -> bool:
        """Whether this node leads the partition, or is trying to."""
        return partition in self._leads or partition in self._trying

    def lead_of(self, partition: int) -> Lead | None:
        """The lead of a partition, once it has begun."""
        return self._leads.get(partition)

    def all(self) -> list[Lead]:
        """All that have begun."""
        return list(self._leads.values())

    def keep(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something beside the rest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        return task

    def look(self) -> None:
        """Try to lead partitions without a leader; hand over those that another node should
        lead.
        """
        node = self._node
        if node.is_stopped:
            return
        for partition in list(node.replicas):
            if not self.has(partition) and self._may_try(partition):
                self._trying.add(partition)
                self.keep(self._try(partition))
        for lead in self.all():
            if not (lead.lease.is_good or lead.is_closing):
                lead.end(OvertakenError("its lease ended: NATS did not renew it in time"))
        self._look_whom_to_hand_over()
        self._save()

    # Taking

    def _may_try(self, partition: int) -> bool:
        node = self._node
        watch = node.watches[partition]
        row = watch.row
        recovers = is_asked_of(node.entries, partition, node.name)
        replica = node.replicas[partition]
        if node.format > FORMAT or (not recovers and (replica.trouble or not replica.has_reach)):
            return False
        if replica.is_loading:
            return False
        if row is not None and row.handed_to == node.name and not node.is_stopped:
            return True
        if node.is_draining or node.is_told_to_drain():
            return False
        if row is not None and time.monotonic() - self._started_s < LEASE_S:
            return False
        others = [*node.members.may_lead(node.format), node.name]
        order = keepers(partition, set(others), node.meta.copies)
        rank = order.index(node.name) if node.name in order else len(order)
        return watch.may_take(node.name, rank * RANK_S)

    async def _try(self, partition: int) -> None:
        node = self._node
        watch = node.watches[partition]
        before, revision = watch.row, watch.revision
        row = LeaseRow(
            node.name,
            node.run,
            1 if before is None else before.term + 1,
            watch.time_ms() or 0,
            count=0,
            pinned=before is not None and before.pinned and before.handed_to == node.name,
        )
        lease = HeldLease(node.board, partition, time.monotonic, row)
        try:
            stands = await watch.still_stands(node.board, partition)
            if stands and await lease.take(revision):
                await self._begin(partition, lease)
        except (BoardSilentError, LogSilentError, OvertakenError) as error:
            if self._said.setdefault(partition, Said()).is_new(str(error)):
                log.warning(
                    "partition %d: this node does not become its leader: %s", partition, error
                )
        except (DamagedLogError, TooFarBehindError) as error:
            log.error("partition %d: this node cannot lead it: %s", partition, error)
        except StoreError as error:
            node.on_fatal(error)
        finally:
            self._trying.discard(partition)

    async def _begin(self, partition: int, lease: HeldLease) -> None:
        node = self._node
        lead = Lead(
            node.replicas[partition],
            lease,
            self._ended,
            self._published,
            value_bytes_max=node.config.value_bytes_max,
            warm_bytes=node.storage.warm_bytes,
            format=max(node.format, node.members.format()),
            wall_s=node.wall_s,
            told_ms=lambda: node.watches[partition].time_ms(),
        )
        lead.fill.on_room, lead.answer_room = node.on_room, node.answer_room
        renewing = self.keep(self._renew(lead))
        try:
            if is_asked_of(node.entries, partition, node.name):
                await lead.begin(history=history_of(node.entries, partition) + 1)
                await write_anew(node.board, node.checkpoints, lead)
            else:
                await lead.begin()
        except BaseException:
            renewing.cancel()
            lead.end(OvertakenError("it did not begin"))
            raise
        if node.is_stopped:
            lead.end(GivenUpError("the node is stopping"))
        if lead.is_over:
            return
        lead.commit.may_grow = node.may_grow
        self._leads[partition] = lead
        self._began_s = time.monotonic()
        log.info("partition %d: this node leads, term %d", partition, lead.term)
        if partition == SYSTEM and store_name.name_of(lead.commit.queries.view()) is None:
            lead.commit.submit_own(StoreName(node.run))
        node.hint("lead", partition, f"{lead.term} {node.name}")
        lead.hear_of(node.clients())
        node.route_one(partition)

    # Holding

    async def _renew(self, lead: Lead) -> None:
        while not lead.is_over:
            await asyncio.sleep(RENEW_S)
            if not await self._renew_once(lead):
                return

    async def _renew_once(self, lead: Lead) -> bool:
        while not (lead.is_over or lead.lease.row.handed_to):
            if not lead.lease.is_good:
                lead.end(OvertakenError("its lease ended: NATS did not renew it in time"))
                return False
            try:
                if not await lead.lease.renew(lead.time_ms, sequence=_sequence(lead)):
                    lead.end(OvertakenError("another node has taken its lease"))
                    return False
                return True
            except BoardSilentError:
                await asyncio.sleep(AGAIN_S)
        return False

    def _published(self, lead: Lead) -> None:
        """Hint at what was published, once for all that comes within a moment."""
        partition = lead.partition
        lead.unsaved += 1
        if partition not in self._hinting:
            self._hinting.add(partition)
            loop = asyncio.get_running_loop()
            again_s = self._hinted_s.get(partition, 0.0) + HINTS_S
            loop.call_at(max(loop.time() + HINT_S, again_s), self._hint, lead)

    def _hint(self, lead: Lead) -> None:
        self._hinting.discard(lead.partition)
        self._hinted_s[lead.partition] = asyncio.get_running_loop().time()
        if not self._node.is_stopped:
            sequence = lead.replica.position.sequence
            self._node.hint("log", lead.partition, str(sequence))

    async def _checkpoint(self, lead: Lead) -> None:
        """Write a checkpoint of what this node leads, once there is enough that is new."""
        partition, replica = lead.partition, lead.replica
        try:
            row = await self._node.checkpoints.write(partition, replica.store, replica.log)
            if row is not None:
                log.info(
                    "partition %d: a checkpoint at message %d, %d bytes",
                    partition,
                    row.sequence,
                    row.size_bytes,
                )
        except (BoardSilentError, LogSilentError, DamagedLogError) as error:
            log.warning("partition %d: no checkpoint was written: %s", partition, error)
        finally:
            lead.unsaved = 0
            self._saving.discard(partition)

    def _save(self) -> None:
        """Begin the checkpoints that are due, one at a time."""
        for partition, lead in self._leads.items():
            saved = last_sequence(self._node.entries.get(entry_of(partition)))
            unsaved = max(lead.unsaved, lead.replica.position.sequence - saved)
            if unsaved >= CHECKPOINT_MESSAGES and lead.unsaved and not self._saving:
                self._saving.add(partition)
                self.keep(self._checkpoint(lead))

    def _ended(self, lead: Lead, error: BaseException) -> None:
        node = self._node
        partition = lead.partition
        if self._leads.get(partition) is lead:
            del self._leads[partition]
            level = logging.INFO if isinstance(error, GivenUpError) else logging.WARNING
            log.log(level, "partition %d: this node no longer leads: %s", partition, error)
        if isinstance(error, StoreError):
            node.on_fatal(error)
            return
        for speaker in list(node.speakers):
            speaker.lead_ended(partition)
        node.router.lost(partition, lead)
        node.look_soon()

    # Handing over

    def _look_whom_to_hand_over(self) -> None:
        node = self._node
        able = node.members.may_lead(node.format)
        self._forget_lost()
        for partition in list(self._leads):
            target = self._asked_for(partition, able) or self._keeper_of(partition, able)
            if target and target != node.name:
                self._hand_over_later(partition, target)
        if node.is_told_to_drain():
            self.keep(self.hand_over_all())
            return
        self._even_out(able)

    def _keeper_of(self, partition: int, able: list[str]) -> str:
        """The node that should lead the partition, if this node no longer keeps it."""
        names = self._node.members.names
        order = keepers(partition, {*names, self._node.name}, self._node.meta.copies)
        if self._node.name in order:
            return ""
        return next((name for name in order if name in able), "")

    def _asked_for(self, partition: int, able: list[str]) -> str:
        """The node that an operator chose to lead it, if that node can."""
        entry = self._node.entries.get(pin_of(partition))
        wanted = "" if entry is None else entry.value.decode()
        return wanted if wanted in able else ""

    def _forget_lost(self) -> None:
        """A lead holds on to the node that an operator moved it to until that is lost."""
        node, now_s = self._node, time.monotonic()
        for partition in self._leads:
            entry = node.entries.get(pin_of(partition))
            wanted = "" if entry is None else entry.value.decode()
            if not wanted or node.members.is_alive(wanted):
                self._missing_s.pop(partition, None)
            elif now_s - self._missing_s.setdefault(partition, now_s) > LOST_S:
                del self._missing_s[partition]
                self.keep(self._forget_wish(partition))

    async def _forget_wish(self, partition: int) -> None:
        try:
            await self._node.board.write(pin_of(partition), b"", None)
        except BoardSilentError as error:
            log.debug(
                "partition %d: the wish for its leader could not be removed: %s", partition, error
            )

    def _even_out(self, able: list[str]) -> None:
        now_s = time.monotonic()
        node = self._node
        if now_s - self._moved_s < MOVE_S or now_s - self._began_s < CALM_S or self._handing_over:
            return
        leads = {number: node.leader_of(number) for number in range(len(node.watches))}
        free = {
            number: leader for number, leader in leads.items() if not self._asked_for(number, able)
        }
        if any(not leader for leader in leads.values()):
            return  # something is on its way already
        names = node.members.names
        move = handed_over(node.name, free, able, names, node.meta.copies)
        if move is not None:
            self._moved_s = now_s
            self._hand_over_later(*move)

    def _hand_over_later(self, partition: int, target: str) -> None:
        if partition not in self._handing_over:
            self.keep(self.hand_over(partition, target))

    async def hand_over(self, partition: int, target: str) -> bool:
        """Let `target` lead instead, without any call failing. False if it does not."""
        lead = self._leads.get(partition)
        if lead is None or lead.is_closing or partition in self._handing_over:
            return False
        self._handing_over.add(partition)
        try:
            async with asyncio.timeout(HAND_OVER_S):
                if not await self._is_close(lead, target):
                    return False
                await self._close(lead, target)
            return True
        except (TimeoutError, BoardSilentError):
            if lead.is_closing:
                lead.end(OvertakenError(f"node {target} did not take it over"))
            return False
        finally:
            self._handing_over.discard(partition)

    async def _is_close(self, lead: Lead, target: str) -> bool:
        """Whether the copy of `target` is nearly up to date."""
        row = self._node.members.row(target)
        if row is None or not self._node.members.is_alive(target):
            return False
        behind = lead.replica.position.sequence - row.sequences.get(lead.partition, 0)
        return behind < CLOSE_ENTRIES

    async def _close(self, lead: Lead, target: str) -> None:
        node = self._node
        node.router.set_target(lead.partition, None)
        await lead.close()
        node.hint("log", lead.partition, str(lead.replica.position.sequence))
        while not (lead.is_over or lead.lease.row.handed_to == target):
            if not await lead.lease.renew(lead.time_ms, handed_to=target, sequence=_sequence(lead)):
                break
        node.hint("lease", lead.partition, target)
        lead.end(GivenUpError(f"it was handed over to node {target}"))

    async def hand_over_all(self) -> None:
        """Hand over everything that this node leads, as evenly as possible."""
        node = self._node
        until_s = time.monotonic() + HAND_OVER_S
        while self._leads and time.monotonic() < until_s:
            able = [name for name in node.members.may_lead(node.format) if name != node.name]
            if not able:
                return
            counts = dict.fromkeys(able, 0)
            for partition in list(self._leads):
                order = keepers(partition, node.members.names, node.meta.copies)
                targets = sorted((counts[name], name) for name in order if name in counts)
                if targets:
                    counts[targets[0][1]] += 1
                    await self.hand_over(partition, targets[0][1])
            if not any(counts.values()):
                return  # nobody else keeps what is left
            await asyncio.sleep(AGAIN_S)

    async def stop(self) -> None:
        """Stop leading everything, and release everything."""
        await asyncio.gather(*map(self._leave, self.all()))
        for lead in self.all():
            lead.end(GivenUpError("the node is stopping"))
        await end_tasks(self._tasks)

    async def _leave(self, lead: Lead) -> None:
        """Nobody took it over: leave its lease to one who may take it at once, without waiting
        until it is over. One who lives knows where time stands; this node will not once it is back.
        """
        try:
            async with asyncio.timeout(LEAVE_S):
                await lead.close()
                name = self._heir(lead.partition)
                await lead.lease.renew(lead.time_ms, handed_to=name, sequence=_sequence(lead))
        except (TimeoutError, BoardSilentError) as error:
            log.info(
                "partition %d: its lease could not be given up, so it runs out by itself: %s",
                lead.partition,
                error,
            )

    def _heir(self, partition: int) -> str:
        """Who keeps a partition and may lead it; where nobody else does, this node."""
        node = self._node
        able = node.members.may_lead(node.format)
        order = keepers(partition, node.members.names, node.meta.copies)
        return next((name for name in order if name in able and name != node.name), node.name)


CLOSE_ENTRIES = 5_000
"""A copy that lacks more messages than this catches up before it is handed the lead."""


def _sequence(lead: Lead) -> int:
    """How far the log has come by this lead; 0 before its term."""
    return lead.replica.position.reach if lead.term else 0
