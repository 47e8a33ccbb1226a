"""One node of a cluster: its copies, the partitions it leads, and what it knows of other nodes.

Every half second it reads the board: which leases are renewed, which nodes are alive, who should
lead what. Hints make it look sooner, but it needs none of them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection
from functools import partial

from floruntime.core.version import VERSION
from floruntime.engine.store.errors import StoreError
from floruntime.server.cluster.board.board import Board, BoardSilentError, Entry
from floruntime.server.cluster.board.board_view import BoardView
from floruntime.server.cluster.board.lease import LEASE_S, LeaseWatch, name_of
from floruntime.server.cluster.board.members import (
    DRAIN,
    META,
    NODES,
    Members,
    NodeRow,
    decode_meta,
    encode,
)
from floruntime.server.cluster.board.namesakes import Namesakes, NameTakenError
from floruntime.server.cluster.board.placement import SYSTEM, keepers
from floruntime.server.cluster.copies.checkpoints import Checkpoints
from floruntime.server.cluster.copies.loading import load
from floruntime.server.cluster.copies.node_storage import NodeStorage
from floruntime.server.cluster.copies.replica import Replica, TooFarBehindError
from floruntime.server.cluster.joining import Joined
from floruntime.server.cluster.leading import Leading
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.leads.recovering import give_up_former, told_reach
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.log.message import DamagedLogError
from floruntime.server.cluster.nats.jetstream import JetStreamLog, Nats, NatsFailedError
from floruntime.server.cluster.operation_notes import OperationNotes
from floruntime.server.cluster.peers.link import PeerLink
from floruntime.server.cluster.peers.messages import Here
from floruntime.server.cluster.peers.speaker import PeerSpeaker
from floruntime.server.cluster.peers.tls import PeerTls
from floruntime.server.cluster.requests.local_reads import LocalReads
from floruntime.server.cluster.requests.patiently import patiently
from floruntime.server.cluster.requests.router import Router
from floruntime.server.cluster.requests.silence import Patience, Said, lazy_servers, why_none
from floruntime.server.config import Config
from floruntime.server.ending import end_tasks

log = logging.getLogger("floruntime.cluster")

START_S = 60.0
"""How long a start waits: for NATS to have leaders where all has just started, for a checkpoint."""
LOOK_S = 0.5
"""How often the board is read."""
TELL_S = 1.0
"""How often a node tells of itself."""
SETTLE_S = 2.0
"""How long a node that stops waits for what is under way."""
HERE_S = 60.0
"""How often it tells other nodes which clients have a connection to it."""
GONE_S = 2 * LEASE_S
"""Who has not renewed its lease for so long leads no more, as far as this node can tell."""
HINTS = ("log", "lead", "lease")


class OtherClusterError(Exception):
    """NATS now holds another cluster than the one that this node joined."""


FATAL = (StoreError, NameTakenError, OtherClusterError, NatsFailedError)
"""After these a node does not go on."""


class Node:
    """A node that has joined. It calls `on_fatal` when it cannot go on.

    `clients` gives the clients that have a connection to this node. The node calls `on_system` when
    the state of `system`, which belongs to no namespace, has changed.
    """

    def __init__(
        self,
        config: Config,
        joined: Joined,
        storage: NodeStorage,
        tls: PeerTls,
        *,
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self.config = config
        self.name = config.node
        self.run = secrets.token_hex(8)
        self.meta = joined.meta
        self.cluster_id = joined.meta.cluster_id
        self.secret = joined.secret
        self.nats: Nats = joined.nats
        self.board: Board = joined.board
        self.logs: list[JetStreamLog] = joined.logs
        self.storage = storage
        self.on_fatal = on_fatal
        #: This machine's wall clock.
        self.wall_s: Callable[[], float] = time.time
        self.tls = tls
        self.clients: Callable[[], Collection[str]] = tuple
        self.on_system: Callable[[], None] = lambda: None
        #: Called when a partition that is led here opens a new batch after a full one.
        self.on_room: Callable[[], None] = lambda: None
        self.answer_room: Callable[[], int] | None = None
        self.members: Members
        self.watches: list[LeaseWatch]
        self._view = BoardView(time.monotonic)
        self._know_anew()
        self.namesakes = Namesakes(self.board, self.name, self.run, storage.last_run)
        self.replicas: dict[int, Replica] = {}
        #: Copies that are being dropped. A partition is opened again only after that.
        self._dropping: set[int] = set()
        self.objects = joined.objects
        self.checkpoints = Checkpoints(joined.board, joined.objects, storage.place)
        self.router = Router(self.meta.partitions, partial(why_none, self), LocalReads(self).answer)
        self.leading = Leading(self)
        self.notes = OperationNotes(self)
        #: Which node last hinted that it leads: this is newer than what the board showed.
        self._announced: dict[int, tuple[str, int]] = {}
        self.speakers: dict[PeerSpeaker, None] = {}
        self._links: dict[str, PeerLink] = {}
        self._guesses: dict[int, int] = {}
        self.entries: dict[str, Entry] = {}
        self._news = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._told_s = self._here_s = 0.0
        self._is_told = True
        self._count = 0
        self._patience = Patience()
        self.may_grow = True
        self.is_draining = False
        #: After how many seconds each server of NATS syncs, for those that tell it.
        self.lazy: dict[str, float] = {}
        #: Whether an import is under way; it may bring tokens.
        self.is_taking_in = False
        self.is_stopped = False
        self.is_board_heard = False
        #: Why the board could not be used the last time that it failed.
        self.board_problem = ""

    # Its life

    async def start(self) -> None:
        """Take part; return once `system` is read to its end. Raises `NameTakenError`."""
        for name in HINTS:
            await self.nats.hear(name, getattr(self, f"_hear_{name}"))
        await patiently(self._read_board, START_S)
        await patiently(self.namesakes.watch, START_S)
        self.storage.note_run(self.run)
        self._keep_copies()
        await patiently(self.follow_system, START_S)
        self.on_system()
        self._looking = asyncio.get_running_loop().create_task(self._look_on())
        self.leading.keep(self._look_at_syncs())

    async def follow_system(self) -> None:
        """Read the log of `system` to its end. Raises `LogSilentError`, `TooFarBehindError`,
        `DamagedLogError`.
        """
        replica = self.replicas[SYSTEM]
        await replica.catch_up()
        if replica.is_loading or replica.is_given_up:
            raise TooFarBehindError("a checkpoint of the system partition is being loaded")

    async def _look_at_syncs(self) -> None:
        self.lazy = await lazy_servers(self.nats)

    def open_system(self) -> None:
        """Open this node's copy of `system`, which holds what belongs to no namespace."""
        self._add_copy(SYSTEM)

    async def drain(self) -> None:
        """Hand over what it leads, end waits, and let requests that are under way be answered."""
        self.is_draining = True
        await self.leading.hand_over_all()
        self.router.end_waits()
        until_s = time.monotonic() + SETTLE_S
        while self.router.has_pending and time.monotonic() < until_s:  # noqa: ASYNC110 # many ends
            await asyncio.sleep(LOOK_S / 50)

    async def stop(self) -> None:
        """Leave: stop leading, following and answering."""
        self.router.refuse_all("this node is stopping")
        self.is_stopped = True
        await end_tasks([self._looking])
        await self.leading.stop()
        if self._looking is not None:
            await self._tell_of_itself()
        for link in self._links.values():
            await link.stop()
        for replica in self.replicas.values():
            await replica.stop()
        await self.nats.close()

    # What it reads on the board

    async def _look_on(self) -> None:
        said = Said()
        while True:
            try:
                await self._look()
            except BoardSilentError as error:
                self.is_board_heard, self.board_problem = False, str(error)
                if said.is_new(str(error)):
                    log.warning("the cluster's shared bucket in NATS cannot be used: %s", error)
            except FATAL as error:
                log.critical("this node cannot go on: %s", error)
                self.on_fatal(error)
                return
            except Exception:  # a bug, or an unexpected answer of NATS: the next look may succeed
                log.exception("looking at the state of the cluster failed; it is tried again")
            self.router.set_silent(not (self.is_board_heard and self.nats.is_connected))
            if self.router.is_silent:
                self.route()
            self.router.look()
            if self._patience.is_over(self.is_board_heard, time.monotonic()):
                await self.nats.go_elsewhere()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()

    async def _read_board(self) -> None:
        found = await self.board.read_all()
        self._check_cluster(found)
        if self._view.see(found):
            log.warning("the cluster's shared bucket in NATS was set back; it is read again")
            self._know_anew()
        self.entries = entries = self._view.entries
        self.is_board_heard = (
            self._is_told
        )  # a server of NATS without a majority still shows the board, but takes no writes
        for partition, watch in enumerate(self.watches):
            watch.see(entries.get(name_of(partition)))
        self.members.see(entries)

    def _know_anew(self) -> None:
        self.members = Members(time.monotonic)
        numbers = range(SYSTEM, self.meta.partitions + 1)
        self.watches = [LeaseWatch(time.monotonic) for _ in numbers]

    def _check_cluster(self, entries: dict[str, Entry]) -> None:
        """Check that the board is this cluster's: NATS may have lost it and have a new one."""
        meta = entries.get(META)
        if (
            meta is not None
            and meta.value
            and decode_meta(meta.value).cluster_id != self.cluster_id
        ):
            raise OtherClusterError(
                f"NATS holds another cluster named {self.config.cluster_name!r} now: NATS "
                "has lost its data, or was replaced"
            )

    async def _look(self) -> None:
        if self.nats.is_closed:
            raise NatsFailedError(f"NATS closed the connection permanently: {self.nats.problem}")
        await self._read_board()
        now_s = time.monotonic()
        if now_s - self._told_s >= TELL_S:
            self._told_s, self._is_told = now_s, False
            await self._tell_of_itself()
            self._is_told = self.is_board_heard = True
        self._keep_copies()
        give_up_former(self.entries, self.replicas)
        self._keep_links()
        if now_s - self._here_s >= HERE_S:
            self._tell_of_clients()
        self.leading.look()
        self.notes.look()
        self.route()

    async def _tell_of_itself(self) -> None:
        self._count += 1
        row = NodeRow(
            name=self.name,
            run=self.run,
            address=self.config.advertise,
            version=VERSION,
            wall_ms=int(self.wall_s() * 1000),
            sequences={number: each.position.sequence for number, each in self.replicas.items()},
            is_draining=self.is_draining or self.is_told_to_drain(),
            is_stopped=self.is_stopped,
            count=self._count,
            troubles={
                number: each.trouble for number, each in self.replicas.items() if each.trouble
            },
            knows_anew=True,
            reaches={number: each.position.reach for number, each in self.replicas.items()},
            since=self.namesakes.since,
        )
        self.namesakes.check(self.members, self._count)
        try:
            self.namesakes.told(await self.board.write(NODES + self.name, encode(row), None))
        except BoardSilentError:
            if not self.is_stopped:
                raise

    @property
    def format(self) -> int:
        """The format of the cluster's logs. A node that does not know it leads no partition."""
        return max([self.meta.format, *(each.position.format for each in self.replicas.values())])

    def is_told_to_drain(self) -> bool:
        """Whether an operator has drained it since it started."""
        entry = self.entries.get(DRAIN + self.name)
        return entry is not None and entry.value == self.run.encode()

    # Its copies

    def _keep_copies(self) -> None:
        names = {*self.members.names, self.name}
        for partition in range(SYSTEM, self.meta.partitions + 1):
            is_kept = self.name in keepers(partition, names, self.meta.copies)
            if is_kept and partition not in self.replicas:
                if partition not in self._dropping:
                    self._add_copy(partition)
            elif not is_kept and partition in self.replicas:
                self._drop_copy(partition)

    def _add_copy(self, partition: int) -> None:
        replica = Replica(
            partition,
            self.storage.open_partition(partition),
            self.logs[partition],
            on_applied=(lambda: self.on_system()) if partition == SYSTEM else lambda: None,
            load=partial(load, self.checkpoints, self.storage),
            told_reach=lambda: told_reach(self.members, self.watches, partition),
            on_fatal=self.on_fatal,
        )
        self.replicas[partition] = replica
        replica.start()

    def _drop_copy(self, partition: int) -> None:
        """Drop a copy that another node keeps now. While this node leads it, the copy stays."""
        if not (self.leading.has(partition) or partition in self._dropping):
            self._dropping.add(partition)
            self.leading.keep(self._drop(partition, self.replicas[partition]))

    async def _drop(self, partition: int, replica: Replica) -> None:
        """Drop a copy, unless it has what the log lacks: no other copy may have that."""
        try:
            await replica.check_reach_again()
            if not (replica.trouble or self.leading.has(partition)):
                del self.replicas[partition]
                await replica.follow_no_more()  # a copy that loads would get another store
                await asyncio.to_thread(self.storage.let_go, partition)
                replica.store.close()
                self.storage.drop_partition(partition)
        except (DamagedLogError, LogSilentError) as error:
            log.info(
                "partition %d: this node keeps its copy, which could not be removed: %s",
                partition,
                error,
            )
        finally:
            self._dropping.discard(partition)

    # Where requests go

    def leader_of(self, partition: int) -> str:
        """The node that leads, as far as this node knows; empty if no node does."""
        if self.leading.lead_of(partition) is not None:
            return self.name
        row = self.watches[partition].row
        name, term = self._announced.get(partition, ("", 0))
        if row is not None and row.term >= term:
            is_over = row.handed_to or self.watches[partition].silent_s > GONE_S
            name = "" if is_over else row.node
        return name

    def route(self) -> None:
        """Tell the router who leads what."""
        for partition in range(SYSTEM, self.meta.partitions + 1):
            self.route_one(partition)

    def route_one(self, partition: int) -> None:
        """Tell the router who leads one partition."""
        lead = self.leading.lead_of(partition)
        if lead is not None:
            self.router.set_target(partition, lead if lead.may_answer else None)
            return
        leader = self.leader_of(partition)
        if self.router.is_silent and self.router.has_held(partition):
            leader = self._guess(partition)
        link = self._links.get(leader) if leader != self.name else None
        self.router.set_target(partition, link if link is not None and link.is_up else None)

    def _guess(self, partition: int) -> str:
        """Another node to try, each in turn, while NATS does not answer this node."""
        names = [name for name, link in sorted(self._links.items()) if link.is_up]
        self._guesses[partition] = guess = self._guesses.get(partition, 0) + 1
        return names[guess % len(names)] if names else ""

    def _keep_links(self) -> None:
        for name in self.members.names:
            row = self.members.row(name)
            link = self._links.get(name)
            if name == self.name or row is None:
                continue
            if link is not None and link.address != row.address:
                self.leading.keep(self._links.pop(name).stop())
                link = None
            if link is None and not row.is_stopped:
                self._links[name] = PeerLink(self, name, row.address, self.tls)

    def link_changed(self, link: PeerLink) -> None:
        """Route again after a link came up or went down: its unanswered requests go elsewhere."""
        if not link.is_up:
            for partition in range(SYSTEM, self.meta.partitions + 1):
                self.router.lost(partition, link)
        else:
            link.send(Here(list(self.clients())))
        self.route()

    def answered(self, caller: int, request_id: int, body: bytes) -> None:
        """Pass on the answer of another node."""
        self.router.answered(caller, request_id, body)

    def answered_in_pieces(self, caller: int, request_id: int, pieces: list[bytes]) -> None:
        """Pass on a large answer of another node, in pieces."""
        self.router.answered_in_pieces(caller, request_id, pieces)

    def has_caller(self, caller: int) -> bool:
        """Whether this caller is still connected, so that its answers have a reader."""
        return self.router.has_caller(caller)

    def flush(self, caller: int) -> None:
        """Send the caller the answers that have collected."""
        self.router.flush(caller)

    def refused(self, link: PeerLink, caller: int, request_id: int) -> None:
        """Hold or send elsewhere a request that the node of `link` did not accept."""
        self.router.refused(link, caller, request_id)

    def lead_ended(self, link: PeerLink, partition: int) -> None:
        """Send elsewhere what the node of `link` did not answer: it no longer leads."""
        self._announced.pop(partition, None)
        self.router.lost(partition, link)
        self._news.set()

    # For its leaders

    def lead_of(self, partition: int) -> Lead | None:
        """This node's lead of a partition, once it has begun."""
        return self.leading.lead_of(partition)

    def leads(self) -> list[Lead]:
        """All leads of this node that have begun."""
        return self.leading.all()

    def hear_of(self, clients: Collection[str]) -> None:
        """Tell the leaders on this node that these clients are connected to some node."""
        for lead in self.leading.all():
            lead.hear_of(clients)

    def _tell_of_clients(self) -> None:
        self._here_s = time.monotonic()
        clients = list(self.clients())
        self.hear_of(clients)
        for link in self._links.values():
            link.send(Here(clients))

    def look_soon(self) -> None:
        """Look at the board at once, because something has changed."""
        self._news.set()

    # Hints

    def _hear_log(self, partition: str, body: bytes) -> None:
        replica = self.replicas.get(int(partition))
        if replica is not None and not replica.is_held:
            replica.hint(int(body))

    def _hear_lead(self, partition: str, body: bytes) -> None:
        term, _, node = body.decode().partition(" ")
        before = self._announced.get(int(partition))
        if before is None or before[1] < int(term):
            self._announced[int(partition)] = node, int(term)
            self.route_one(int(partition))

    def _hear_lease(self, partition: str, body: bytes) -> None:
        self._news.set()

    def hint(self, name: str, partition: int, text: str) -> None:
        """Send a hint to all nodes. It may get lost."""
        self.leading.keep(self.nats.hint(f"{name}.{partition}", text.encode()))
