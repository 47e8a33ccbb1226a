"""Makes the requests that come over HTTP, as a client inside the server.

It has a conversation with the server, so the rules and limits of every other connection apply. It
numbers no writes, unless an `Idempotency-Key` asks for it (`once.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from floruntime.client.api.base.leases import Leases
from floruntime.client.api.base.operation import Ask, Operation
from floruntime.client.link.unsendable import what_is_unsendable
from floruntime.core import defaults
from floruntime.core.carriers import with_traceparent
from floruntime.core.errors import (
    BadRequestError,
    FloError,
    RequestTimeoutError,
    UnavailableError,
)
from floruntime.core.kv import KvJsonGet
from floruntime.core.limits import check_block, check_duration
from floruntime.core.system import Hello, Welcome
from floruntime.core.types import Command, Request
from floruntime.core.version import VERSION
from floruntime.core.wire import (
    decode_answer,
    decode_items,
    decode_reply,
    encode_request,
    item_decoder,
    raised,
)
from floruntime.server.access.grant import Grant
from floruntime.server.connections.peer import Peer
from floruntime.server.server import FloServer

R = TypeVar("R")

SESSION = "http"
"""The session name of writes that the server does not remember."""


COUNT_BYTES = 5
"""How many bytes at the start of an answer in pieces hold the number of items."""


class Pieces(NamedTuple):
    """A list as an answer: the number of its items, and the encoded items."""

    pieces: list[bytes]


class HttpCaller:
    """One conversation with the server, and the calls that wait for its answers."""

    def __init__(self, server: FloServer, peer: Peer) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last_id = 0
        self._end: FloError | None = None
        self._conversation = server.conversation(self._take, self._closed, peer)
        self._conversation.send_pieces = self._take_pieces
        self._long_work = server.long_work

    @property
    def client(self) -> str:
        """The name under which its writes are remembered; empty before it has greeted."""
        return self._conversation.client

    @property
    def grant(self) -> Grant:
        """What it may do, once it has greeted."""
        assert self._conversation.grant is not None
        return self._conversation.grant

    @property
    def is_open(self) -> bool:
        """Whether more can be asked."""
        return self._end is None

    async def greet(self, token: str | None, session: str = SESSION) -> Welcome:
        """Greet with a token. Raises the server's refusal of a bad token."""
        hello = Hello(VERSION, session, token)
        return await self.ask(hello, "default")

    async def ask(self, request: Request[R], namespace: str, *, number: int = 0) -> R:
        """Send one request, and wait for its answer."""
        if self._end is not None:
            raise self._end
        self._last_id += 1
        body = _encoded(self._last_id, namespace, number, request)
        future = self._waiting[self._last_id] = self._loop.create_future()
        self._conversation.receive([body])
        try:
            answer = await future
            if isinstance(answer, Pieces):
                return cast(R, await self._items_of(request, answer))
            return decode_reply(request, answer)
        finally:
            self._waiting.pop(self._last_id, None)

    async def _items_of(self, request: Request[Any], pieces: Pieces) -> list[Any]:
        """Join and decode a large list, so that others are served in between."""
        whole = bytearray()  # one of the whole size would be filled with zeros, in one go
        await self._long_work.each(whole.extend, pieces.pieces)
        items = decode_items(memoryview(whole))
        return await self._long_work.each(item_decoder(type(request)), items)

    def close(self) -> None:
        """End the conversation, and with it every wait at the server."""
        if self._end is None:
            self._end = UnavailableError("the connection was closed", ran="maybe")
            self._conversation.connection_lost()
            self._fail_all(self._end)

    def _take(self, bodies: list[bytes]) -> None:
        for body in bodies:
            answer = decode_answer(body)
            future = self._waiting.pop(answer.id, None)
            if future is None or future.done():
                continue
            if answer.error is None:
                future.set_result(answer.result)
            else:
                future.set_exception(raised(answer.error))

    def _take_pieces(self, pieces: list[bytes]) -> None:
        request_id = decode_answer(pieces[0][:-COUNT_BYTES] + b"\xc0").id
        future = self._waiting.pop(request_id, None)
        if future is not None and not future.done():
            future.set_result(Pieces([pieces[0][-COUNT_BYTES:], *pieces[1:]]))

    def _closed(self, reason: FloError | None) -> None:
        if self._end is None:
            self._end = reason or UnavailableError("the connection was closed", ran="maybe")
            self._fail_all(self._end)

    def _fail_all(self, error: FloError) -> None:
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(error)


class InNamespace:
    """Runs the calls of the client's API in one namespace, through an `HttpCaller`.

    `number`: the write number of the one write that may be made; `before` is run before that write.
    With 0, any number of calls may be made, and none is remembered. `traceparent`: the trace that
    its requests carry.
    """

    def __init__(
        self,
        caller: HttpCaller,
        namespace: str,
        *,
        number: int = 0,
        before: Callable[[], Awaitable[None]] | None = None,
        traceparent: str | None = None,
    ) -> None:
        self.namespace = namespace
        self.leases = Leases(0)
        self._caller = caller
        self._number = number
        self._before = before
        self._traceparent = traceparent

    def perform(self, ask: Ask[R]) -> Operation[R]:
        """Make one call."""
        return Operation(self._run(ask))

    async def _run(self, ask: Ask[R]) -> R:
        check_block(ask.block_ms)
        own_ms = defaults.TIMEOUT_MS if ask.timeout_ms is None else ask.timeout_ms
        within_ms = ask.block_ms + check_duration("timeout_ms", own_ms, low=1)
        if self._number and not isinstance(ask.request, Command):
            raise BadRequestError(
                "Idempotency-Key is given, but this call only reads; leave the header out"
            )
        if self._before is not None:
            await self._before()
        request = ask.request
        if self._traceparent is not None:
            request = with_traceparent(request, self._traceparent)
        try:
            async with asyncio.timeout(within_ms / 1000):
                answer = await self._caller.ask(request, self.namespace, number=self._number)
        except TimeoutError as error:
            if isinstance(error, FloError):
                raise
            raise RequestTimeoutError(
                f"no answer came within {within_ms} ms", ran="maybe"
            ) from None
        if isinstance(ask.request, KvJsonGet):
            return cast(R, None if answer is None else msgspec.Raw(answer))  # its numbers are exact
        return ask.finished(answer)


def _encoded(id: int, namespace: str, number: int, request: Request[Any]) -> bytes:
    try:
        return encode_request(id, namespace, number, request)
    except (UnicodeEncodeError, OverflowError) as error:
        raise BadRequestError(what_is_unsendable(request) or str(error)) from None
