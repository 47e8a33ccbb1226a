"""The server: one state, its connections, and their start and end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

from floruntime.core import limits as core_limits
from floruntime.core.cluster import CLUSTER_REQUESTS
from floruntime.core.console import WhoAmI
from floruntime.core.errors import (
    BadRequestError,
    FloError,
    InternalServerError,
    OverloadedError,
    UnauthorizedError,
    UnavailableError,
)
from floruntime.core.limits import AUDIT_STREAM, SYSTEM_NAMESPACE, check_name
from floruntime.core.system import (
    Backup,
    GetServerInfo,
    Hello,
    Ping,
    ServerInfo,
    ServerLimits,
    Welcome,
)
from floruntime.core.token import TokenInfo, TokenMint
from floruntime.core.types import Command, Request
from floruntime.core.version import VERSION
from floruntime.core.wire import Envelope
from floruntime.engine.audit import persons_audits
from floruntime.engine.machine import Machine
from floruntime.engine.rules import RULES
from floruntime.engine.state.tx import View
from floruntime.engine.system import eras, tokens
from floruntime.server import eras as own_eras
from floruntime.server.access.access import Access, Then, Verdict
from floruntime.server.access.admin_token import adopting, read_admin_token, settings_note
from floruntime.server.access.grant import Grant
from floruntime.server.access.look import Look
from floruntime.server.access.minted import KeyMaker
from floruntime.server.access.origins import may_connect, normal_origin
from floruntime.server.checking import Checking
from floruntime.server.clock import Clock, Handle
from floruntime.server.commit.commit import Commit
from floruntime.server.commit.durability import Durability
from floruntime.server.commit.local_journal import LocalJournal
from floruntime.server.config import Config, ConfigError
from floruntime.server.connections.client_memory import ClientMemory
from floruntime.server.connections.conversation import Conversation
from floruntime.server.connections.load import AnswersLoad, Load
from floruntime.server.connections.peer import Door, Peer
from floruntime.server.connections.rate import RateLimit
from floruntime.server.connections.turns import Turns
from floruntime.server.data.storage import Storage
from floruntime.server.long_work import LongWork
from floruntime.server.metrics.copies import Copy
from floruntime.server.metrics.counts import Counts, Refusal
from floruntime.server.metrics.tally import Tally
from floruntime.server.metrics.waiting import At
from floruntime.server.old_runs import see_to_old_runs
from floruntime.server.open_files import file_plan
from floruntime.server.scheduler import Scheduler
from floruntime.server.space import Space

log = logging.getLogger("floruntime.server")


class FloServer:
    """The whole server without its listeners; those open connections by `conversation()`."""

    def __init__(
        self,
        config: Config,
        storage: Storage,
        make_clock: Callable[[int], Clock],
        *,
        on_fatal: Callable[[BaseException], None] | None = None,
        on_step: Callable[[str], None] | None = None,
    ) -> None:
        self.config = config
        self.storage = storage
        #: The protocols at its port beside those of clients, in the form that `Port` needs.
        self.other_protocols: tuple[Any, ...] = ()
        self.frame_bytes_max = config.frame_bytes_max
        self.in_flight_max = config.in_flight_max
        #: How many connections the files that may be open leave room for.
        self.files = file_plan(config)
        self.counts = Counts()
        #: Counts of what waits, kept for metrics and the console; set by `keep_tally`.
        self.tally: Tally | None = None
        self._on_fatal = on_fatal
        self.commit, self.clock = self._make_commit(make_clock, on_step)
        self._scheduler = Scheduler(self.commit, self.clock)
        self._conversations: dict[Conversation, None] = {}
        self._allowed_origins = frozenset(
            origin for each in config.allowed_origins if (origin := normal_origin(each))
        )
        self.load = Load(config.pending_bytes_max)
        self._is_started = False
        self.answers = AnswersLoad(config.answers_bytes_max)
        self.commit.queries.answer_room = self._answer_room
        self.turns = Turns(lambda: self.commit.has_news)
        self.commit.fill.on_room = self.turns.let_go_on
        self.checking = Checking()
        self.long_work = LongWork()
        #: Whether no new work is taken.
        self.is_stopping = False
        self._is_failed = False
        self._answering: set[asyncio.Task[None]] = set()
        self._started_ms = self.clock.now_ms()
        self._clients = ClientMemory(self.commit, self.clock)
        self.access = Access(config, self.commit.queries.view)
        self._expiries: dict[Conversation, Handle] = {}
        self._space = Space(self.commit, storage, low_bytes=config.disk_low_bytes)
        self._check_disk = self._space.check

    def _make_commit(
        self, make_clock: Callable[[int], Clock], on_step: Callable[[str], None] | None
    ) -> tuple[Commit, Clock]:
        """Make the commit, which orders and answers requests, with the clock that stamps them."""
        storage, config = self.storage, self.config
        took = self.counts.sync_s.noted.append
        journal = LocalJournal(
            storage.store, config.durability, sync=storage.sync, took=took, on_step=on_step
        )
        self._machine = machine = Machine(
            journal.applied,
            RULES,
            value_bytes_max=config.value_bytes_max,
            warm_bytes=storage.warm_bytes,
        )
        clock = make_clock(machine.time_ms)
        return Commit(machine, journal, clock, on_fatal=self._fail, counts=self.counts), clock

    def keep_tally(self) -> None:
        """Keep counts of what waits from now on. Call it before any client connects."""
        self.tally = Tally(self._machine, self.storage.store.snapshot())
        self.tally.start()

    def looks(self) -> list[At]:
        """The states in which waiting work is counted."""
        if self.tally is None:
            return []
        return [At(self.tally, self.commit.queries.view_apart(), self.clock.now_ms())]

    async def prepare(self) -> None:
        """Do what must be done before any client connects.

        The state gets a history, and the admin's token of the settings becomes valid.

        Raises `ConfigError`.
        """
        own_eras.begin(self.commit, self._machine, self.storage.follows)
        see_to_old_runs(self.commit)
        if self.config.durability is Durability.ASYNC:
            own_eras.mark_async(self.commit)
        await self.commit.settle()
        if self.config.admin_token_file:
            await self.adopt_admin_token()

    def reread_certificate(self) -> None:
        """Do nothing: the port has read its own certificate, and only a node has others."""

    async def adopt_admin_token(self) -> None:
        """Read `admin_token_file` and make its token valid, in place of the previous one."""
        path = self.config.admin_token_file
        outcome = self.commit.submit_own(adopting(read_admin_token(path)), settings_note(path))
        if outcome.error is not None:
            raise ConfigError(f"admin_token_file {path}: {outcome.error}")
        await self.commit.settle()
        self.access.renew()
        info: TokenInfo = outcome.result
        if info.revoked_at_ms is not None:
            log.warning(
                "the token of admin_token_file (%s) was revoked; write another one into the file",
                info.id,
            )

    def start(self) -> None:
        """Begin to keep time."""
        self._check_disk()
        self._clients.start()
        self.access.start()
        self.commit.listeners[tokens.CHANGED[1]] = self._tokens_changed
        self.commit.start()
        self._scheduler.start()
        self._is_started = True
        for namespace in persons_audits(self.commit.queries.view()):
            log.warning(
                "namespace %s has a stream %s that a client created; it is left as it is, "
                "and the audit records of that namespace go into the stream of the same "
                "name in namespace %s",
                *(namespace, AUDIT_STREAM, SYSTEM_NAMESPACE),
            )

    @property
    def is_failed(self) -> bool:
        """Whether the store has failed: then nothing is answered any more."""
        return self._is_failed

    # Connections

    def conversation(
        self,
        send: Callable[[list[bytes]], None],
        close: Callable[[FloError | None], None],
        peer: Peer,
    ) -> Conversation:
        """The server's end of a new connection."""
        rate: RateLimit | None = None
        if peer.door is Door.WEB:
            per_second = self.config.web_requests_per_second
            rate = RateLimit(per_second, per_second)
        conversation = Conversation(self, send, close, peer, rate)
        self._conversations[conversation] = None
        return conversation

    def greet(self, conversation: Conversation, request_id: int, hello: Hello) -> None:
        """Judge a hello, and accept or refuse the client: at once, or later."""
        try:
            self._check_room()
            check_name("session", hello.session)
        except FloError as error:
            conversation.turn_away(request_id, error)
            return

        def judged(verdict: Verdict) -> None:
            if isinstance(verdict, FloError):
                if isinstance(verdict, UnauthorizedError):
                    self.counts.refusals[Refusal.TOKEN] += 1
                conversation.turn_away(request_id, verdict)
            elif not conversation.is_closed:
                self._let_in(conversation, request_id, hello, verdict)

        self._judge(conversation.peer, hello.token, judged)

    def _judge(self, peer: Peer, token: str | None, then: Then) -> None:
        """Tell `then` what a client at `peer` with that token may do: at once, or later."""
        self.access.judge(peer, token, self.clock.now_ms(), then)

    async def hear_of_tokens(self) -> None:
        """Learn of tokens that other nodes have made. Raises `UnavailableError` if that fails."""

    def look(self, envelope: Envelope) -> Look:
        """A look at the state by which a request will be judged."""
        is_command = isinstance(envelope.request, Command)
        commit = self.commit
        view = (lambda: commit.applied) if is_command else commit.queries.view
        return Look(view, envelope.namespace)

    def _check_room(self) -> None:
        if self.is_stopping or self._is_failed:
            raise UnavailableError("the server is stopping and takes no new connections")
        if len(self._conversations) > self.files.connections_max:
            raise OverloadedError(
                f"the server has {self.files.connections_max} connections and takes no more"
            )

    def _let_in(
        self, conversation: Conversation, request_id: int, hello: Hello, grant: Grant
    ) -> None:
        client = grant.client_of(hello.session)
        is_known = self._came(client)
        welcome = Welcome(VERSION, self._limits(), is_known, grant.role, self.history_name)
        welcome = self._with_nodes(welcome, grant)
        if grant.expires_at_ms is not None:
            self._expiries[conversation] = self.clock.call_at(
                grant.expires_at_ms, lambda: self._review(conversation)
            )
        conversation.let_in(request_id, client, grant, welcome)

    def _came(self, client: str) -> bool:
        """A connection of `client` has greeted. Returns whether its writes are remembered."""
        return self._clients.came(client)

    def _went(self, client: str) -> None:
        """A connection of `client` has ended."""
        self._clients.went(client)

    def _with_nodes(self, welcome: Welcome, grant: Grant) -> Welcome:
        """Add what the client should know of the cluster to the welcome; nothing if there
        is none.
        """
        return welcome

    def _review(self, conversation: Conversation) -> None:
        """Close a connection that is no longer allowed."""
        if conversation.grant is not None:
            reason = self.access.ended(conversation.grant, self.clock.now_ms())
            if reason is not None:
                log.info("%s: connection closed: %s", conversation.peer, reason)
                conversation.close(reason)

    def _tokens_changed(self) -> None:
        self.access.renew()
        for conversation in list(self._conversations):
            self._review(conversation)

    def _limits(self) -> ServerLimits:
        return ServerLimits(self.config.value_bytes_max, self.frame_bytes_max, self.in_flight_max)

    def may_connect(self, origin: str | None, host: str | None) -> bool:
        """Whether a web page of `origin` may connect to this server, reached as `host`."""
        return may_connect(
            origin,
            host,
            allowed=self._allowed_origins,
            needs_token=self.access.needs_token,
        )

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether the setting `allowed_origins` names it."""
        return normal_origin(origin) in self._allowed_origins

    def is_allowed_host(self, host: str) -> bool:
        """Whether `allowed_origins` names an origin of this host, with any scheme."""
        return any(self.is_allowed_origin(f"{scheme}://{host}") for scheme in ("http", "https"))

    def reasons_not_ready(self) -> list[str]:
        """Why the server takes no work at this moment; empty if it does."""
        self._space.catch_up()
        reasons = {
            "the store failed": self._is_failed,
            "stopping": self.is_stopping,
            "starting": not self._is_started,
            "the disk is nearly full": not self.commit.may_grow,
        }
        return [reason for reason, holds in reasons.items() if holds]

    def gone(self, conversation: Conversation) -> None:
        """A connection has ended: cancel what waits on its behalf."""
        self._conversations.pop(conversation, None)
        self.commit.drop(conversation)
        expiry = self._expiries.pop(conversation, None)
        if expiry is not None:
            expiry.cancel()
        if conversation.client:
            self._went(conversation.client)

    def _answer_room(self) -> int:
        return min(core_limits.ANSWER_VALUES_BYTES_MAX, self.answers.room_bytes)

    # Requests about the server itself

    def serve(self, conversation: Conversation, request_id: int, request: Request[Any]) -> None:
        """Answer what is neither a command nor a query of the engine."""
        if isinstance(request, Ping):
            if request.quiet_ms_max and conversation.on_promise is not None:
                conversation.on_promise(request.quiet_ms_max)
            conversation.add_answer(request_id, None, None)
        elif isinstance(request, GetServerInfo):
            conversation.add_answer(request_id, self.info(), None)
        elif isinstance(request, WhoAmI):
            assert conversation.grant is not None, "whoever asks was let in"
            conversation.add_answer(request_id, conversation.grant.identity, None)
        elif isinstance(request, Backup):
            directory = request.directory
            copy = asyncio.to_thread(self.storage.checkpoint, directory)
            self._do_later(
                self._answer(conversation, request_id, f"the backup into {directory!r}", copy)
            )
        elif isinstance(request, TokenMint):
            assert conversation.grant is not None, "whoever asks was let in"
            minted = self.access.mint.mint(
                self._key_maker(), conversation.grant, request, self.clock.now_ms()
            )
            self._do_later(self._answer(conversation, request_id, "minting a token", minted))
        elif isinstance(request, Hello):
            refusal = BadRequestError(
                "this connection has sent its hello already; a connection sends it once"
            )
            conversation.add_answer(request_id, None, refusal)
        elif isinstance(request, CLUSTER_REQUESTS):
            alone = BadRequestError("this server is not a node of a cluster")
            conversation.add_answer(request_id, None, alone)
        else:
            raise AssertionError(f"this server does not know {type(request).__name__}")

    def _key_maker(self) -> KeyMaker | None:
        """The maker of a signing key if there is none; `None`: the key comes from elsewhere."""
        return self.commit

    def _do_later(self, answering: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(answering)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(
        self, conversation: Conversation, request_id: int, name: str, work: Awaitable[Any]
    ) -> None:
        """Answer with the result of `work`; `name` is its name in the log if it fails."""
        result: Any = None
        error: FloError | None = None
        try:
            result = await work
        except FloError as caught:
            error = caught
        except Exception as caught:
            log.exception("%s failed", name)
            error = InternalServerError(f"{name} failed: {caught}")
        if not conversation.is_closed:
            conversation.add_answer(request_id, result, error)
            conversation.flush()

    def copies(self) -> list[Copy]:
        """The copies of partitions that this server keeps; none on a single server."""
        return []

    @property
    def passed_total(self) -> int:
        """How many requests it has passed on to other nodes."""
        return 0

    @property
    def history_name(self) -> str:
        """The name of the history of this state. A position is valid in one history only."""
        return eras.id_of(self.commit.queries.view())

    def view_in(self, namespace: str) -> View | None:
        """The state that queries in a namespace see; `None` if this server does not have it."""
        return self.commit.queries.view_in(namespace)

    @property
    def conversations(self) -> Collection[Conversation]:
        """The conversations of all open connections."""
        return self._conversations.keys()

    def info(self) -> ServerInfo:
        """The answer to `client.info()`."""
        return ServerInfo(
            version=VERSION,
            durability=self.config.durability.value,
            limits=self._limits(),
            uptime_ms=self.clock.now_ms() - self._started_ms,
            now_ms=self.clock.now_ms(),
            data_dir=self.storage.path,
            connections=len(self._conversations),
            commands_total=self.commit.commands_total,
            storage_full=not self.commit.may_grow,
            history=self.history_name,
            memory_bytes=self.storage.memory_bytes,
            disk_free_bytes=self.storage.free_bytes(),
            changes_total=self.commit.queries.changes_total,
        )

    # The end

    def _fail(self, error: BaseException) -> None:
        self._is_failed = True
        log.critical("the store failed, so the server ends without answering: %s", error)
        if self._on_fatal is not None:
            self._on_fatal(error)
        for conversation in list(self._conversations):
            conversation.close(InternalServerError("the server's store failed"))

    async def stop(self) -> None:
        """Take no new work, answer what is in flight, close connections and store."""
        self.is_stopping = True
        self._scheduler.stop()
        self.commit.end_waits()
        if not self._is_failed:
            if self.config.durability is Durability.ASYNC:
                own_eras.unmark_async(self.commit)
            await self.commit.settle()
        self.access.mint.stop()
        for task in list(self._answering):
            await asyncio.wait([task])
        for conversation in list(self._conversations):
            conversation.flush()
            conversation.close(UnavailableError("the server is stopping"))
        self._clients.stop()
        self.access.stop()
        if self.tally is not None:
            await self.tally.stop()
        await self._space.stop()
        await self.commit.stop()
        self.storage.close()


def needs_disk(config: Config) -> bool:
    """Whether the state is kept on disk."""
    return config.durability is not Durability.EPHEMERAL
