"""Speaks HTTP/1.1 over a socket. `h11` parses and frames; limits and deadlines are here.

It serves one request at a time. If a client sends more before it has its answer, the server does
not read that, and closes the connection after the answer. Head and body of a request have a time
limit each. A request that is refused before its body was read also closes the connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from email.utils import formatdate
from typing import Protocol
from urllib.parse import parse_qsl

import h11

from floruntime.core.errors import FloError, InternalServerError, OverloadedError
from floruntime.server import limits
from floruntime.server.connections.peer import Door
from floruntime.server.connections.sockets import SocketConnection
from floruntime.server.connections.turns import Turn
from floruntime.server.http.messages import (
    Answer,
    EventResponse,
    Headers,
    HttpRequest,
    HttpResponse,
)
from floruntime.server.http.problems import HttpRefusal, problem_response, title_of
from floruntime.server.server import FloServer

log = logging.getLogger("floruntime.http")

ONCE_ONLY = frozenset({b"host", b"origin", b"authorization", b"content-type", b"idempotency-key"})
"""Headers that may stand only once: with two, two readers could see different requests."""
COMMON: Headers = (("X-Content-Type-Options", "nosniff"),)
_AROUND_A_HEADER = len(": \r\n")
EVENTS: Headers = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"))


class Visit(Protocol):
    """Answers the requests of one connection."""

    async def answer(self, request: HttpRequest) -> Answer:
        """Answer one request; what is not answered with is raised."""
        ...

    def headers_for(self, request: HttpRequest) -> Headers:
        """The headers of every answer to this request, errors included."""
        ...

    def close(self) -> None:
        """The connection was closed."""
        ...


class HttpSpeaker:
    """Takes requests, one after another, and sends the answers."""

    is_welcome = True
    """It has deadlines of its own."""

    def __init__(self, socket: SocketConnection, server: FloServer, visit: Visit) -> None:
        self._socket = socket
        self._server = server
        self._visit = visit
        self._loop = asyncio.get_running_loop()
        self._parser = h11.Connection(
            h11.SERVER, max_incomplete_event_size=limits.HTTP_HEAD_BYTES_MAX
        )
        self._head: h11.Request | None = None
        self._is_chunked = False
        self._body = bytearray()
        self._held_bytes = 0
        self._turns = server.turns
        #: Where its reading stands among those who share the loop.
        self.turn = Turn()
        #: What arrived and is not yet read.
        self._raw: deque[memoryview] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._is_ending = False
        self._is_gone = False
        self._may_write = asyncio.Event()
        self._may_write.set()
        socket.on_pause = self._paused
        self._deadline: asyncio.TimerHandle | None = None
        self._expect(limits.HTTP_HEAD_MS_MAX, "the head of its request did not come in time")

    # What comes

    def receive_data(self, data: bytes) -> None:
        """Take what arrived."""
        if self._is_gone:
            return
        if self._answering is not None:
            self._is_ending = True  # it did not wait for its answer
            return
        if self._is_idle:
            self._expect(limits.HTTP_HEAD_MS_MAX, "the head of its request did not come in time")
        self._raw.append(memoryview(data))
        self._turns.begin(self)
        self._socket.set_busy(bool(self._raw))

    def go_on(self, until_s: float) -> bool:
        """Read some of what arrived, slice by slice; return whether more can be read.

        A few bytes may be a chunk of a body, and reading one costs as much as a request.
        """
        while self._raw and self._answering is None and not self._is_gone:
            self._take_in(self._slice())
            if self._turns.now_s() >= until_s:
                break
        if self._answering is not None and self._raw:
            self._is_ending = True  # it did not wait for its answer
            self._raw.clear()
        if not self._raw:
            self._socket.set_busy(False)
        return bool(self._raw)

    def _slice(self) -> memoryview:
        first = self._raw.popleft()
        is_plain = self._head is not None and not self._is_chunked
        size_bytes = limits.HTTP_SLICE_BYTES if is_plain else limits.WEB_SLICE_BYTES
        if len(first) > size_bytes:
            self._raw.appendleft(first[size_bytes:])
        return first[:size_bytes]

    def _take_in(self, data: memoryview) -> None:
        try:
            self._parser.receive_data(bytes(data))
            self._read()
        except h11.RemoteProtocolError as error:
            self._refuse(HttpRefusal(error.error_status_hint, str(error)))
        except HttpRefusal as error:
            self._refuse(error)
        except FloError as error:
            self._refuse(error)

    @property
    def _is_idle(self) -> bool:
        return self._head is None and not self._parser.trailing_data[0]

    def _read(self) -> None:
        while True:
            event = self._parser.next_event()
            if isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._take(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._end_request()
                return
            elif isinstance(event, h11.ConnectionClosed):
                self._hang_up()
                return
            else:
                return

    def _begin(self, head: h11.Request) -> None:
        """The head is whole: refuse what may not go on to its body."""
        self._head = head
        _check_head(head)
        headers = dict(head.headers)
        self._is_chunked = b"transfer-encoding" in headers
        length = headers.get(b"content-length", b"0")
        self._check_size(int(length))
        self._expect(limits.HTTP_BODY_MS_MAX, "the body of its request did not come in time")
        if self._parser.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))

    def _take(self, data: bytes) -> None:
        self._check_size(len(self._body) + len(data))
        load = self._server.load
        if load.held_bytes + len(data) > load.bytes_max:
            raise OverloadedError("too much is in flight; send this again later")
        load.held_bytes += len(data)
        self._held_bytes += len(data)
        self._body += data

    def _check_size(self, size_bytes: int) -> None:
        size_bytes_max = self._server.frame_bytes_max * limits.HTTP_BODY_FACTOR
        if size_bytes > size_bytes_max:
            raise HttpRefusal(
                413, f"a body of {size_bytes} bytes; at most {size_bytes_max} are allowed"
            )

    def _end_request(self) -> None:
        """The request is whole: answer it."""
        self._expect(None)
        if self._parser.trailing_data[0]:
            self._is_ending = True
        request = self._request()
        self._answering = self._loop.create_task(self._answer(request))

    def _request(self) -> HttpRequest:
        assert self._head is not None, "a request was begun"
        path, _, query = self._head.target.decode("ascii").partition("?")
        try:
            fields = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
        except ValueError as error:
            raise HttpRefusal(400, f"the query cannot be read: {error}") from None
        return HttpRequest(
            self._head.method.decode("ascii"),
            path,
            dict(fields),
            {name.decode(): value.decode("latin-1") for name, value in self._head.headers},
            bytes(self._body),
            self._socket.peer(Door.HTTP),
        )

    # What is answered

    async def _answer(self, request: HttpRequest) -> None:
        common = self._visit.headers_for(request)
        try:
            answer = await self._visit.answer(request)
        except (FloError, HttpRefusal) as error:
            answer = problem_response(error)
        except Exception:
            log.exception("%s: %s %s failed", self._socket, request.method, request.path)
            answer = problem_response(InternalServerError("the server failed; its log says why"))
        if self._is_gone:
            return
        if isinstance(answer, HttpResponse):
            self._send_whole(answer, common, is_head=request.method == "HEAD")
        else:
            await self._send_events(answer, common)
        self._next()

    def _send_whole(self, answer: HttpResponse, common: Headers, *, is_head: bool) -> None:
        body = [answer.body, *answer.more]
        headers = [*answer.headers, ("Content-Length", str(sum(map(len, body))))]
        if answer.body:
            headers.append(("Content-Type", answer.content_type))
        self._send_head(answer.status, (*headers, *common))
        if answer.body and not is_head:
            self._send_body(body)
        self._send(h11.EndOfMessage())

    def _send_body(self, body: list[bytes]) -> None:
        """Send a body: a small one in one piece, a large one in the pieces that it has."""
        if sum(map(len, body)) <= limits.COPIED_BYTES_MAX:
            body = [b"".join(body)]
        for piece in body:
            self._parser.send_with_data_passthrough(h11.Data(data=piece))  # it travels as it is
        if not self._socket.transport.is_closing():
            self._socket.write_pieces(body)

    async def _send_events(self, answer: EventResponse, common: Headers) -> None:
        self._send_head(200, (*EVENTS, *answer.headers, *common))
        async for event in answer.events:
            await self._may_write.wait()
            self._send(h11.Data(data=event))
        self._send(h11.EndOfMessage())

    def _send_head(self, status: int, headers: Headers) -> None:
        common = [*COMMON, ("Date", formatdate(usegmt=True))]
        if self._is_ending:
            common.append(("Connection", "close"))
        self._send(
            h11.Response(
                status_code=status, headers=[*headers, *common], reason=title_of(status).encode()
            )
        )

    def _send(self, event: h11.Event) -> None:
        data = self._parser.send(event)
        if data and not self._socket.transport.is_closing():
            self._socket.write(data)

    def _refuse(self, error: FloError | HttpRefusal) -> None:
        """Answer with an error, and read nothing more on this connection."""
        log.info("%s: refused: %s", self._socket, error)
        self._is_ending = True
        if self._parser.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            is_head = self._head is not None and self._head.method == b"HEAD"
            self._send_whole(problem_response(error), (), is_head=is_head)
        self._hang_up()

    def _next(self) -> None:
        """The answer is sent: wait for the next request, or end."""
        self._answering = None
        self._let_go()
        if self._is_ending or self._parser.our_state is not h11.DONE:
            self._hang_up()
            return
        self._parser.start_next_cycle()
        self._head = None
        self._expect(limits.HTTP_IDLE_MS_MAX, None)

    def _let_go(self) -> None:
        self._server.load.held_bytes -= self._held_bytes
        self._held_bytes = 0
        self._body = bytearray()

    # Time

    def _expect(self, within_ms: int | None, complaint: str | None = None) -> None:
        """Limit the time until the next input: then complain, if told to, and close."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if within_ms is not None:
            self._deadline = self._loop.call_later(within_ms / 1000, self._time_up, complaint)

    def _time_up(self, complaint: str | None) -> None:
        if complaint is None:
            self._hang_up()
        else:
            self._refuse(HttpRefusal(408, complaint, code="timeout"))

    def _paused(self, is_paused: bool) -> None:
        """The reader is slow, or has caught up."""
        if is_paused:
            self._may_write.clear()
        else:
            self._may_write.set()

    # The end

    def _hang_up(self) -> None:
        """All is sent. Ignore what still comes: a reset would destroy what we sent last."""
        self._forget()
        transport = self._socket.transport
        if transport.is_closing():
            return
        if transport.can_write_eof():
            self._socket.write_eof()
            self._deadline = self._loop.call_later(limits.CLOSE_MS_MAX / 1000, self._socket.abort)
        else:
            self._socket.close()

    def close(self, reason: FloError) -> None:  # an answer under way says its own
        """End the connection: at once, or with the answer that is under way."""
        self._is_ending = True
        if self._answering is None and not self._is_gone:
            self._forget()
            self._socket.close()

    def connection_lost(self) -> None:
        """The socket is closed, or about to be."""
        self._forget()

    def _forget(self) -> None:
        self._is_gone = True
        self._raw.clear()
        self._expect(None)
        self._let_go()
        if self._answering is not None:
            self._answering.cancel()
            self._answering = None
        self._visit.close()


def _check_head(head: h11.Request) -> None:
    """Refuse what is too large, and what two readers could take for different requests."""
    size_bytes = len(head.target) + sum(
        len(name) + len(value) + _AROUND_A_HEADER for name, value in head.headers
    )
    if size_bytes > limits.HTTP_HEAD_BYTES_MAX:
        raise HttpRefusal(
            431, f"a head of {size_bytes} bytes; at most {limits.HTTP_HEAD_BYTES_MAX} are allowed"
        )
    if head.http_version not in (b"1.0", b"1.1"):
        raise HttpRefusal(505, "this server speaks only HTTP of version 1")
    names = [name for name, _ in head.headers]
    if b"content-length" in names and b"transfer-encoding" in names:
        raise HttpRefusal(400, "Content-Length and Transfer-Encoding are both given; give one")
    twice = {name.decode() for name in names if names.count(name) > 1} & {
        name.decode() for name in ONCE_ONLY
    }
    if twice:
        raise HttpRefusal(400, f"{min(twice)} is given twice")
    if not head.target.startswith(b"/") and head.target != b"*":
        raise HttpRefusal(400, "the target must be a path")
