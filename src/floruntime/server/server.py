"""The server: one state, its connections, and the life of both."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from floruntime.core.errors import (
    BadRequestError,
    FloError,
    InternalServerError,
    OverloadedError,
    UnauthorizedError,
    UnavailableError,
)
from floruntime.core.limits import check_name
from floruntime.core.system import (
    Backup,
    GetServerInfo,
    Hello,
    Limits,
    Ping,
    ServerInfo,
    SessionForget,
    Welcome,
)
from floruntime.core.types import Request
from floruntime.core.version import VERSION
from floruntime.engine import sessions
from floruntime.engine.machine import Machine
from floruntime.server.clock import Clock, Handle
from floruntime.server.commit import Commit
from floruntime.server.config import Config
from floruntime.server.connection import Door, Peer
from floruntime.server.disk import DiskWatch
from floruntime.server.durability import Durability
from floruntime.server.origins import may_connect, normal_origin
from floruntime.server.rate import RateLimit
from floruntime.server.scheduler import Scheduler
from floruntime.server.session import Load, Session
from floruntime.server.storage import Storage

log = logging.getLogger("floruntime.server")

SESSION_KEPT_MS = 600_000
"""How long the writes of a client that is gone are remembered."""
DISK_CHECK_S = 1.0


class FloServer:
    """The whole server but its listeners; `session()` is the door for all of them."""

    def __init__(
        self,
        config: Config,
        storage: Storage,
        make_clock: Callable[[int], Clock],
        *,
        on_fatal: Callable[[BaseException], None] | None = None,
        on_step: Callable[[str], None] = lambda step: None,
    ) -> None:
        self.config = config
        self.storage = storage
        self.frame_bytes_max = config.frame_bytes_max
        self.in_flight_max = config.in_flight_max
        self._on_fatal = on_fatal
        machine = Machine(storage.store, value_bytes_max=config.value_bytes_max)
        self.clock = make_clock(machine.time_ms)
        self.commit = Commit(
            machine,
            storage.store,
            self.clock,
            config.durability,
            sync=storage.sync,
            on_fatal=self._fail,
            on_step=on_step,
        )
        self._scheduler = Scheduler(self.commit, self.clock)
        self._sessions: set[Session] = set()
        self._allowed_origins = frozenset(
            origin for each in config.allowed_origins if (origin := normal_origin(each))
        )
        self.load = Load(config.pending_bytes_max)
        self._is_stopping = False
        self._is_failed = False
        self._backups: set[asyncio.Task[None]] = set()
        self._started_ms = self.clock.now_ms()
        self._connected: dict[str, int] = {}
        self._forgetting: dict[str, Handle] = {}
        self._disk_timer: asyncio.TimerHandle | None = None
        self._disk = DiskWatch(
            lambda: storage.free_bytes() or 0,
            low_bytes=config.disk_low_bytes,
            resume_bytes=2 * config.disk_low_bytes,
        )

    def start(self) -> None:
        """Begin to keep time."""
        self._check_disk()
        self._forget_clients_of_before()
        self.commit.start()
        self._scheduler.start()

    @property
    def is_stopping(self) -> bool:
        """Whether no new work is taken."""
        return self._is_stopping

    @property
    def is_failed(self) -> bool:
        """Whether the store failed: nothing is answered any more."""
        return self._is_failed

    # Connections

    def session(
        self,
        write: Callable[[bytes], None],
        close: Callable[[FloError | None], None],
        peer: Peer,
    ) -> Session:
        """The server's end of a new connection."""
        rate: RateLimit | None = None
        if peer.door is Door.WEB:
            per_second = self.config.web_requests_per_second
            rate = RateLimit(per_second, per_second)
        session = Session(self, write, close, peer, rate)
        self._sessions.add(session)
        return session

    def welcome(self, session: Session, hello: Hello) -> Welcome:
        """Judge a hello. Raises what it is refused for."""
        if self._is_stopping or self._is_failed:
            raise UnavailableError("the server is stopping and takes no new connections")
        if len(self._sessions) > self.config.connections_max:
            raise OverloadedError(
                f"the server has {self.config.connections_max} connections and takes no more"
            )
        check_name("session", hello.session)
        if hello.token is not None:
            raise UnauthorizedError(
                "a token was given, and this server has no tokens; connect without one"
            )
        self._client_came(hello.session)
        view = self.commit.queries.view()
        return Welcome(VERSION, self._limits(), sessions.is_known(view, hello.session))

    def _limits(self) -> Limits:
        return Limits(self.config.value_bytes_max, self.frame_bytes_max, self.in_flight_max)

    def may_connect(self, origin: str | None, host: str | None) -> bool:
        """Whether a web page of `origin` may connect to this server, reached as `host`."""
        return may_connect(origin, host, allowed=self._allowed_origins, needs_token=False)

    def gone(self, session: Session) -> None:
        """A connection is gone: nothing waits on its behalf any more."""
        self._sessions.discard(session)
        self.commit.drop(session)
        if session.session:
            self._client_went(session.session)

    # The memory of clients' writes

    def _client_came(self, client: str) -> None:
        self._connected[client] = self._connected.get(client, 0) + 1
        handle = self._forgetting.pop(client, None)
        if handle is not None:
            handle.cancel()

    def _client_went(self, client: str) -> None:
        self._connected[client] -= 1
        if not self._connected[client]:
            del self._connected[client]
            self._forget_later(client)

    def _forget_later(self, client: str) -> None:
        def forget() -> None:
            self._forgetting.pop(client, None)
            if sessions.is_known(self.commit.queries.view(), client):
                self.commit.submit_own(SessionForget(client))

        due_ms = self.clock.now_ms() + SESSION_KEPT_MS
        self._forgetting[client] = self.clock.call_at(due_ms, forget)

    def _forget_clients_of_before(self) -> None:
        """Clients known from before this start have their ten minutes to come back."""
        for client in sessions.known(self.commit.queries.view()):
            self._forget_later(client)

    # Requests about the server itself

    def serve(self, session: Session, request_id: int, request: Request[Any]) -> None:
        """Answer what is neither a command nor a query of the engine."""
        if isinstance(request, Ping):
            session.add_answer(request_id, None, None)
        elif isinstance(request, GetServerInfo):
            session.add_answer(request_id, self.info(), None)
        elif isinstance(request, Backup):
            task = asyncio.get_running_loop().create_task(
                self._back_up(session, request_id, request.directory)
            )
            self._backups.add(task)
            task.add_done_callback(self._backups.discard)
        elif isinstance(request, Hello):
            refusal = BadRequestError("a connection greets once; this one has done so")
            session.add_answer(request_id, None, refusal)
        else:
            raise AssertionError(f"no one serves {type(request).__name__}")

    def info(self) -> ServerInfo:
        """What `client.info()` shows."""
        return ServerInfo(
            version=VERSION,
            durability=self.config.durability.value,
            limits=self._limits(),
            uptime_ms=self.clock.now_ms() - self._started_ms,
            data_dir=self.storage.path,
            connections=len(self._sessions),
            commands_total=self.commit.commands_total,
            storage_full=not self.commit.may_grow,
        )

    async def _back_up(self, session: Session, request_id: int, directory: str) -> None:
        path: str | None = None
        error: FloError | None = None
        try:
            path = await asyncio.to_thread(self.storage.checkpoint, directory)
        except FloError as caught:
            error = caught
        except Exception as caught:
            log.exception("the backup into %s failed", directory)
            error = InternalServerError(f"the backup into {directory!r} failed: {caught}")
        if not session.is_closed:
            session.add_answer(request_id, path, error)
            session.flush()

    # The disk

    def _check_disk(self) -> None:
        if self.storage.free_bytes() is None:
            return
        if self._disk.check():
            self.commit.may_grow = self._disk.may_grow
            log.warning(
                "%s bytes of disk are free: growth is %s",
                self.storage.free_bytes(),
                "allowed again" if self._disk.may_grow else "refused until there is more",
            )
        loop = asyncio.get_running_loop()
        self._disk_timer = loop.call_later(DISK_CHECK_S, self._check_disk)

    # The end

    def _fail(self, error: BaseException) -> None:
        self._is_failed = True
        log.critical("the store failed, so the server ends without answering: %s", error)
        if self._on_fatal is not None:
            self._on_fatal(error)
        for session in list(self._sessions):
            session.close(InternalServerError("the server's store failed"))

    async def stop(self) -> None:
        """Take no new work, answer what is in flight, close connections and store."""
        self._is_stopping = True
        self._scheduler.stop()
        self.commit.end_waits()
        if not self._is_failed:
            await self.commit.settle()
        for task in list(self._backups):
            await asyncio.wait([task])
        for session in list(self._sessions):
            session.flush()
            session.close(UnavailableError("the server is stopping"))
        for handle in self._forgetting.values():
            handle.cancel()
        if self._disk_timer is not None:
            self._disk_timer.cancel()
        await self.commit.stop()
        self.storage.close()


def needs_disk(config: Config) -> bool:
    """Whether the state is kept on disk."""
    return config.durability is not Durability.EPHEMERAL
