"""A server that is a node of a cluster: any server's connections, in front of a router."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Any, cast

from msgspec.structs import replace

from floruntime.core.errors import UnavailableError
from floruntime.core.system import Welcome
from floruntime.core.token import TokenCreate
from floruntime.core.types import Command, Request
from floruntime.core.wire import Envelope
from floruntime.engine.machine import Outcome
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import View
from floruntime.engine.system import store_name
from floruntime.server.access.access import Then, Unknown
from floruntime.server.access.admin_token import adopting, read_admin_token, settings_note
from floruntime.server.access.audit import shown_as
from floruntime.server.access.grant import Grant
from floruntime.server.access.look import Look
from floruntime.server.access.not_known import NotKnownError
from floruntime.server.clock import SystemClock
from floruntime.server.cluster.board.board import BoardSilentError
from floruntime.server.cluster.board.namesakes import NameTakenError
from floruntime.server.cluster.board.placement import SYSTEM, partition_of
from floruntime.server.cluster.copies.node_storage import NodeStorage
from floruntime.server.cluster.copies.replica import TooFarBehindError
from floruntime.server.cluster.joining import join
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.log.message import DamagedLogError
from floruntime.server.cluster.node import Node, OtherClusterError
from floruntime.server.cluster.operations import Operations
from floruntime.server.cluster.peers.messages import PEER_PREAMBLE
from floruntime.server.cluster.peers.speaker import PeerSpeaker
from floruntime.server.cluster.peers.tls import PeerTls
from floruntime.server.cluster.requests.silence import what_ails_nats
from floruntime.server.commit.caller import Caller
from floruntime.server.commit.commit import Commit
from floruntime.server.commit.fill import Fill
from floruntime.server.commit.queries import OWN_NAMESPACE
from floruntime.server.config import Config, ConfigError
from floruntime.server.connections.conversation import Conversation
from floruntime.server.connections.peer import Peer
from floruntime.server.connections.sockets import SocketConnection
from floruntime.server.memory import budget_bytes
from floruntime.server.metrics.copies import Copy
from floruntime.server.metrics.waiting import At
from floruntime.server.server import FloServer

log = logging.getLogger("floruntime.cluster")


NOT_STARTED = (
    *(NameTakenError, OtherClusterError, BoardSilentError),
    *(LogSilentError, TooFarBehindError, DamagedLogError),
)
"""What keeps a node from taking part."""
REVIEW_S = 0.25
"""How long after a change of tokens open connections are judged by it."""


class ClusterQueries:
    """What reads on this node: the router, and this node's own copy of `system`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.answer = node.router.queries.answer

    @property
    def changes_total(self) -> int:
        """Batches that this node's copies have taken in."""
        return sum(each.position.sequence for each in self._node.replicas.values())

    def view(self) -> View:
        """The state of `system`, as this node knows it."""
        store = self._node.replicas[SYSTEM].store
        return View(store, OWN_NAMESPACE, 0, self._node.config.value_bytes_max)

    def view_in(self, namespace: str) -> View:
        """The state of a namespace, as this node knows it, perhaps of a moment ago."""
        partition = partition_of(namespace, self._node.meta.partitions)
        replica = self._node.replicas.get(partition)
        if replica is None:
            raise UnavailableError(f"this node keeps no copy of partition {partition}")
        if replica.is_loading:
            raise UnavailableError(f"this node loads its copy of partition {partition}")
        now_ms = int(time.time() * 1000)
        return View(replica.store, namespace, now_ms, self._node.config.value_bytes_max)


class ClusterLook(Look):
    """A look at this node's copy of a namespace, perhaps of a moment ago."""

    def is_engines(self, stream: str, group: str) -> bool:
        try:
            return super().is_engines(stream, group)
        except UnavailableError:  # no copy of it here
            return False


class ClusterCommit:
    """What a server asks of its commit, for all partitions."""

    #: Other nodes lead partitions that are written here, too.
    tells_of_work = False

    def __init__(self, node: Node) -> None:
        self.on_work: Callable[[], None] | None = None
        self._node = node
        router = node.router
        self.submit = router.submit
        self.cancel = router.cancel
        self.drop = router.drop
        self.queries = ClusterQueries(node)
        self.listeners: dict[str, Callable[[], None]] = {}
        #: What goes to other nodes is bounded there.
        self.fill = Fill(math.inf)
        self.has_news = False

    def submit_own(self, command: Command[Any], note: AuditNote | None = None) -> Outcome:
        """Apply a command of the server's own to `system`, where this node leads that."""
        lead = self._node.lead_of(SYSTEM)
        if lead is None:
            raise UnavailableError(
                "partition `system` is led by another node, or its term has not begun yet"
            )
        return lead.commit.submit_own(command, note)

    async def settle(self) -> None:
        """Wait until what this node leads of `system` is durable."""
        lead = self._node.lead_of(SYSTEM)
        if lead is not None:
            await lead.commit.settle()

    def fill_for(self, caller: Caller) -> Fill:
        """That of the partition for which its last command was, where that is led here."""
        lead = self._node.router.last_lead_of(caller)
        return self.fill if lead is None or lead.is_over else lead.fill

    @property
    def commands_total(self) -> int:
        """Commands that came to this node."""
        return self._node.router.commands_total

    @property
    def changes_total(self) -> int:
        """Batches that this node's copies have taken in."""
        return self.queries.changes_total

    def let_go(self) -> None:
        """Nothing of a partition is held here."""

    @property
    def may_grow(self) -> bool:
        """Whether the leaders here take what grows."""
        return self._node.may_grow

    @may_grow.setter
    def may_grow(self, may: bool) -> None:
        self._node.may_grow = may
        for lead in self._node.leads():
            lead.commit.may_grow = may


class ClusterServer(FloServer):
    """The server of a node."""

    def __init__(
        self, config: Config, node: Node, on_fatal: Callable[[BaseException], None]
    ) -> None:
        self.node = node
        self._seen: dict[str, int] = {}
        super().__init__(config, cast(Any, node.storage), SystemClock, on_fatal=on_fatal)
        self._operations = Operations(node)
        node.clients = self._seen.keys
        node.on_room, node.answer_room = self.turns.let_go_on, self._answer_room
        self._reviewing: asyncio.TimerHandle | None = None
        #: When this node heard first that one needs a token.
        self._locked_s = math.inf
        node.on_system = self._system_changed

    def _judge(self, peer: Peer, token: str | None, then: Then) -> None:
        """Judge a connection. Before a token is refused as unknown, read the log of `system` to its
        end, because the token may have been made at another node a moment ago.
        """

        def unknown(_: NotKnownError) -> None:
            self.node.leading.keep(self._judge_again(peer, token, then))

        self.access.judge(peer, token, self.clock.now_ms(), then, unknown)

    async def _judge_again(self, peer: Peer, token: str | None, then: Then) -> None:
        """A node that is cut off lets in whom it knows, and cannot say that others are unknown."""
        unknown: Unknown | None = None
        try:
            await self.hear_of_tokens()
        except UnavailableError as error:
            deaf = error
            unknown = lambda _: then(deaf)  # noqa: E731 # one line, and named by what it is for
        self.access.judge(peer, token, self.clock.now_ms(), then, unknown)

    async def hear_of_tokens(self) -> None:
        try:
            await self.node.follow_system()
        except (LogSilentError, TooFarBehindError, DamagedLogError) as error:
            log.info("this node cannot follow the changes of tokens: %s", error)
            raise UnavailableError(
                f"node {self.node.name} does not know this token, and cannot learn of new "
                f"tokens at the moment: {error}"
            ) from None
        finally:
            self.access.renew()

    def _system_changed(self) -> None:
        """Apply a change of `system`: to new connections at once, to open ones after the answers
        that are on their way. A connection that made the change may be closed because of it.
        """
        self.access.renew()
        now_s = time.monotonic()
        self._locked_s = min(self._locked_s, now_s) if self.access.needs_token else math.inf
        if self._reviewing is None and not self.is_stopping:
            loop = asyncio.get_running_loop()
            self._reviewing = loop.call_later(REVIEW_S, self._review_all)

    def _review_all(self) -> None:
        self._reviewing = None
        if self.node.is_taking_in:  # whoever asked for that is still to be answered
            self._system_changed()
        else:
            self._tokens_changed()

    def _review(self, conversation: Conversation) -> None:
        """Who made the first token learns of it, however long the answer is on its way: nobody else
        could ever let anybody in.
        """
        is_open = conversation.grant is not None and conversation.grant.is_open
        if is_open and self.node.router.awaits(conversation, TokenCreate, self._locked_s):
            self._system_changed()
        else:
            super()._review(conversation)

    def _make_commit(
        self, make_clock: Callable[[int], Any], on_step: Callable[[str], None] | None
    ) -> tuple[Commit, Any]:
        return cast(Commit, ClusterCommit(self.node)), make_clock(0)

    def keep_tally(self) -> None:
        """Do nothing: each partition's leader keeps the tally of what waits there."""

    def looks(self) -> list[At]:
        return [
            At(lead.tally, lead.commit.queries.view_apart(), lead.clock.now_ms())
            for lead in self.node.leads()
        ]

    def copies(self) -> list[Copy]:
        node = self.node
        return [
            Copy(
                "system" if number == SYSTEM else str(number),
                node.lead_of(number) is not None,
                max(0, replica.hinted - replica.position.sequence),
            )
            for number, replica in sorted(node.replicas.items())
        ]

    @property
    def passed_total(self) -> int:
        return self.node.router.passed_total

    @property
    def history_name(self) -> str:
        """The log is one history: none of its states goes back."""
        return store_name.name_of(self.commit.queries.view()) or "cluster"

    def view_in(self, namespace: str) -> None:
        """Its partition may be led elsewhere, and the copy here be of a moment ago."""

    def speak(self, socket: SocketConnection) -> PeerSpeaker:
        """Who speaks with another node on this socket."""
        return PeerSpeaker(self.node, socket, self.frame_bytes_max, self.turns, self.answers)

    async def prepare(self) -> None:
        try:
            await self.node.start()
        except NOT_STARTED as error:
            raise ConfigError(str(error)) from None
        self.access.renew()
        self.other_protocols = ((PEER_PREAMBLE, lambda socket, server: self.speak(socket)),)
        if self.config.admin_token_file:
            read_admin_token(self.config.admin_token_file)
            self._adopting = asyncio.get_running_loop().create_task(self._adopt_when_leading())

    async def _adopt_when_leading(self) -> None:
        """The leader of `system` sees to it that the admin's token of its settings is in force."""
        while True:
            if self.node.lead_of(SYSTEM) is not None:
                await self.adopt_admin_token()
                return
            await asyncio.sleep(1)

    async def adopt_admin_token(self) -> None:
        lead = self.node.lead_of(SYSTEM)
        if lead is None:
            return
        path = self.config.admin_token_file
        outcome = lead.commit.submit_own(adopting(read_admin_token(path)), settings_note(path))
        if outcome.error is not None:
            raise ConfigError(f"admin_token_file {path}: {outcome.error}")

    def reread_certificate(self) -> None:
        self.node.tls.reload()

    def start(self) -> None:
        self._check_disk()
        self.access.start()
        self._is_started = True

    def look(self, envelope: Envelope) -> ClusterLook:
        namespace = envelope.namespace
        return ClusterLook(lambda: self.commit.queries.view_in(namespace), namespace)

    def _key_maker(self) -> None:
        """The leader of `system` sees to it that there is a key."""

    def reasons_not_ready(self) -> list[str]:
        reasons = super().reasons_not_ready()
        node = self.node
        if ailment := what_ails_nats(node):
            reasons.append(ailment)
        elif not all(map(node.leader_of, range(len(node.watches)))):
            reasons.append("not every partition has a leader")
        return reasons

    # Clients

    def _came(self, client: str) -> bool:
        self._seen[client] = self._seen.get(client, 0) + 1
        if self._seen[client] == 1:
            self.node.hear_of([client])
        return True

    def _went(self, client: str) -> None:
        self._seen[client] -= 1
        if not self._seen[client]:
            del self._seen[client]

    def _with_nodes(self, welcome: Welcome, grant: Grant) -> Welcome:
        members, own = self.node.members, self.config.advertise
        rows = [members.row(name) for name in members.names if members.is_alive(name)]
        nodes = [row.address for row in rows if row is not None] or [own]
        return replace(welcome, nodes=nodes, node=own, holder=grant.holder)

    # Requests about the cluster

    def serve(self, conversation: Conversation, request_id: int, request: Request[Any]) -> None:
        if self._operations.serves(request):
            assert conversation.grant is not None, "whoever asks was let in"
            who = shown_as(conversation.grant, conversation.peer)
            self._operations.begin(conversation, request_id, request, who)
        else:
            super().serve(conversation, request_id, request)

    async def stop(self) -> None:
        self.is_stopping = True
        if self._reviewing is not None:
            self._reviewing.cancel()
        adopting_task = getattr(self, "_adopting", None)
        if adopting_task is not None:
            adopting_task.cancel()
        await self.node.drain()
        for conversation in list(self._conversations):
            conversation.flush()
            conversation.close(UnavailableError("this node is stopping"))
        await self._operations.stop()
        self.access.stop()
        await self._space.stop()
        await self.node.stop()
        self.storage.close()


async def open_cluster_server(
    config: Config, on_fatal: Callable[[BaseException], None]
) -> ClusterServer:
    """Join the cluster that the settings name. Raises `ConfigError`, `StoreError`."""
    storage = NodeStorage(
        config.data_dir, config.node, budget_bytes(config), partitions=config.partitions
    )
    try:
        joined = await join(config, storage.cluster_id)
        storage.belong_to(config.node, joined.meta.cluster_id, config.cluster_name)
    except BaseException:
        storage.close()
        raise
    node = Node(config, joined, storage, PeerTls(config), on_fatal=on_fatal)
    node.open_system()
    return ClusterServer(config, node, on_fatal)
