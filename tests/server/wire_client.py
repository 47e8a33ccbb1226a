"""A server without sockets, whose syncs a test can hold back, and clients that speak to it."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from floruntime.core.errors import FloError
from floruntime.core.system import Hello, SessionOpen, Welcome
from floruntime.core.token import Role, TokenCreate, hash_of, id_of
from floruntime.core.types import Request
from floruntime.core.wire import (
    Answer,
    decode_answer,
    decode_reply,
    encode_request,
    raised,
)
from floruntime.engine.system import tokens
from floruntime.server.clock import ManualClock
from floruntime.server.commit.durability import Durability
from floruntime.server.config import Config
from floruntime.server.connections.peer import EMBEDDED, Door, Peer
from floruntime.server.server import FloServer
from tests.server.gated_storage import GatedStorage
from tests.until import WAIT_S, until

NEIGHBOUR = Peer(Door.TCP, "192.0.2.1", "test")


class Rig:
    """One server for one test."""

    def __init__(self, storage: GatedStorage | None = None, **settings: Any) -> None:
        settings.setdefault("durability", Durability.SYNC)
        self.storage = GatedStorage() if storage is None else storage
        self.clock = ManualClock()
        self.fatal: list[BaseException] = []
        self._ids = itertools.count(1)
        self.server = FloServer(
            Config(**settings),
            self.storage,
            lambda floor_ms: self.clock,
            on_fatal=self.fatal.append,
        )
        #: The time by which shares of the event loop are measured: it stands still.
        self.worked_s = 0.0
        self.server.turns.now_s = lambda: self.worked_s
        self.server.start()

    def client(
        self, session: str | None = None, *, token: str | None = None, peer: Peer = NEIGHBOUR
    ) -> WireClient:
        """A connection; greeted, if it is given the id of a client."""
        client = WireClient(self.server, peer)
        if session is not None:
            client.greet(session, token)
        return client

    async def token(self, role: str, **options: Any) -> str:
        """A new token, made from within the process; an admin's before the first one."""
        if role != Role.ADMIN and not tokens.are_on(self.server.commit.queries.view()):
            await self.token(Role.ADMIN)
        text = f"flo_{next(self._ids):012}_{'s' * 43}"
        admin = self.client("token maker", peer=EMBEDDED)
        made = admin.send(TokenCreate(str(id_of(text)), hash_of(text), Role(role), **options))
        await self.settle()
        admin.result(made)
        admin.vanish()
        return text

    async def settle(self) -> None:
        """Let everything under way come to rest."""
        for _ in range(5):
            async with asyncio.timeout(WAIT_S):
                await self.server.commit.settle()
            await asyncio.sleep(0)

    async def turns(self, count: int = 3) -> None:
        """Let the event loop turn, with nothing to wait for."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def until_synced(self, count: int) -> None:
        """Wait until `count` syncs have begun."""
        await until(lambda: self.storage.syncs >= count)

    async def advance(self, ms: int) -> None:
        """Move the clock, stopping at every deadline on the way."""
        await self.settle()
        until_ms = self.clock.now_ms() + ms
        while self.clock.run_next(until_ms):
            await self.settle()
        await self.settle()

    async def __aenter__(self) -> Rig:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.storage.release()
        async with asyncio.timeout(WAIT_S):
            await self.server.stop()


class WireClient:
    """A client's end of a connection: what it sent, and what came."""

    def __init__(self, server: FloServer, peer: Peer) -> None:
        self.is_closed = False
        self.close_reason: FloError | None = None
        #: The bodies that were sent together, for each time that something was sent.
        self.sent: list[list[bytes]] = []
        self.answers: list[Answer] = []
        self._asked: dict[int, Request[Any]] = {}
        self._last_id = 0
        self.conversation = server.conversation(self._take, self._closed, peer)

    def _take(self, bodies: list[bytes]) -> None:
        self.sent.append(bodies)
        self.answers += [decode_answer(body) for body in bodies]

    def _closed(self, reason: FloError | None) -> None:
        self.is_closed = True
        self.close_reason = reason

    def raw(self, *bodies: bytes) -> None:
        """Send these, together."""
        self.conversation.receive(bodies)

    def body(
        self, request: Request[Any], *, number: int = 0, namespace: str = "default", id: int = 0
    ) -> bytes:
        """The bytes of a request, whose answer will be known by the id given last."""
        self._last_id = id or self._last_id + 1
        self._asked[self._last_id] = request
        return encode_request(self._last_id, namespace, number, request)

    def send(self, request: Request[Any], **options: Any) -> int:
        """Send a request; its id."""
        self.raw(self.body(request, **options))
        return self._last_id

    def greet(self, session: str, token: str | None = None) -> Welcome:
        """Begin, and have this client's writes remembered. Raises the refusal."""
        welcome: Welcome = self.result(self.send(Hello("1.0", session, token)))
        return welcome

    def open_session(self) -> int:
        """Have the writes of this client remembered."""
        return self.send(SessionOpen())

    def answer(self, id: int) -> Answer | None:
        """The one answer to a request, if it came."""
        found = [answer for answer in self.answers if answer.id == id]
        assert len(found) <= 1, f"request {id} was answered {len(found)} times"
        return found[0] if found else None

    def is_answered(self, id: int) -> bool:
        """Whether the answer came."""
        return self.answer(id) is not None

    def result(self, id: int) -> Any:
        """The result of a request that was answered; raises its refusal."""
        answer = self.answer(id)
        assert answer is not None, f"request {id} is not answered"
        if answer.error is not None:
            raise raised(answer.error)
        return decode_reply(self._asked[id], answer.result)

    def error(self, id: int) -> FloError:
        """The refusal of a request."""
        answer = self.answer(id)
        assert answer is not None, f"request {id} is not answered"
        assert answer.error is not None, f"request {id} was not refused"
        return raised(answer.error)

    def vanish(self) -> None:
        """The connection is lost."""
        self.conversation.connection_lost()
