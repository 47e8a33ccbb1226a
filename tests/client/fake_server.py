"""A scripted server: it remembers sessions as the real one does, and answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from floruntime.core import wire
from floruntime.core.errors import FloError
from floruntime.core.kv import KvGet, KvPut, PutResult
from floruntime.core.system import CancelWait, Hello, Ping, ServerLimits, SessionOpen, Welcome
from floruntime.core.terms import Told
from floruntime.core.types import Command

SILENCE: Final = object()
"""What a script returns to give no answer."""

Script = Callable[[wire.Envelope], Any]


def answer_plainly(envelope: wire.Envelope) -> Any:
    """Puts answer their write number, gets their key, all else nothing."""
    if isinstance(envelope.request, KvPut):
        return PutResult(envelope.number)
    return envelope.request.key.encode() if isinstance(envelope.request, KvGet) else None


class Peer:
    """The server's end of one connection: bodies in, bodies out, no I/O."""

    def __init__(self, server: FakeServer, send: Callable[[bytes], None]) -> None:
        self._server = server
        self._send = send
        self.session = ""

    def receive(self, bodies: list[bytes]) -> None:
        for body in bodies:
            self._handle(wire.decode_envelope(body))

    def _handle(self, envelope: wire.Envelope) -> None:
        answer = self._answer(envelope)
        if isinstance(answer, FloError):
            self.send(wire.encode_error(envelope.id, answer))
        elif answer is not SILENCE:
            self.send(wire.encode_answer(envelope.id, answer, self._server.told(envelope)))

    def _answer(self, envelope: wire.Envelope) -> Any:
        server = self._server
        if isinstance(envelope.request, Hello):
            return self._greet(envelope.request)
        server.seen.append(envelope)
        if isinstance(envelope.request, Ping) and envelope.id == 0:
            return None if server.answers_probes else SILENCE
        if isinstance(envelope.request, CancelWait):
            return False
        if isinstance(envelope.request, SessionOpen):
            return server.open_session(self.session)
        if envelope.number:
            return server.apply_once(self.session, envelope)
        assert not isinstance(envelope.request, Command), "a command without a write number"
        return server.script(envelope)

    def _greet(self, hello: Hello) -> Any:
        self._server.hellos.append(hello)
        if self._server.refusal is not None:
            return self._server.refusal
        if self._server.is_deaf:
            return SILENCE
        self.session = hello.session
        return self._server.welcome(hello.session in self._server.sessions)

    def send(self, body: bytes) -> None:
        if not self._server.loses_answers:
            self._send(body)


class FakeServer:
    """The state behind all connections, and the transport that leads to it in memory."""

    def __init__(self, script: Script = answer_plainly) -> None:
        self.script = script
        self.limits = ServerLimits(1 << 20, 2 << 20, 5_000)
        self.sessions: dict[str, dict[int, Any]] = {}
        #: Where it says that the nodes of its cluster are.
        self.nodes: list[str] = []
        self.hellos: list[Hello] = []
        #: Every request that came, those sent again too, and the writes that took effect.
        self.seen: list[wire.Envelope] = []
        self.applied: list[wire.Envelope] = []
        self.links: list[FakeLink] = []
        self.refusal: FloError | None = None
        self.session_refusal: FloError | None = None
        self.connect_error: OSError | None = None
        self.connects = 0
        self.is_deaf = False
        self.loses_answers = False
        self.answers_probes = True
        #: What its links promise.
        self.quiet_ms_max = 0
        self.prepared = 0
        self.released = 0

    def welcome(self, known: bool) -> Welcome:
        """How it greets."""
        return Welcome("9.9.9", self.limits, known, nodes=self.nodes)

    def told(self, envelope: wire.Envelope) -> Told | None:
        """What stands beside an answer."""
        return None

    def open_session(self, session: str) -> Any:
        if self.session_refusal is None:
            self.sessions.setdefault(session, {})
        return self.session_refusal

    def apply_once(self, session: str, envelope: wire.Envelope) -> Any:
        remembered = self.sessions[session]
        if envelope.number not in remembered:
            answer = self.script(envelope)
            if answer is SILENCE or isinstance(answer, FloError):
                return answer
            remembered[envelope.number] = answer
            self.applied.append(envelope)
        return remembered[envelope.number]

    def requests(self, kind: type[Any]) -> list[Any]:
        """The requests of `kind` that came, in order."""
        return [each.request for each in self.seen if isinstance(each.request, kind)]

    def drop_links(self) -> None:
        """Break every connection."""
        links, self.links = self.links, []
        for link in links:
            link.break_off()

    def send(self, body: bytes) -> None:
        """Send a body outside any script."""
        self.links[-1].deliver(body)

    # The transport port

    async def prepare(self) -> None:
        self.prepared += 1

    async def connect(
        self, on_bodies: Callable[[list[bytes]], None], on_close: Callable[[FloError | None], None]
    ) -> FakeLink:
        self.connects += 1
        if self.connect_error is not None:
            raise self.connect_error
        link = FakeLink(self, on_bodies, on_close)
        self.links.append(link)
        return link

    async def release(self) -> None:
        self.released += 1


class FakeLink:
    """Delivers in the loop's next turn, both ways; once it is closed, nothing."""

    def __init__(
        self,
        server: FakeServer,
        on_bodies: Callable[[list[bytes]], None],
        on_close: Callable[[FloError | None], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_bodies = on_bodies
        self._on_close = on_close
        self._peer = Peer(server, self.deliver)
        self.is_closed = False
        self.sent: list[list[bytes]] = []

    def send(self, bodies: list[bytes]) -> None:
        assert not self.is_closed
        self.sent.append(bodies)
        self._loop.call_soon(self._if_open, self._peer.receive, bodies)

    def deliver(self, body: bytes) -> None:
        self._loop.call_soon(self._if_open, self._on_bodies, [body])

    def _if_open(self, take: Callable[[list[bytes]], None], bodies: list[bytes]) -> None:
        if not self.is_closed:
            take(bodies)

    def close(self) -> None:
        self.is_closed = True

    async def wait_closed(self) -> None:
        assert self.is_closed

    def break_off(self, reason: FloError | None = None) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._on_close(reason)
