"""One link to a server: the greeting, then requests one way and answers the other."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

from floruntime.client.link.transports.protocol import Link, Transport
from floruntime.core import wire
from floruntime.core.errors import ConnectionFailedError, FloError, ProtocolError
from floruntime.core.system import Hello, Ping, Welcome

GREETING_ID = 0
"""The id of the greeting, and afterwards of probes: nobody waits for their answers."""

TIMER_SLACK_S = 0.001
"""A timer may fire this much early."""


NO_GREETING = "it broke before the greeting; is this a Flo server, and is TLS on at both ends?"


def _reason(error: OSError | UnicodeError) -> str:
    """Why there is no connection, in words that help."""
    if isinstance(error, ConnectionResetError):
        return NO_GREETING
    text = str(error)  # of each address, where a host has several
    if f"[Errno {errno.ECONNREFUSED}]" in text:
        return "connection refused; is a server running there?"
    return text or type(error).__name__


class Connection:
    """A greeted link. It ends once: by `close`, or by calling `on_lost`."""

    def __init__(
        self, on_body: Callable[[bytes], None], on_lost: Callable[[Connection, FloError], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_body = on_body
        self._on_lost = on_lost
        self._link: Link | None = None
        self._outgoing: list[bytes] = []
        self._greeting: asyncio.Future[Welcome] | None = self._loop.create_future()
        self._namespace = ""
        self._probe: asyncio.TimerHandle | None = None
        self._received_s = self._loop.time()
        self.is_over = False

    async def open(
        self, transport: Transport, hello: Hello, namespace: str, timeout_s: float
    ) -> Welcome:
        """Connect and greet. Raises the server's refusal or `ConnectionFailedError`."""
        assert self._greeting is not None
        self._namespace = namespace
        try:
            async with asyncio.timeout(timeout_s):
                self._link = await transport.connect(self._receive, self._link_lost)
                request = wire.encode_request(GREETING_ID, namespace, 0, hello)
                self._link.send([request])
                return await self._greeting
        except TimeoutError:
            await self.close()
            raise ConnectionFailedError(f"no answer came within {timeout_s:g} s") from None
        except (OSError, UnicodeError) as error:
            await self.close()
            raise ConnectionFailedError(_reason(error)) from error
        except BaseException:
            await self.close()
            raise

    def send(self, body: bytes) -> None:
        """Send one request; those of one turn of the event loop go out together."""
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(body)

    def suspect(self, timeout_s: float) -> None:
        """A call timed out: unless something came meanwhile, see whether the peer still lives."""
        is_silent = self._loop.time() - self._received_s >= timeout_s - TIMER_SLACK_S
        if is_silent and self._probe is None and not self.is_over:
            self.send(wire.encode_request(GREETING_ID, self._namespace, 0, Ping()))
            self._probe = self._loop.call_later(timeout_s, self._judge_probe, self._received_s)

    async def close(self) -> None:
        """End the link; nothing is called back afterwards."""
        self._end()
        if self._link is not None:
            await self._link.wait_closed()

    def _end(self) -> None:
        self.is_over = True
        self._outgoing.clear()
        if self._probe is not None:
            self._probe.cancel()
        if self._link is not None:
            self._link.close()

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if outgoing and not self.is_over and self._link is not None:
            self._link.send(outgoing)

    def _receive(self, bodies: list[bytes]) -> None:
        if self.is_over:
            return
        self._received_s = self._loop.time()
        try:
            for body in bodies:
                self._take(body)
        except ProtocolError as error:
            self._lose(error)

    def _take(self, body: bytes) -> None:
        if self._greeting is None:
            self._on_body(body)
            return
        greeting, self._greeting = self._greeting, None
        if greeting.done():
            return
        answer = wire.decode_answer(body)
        if answer.error is not None:
            greeting.set_exception(wire.raised(answer.error))
        else:
            greeting.set_result(wire.decode_reply(Hello("", ""), answer.result))

    def _judge_probe(self, received_s: float) -> None:
        self._probe = None
        if self._received_s == received_s:
            self._lose(ConnectionFailedError("the server gives no sign of life", ran="maybe"))

    def _link_lost(self, reason: FloError | None) -> None:
        text = NO_GREETING if self._greeting is not None else "the connection broke"
        self._lose(reason or ConnectionFailedError(text, ran="maybe"))

    def _lose(self, error: FloError) -> None:
        if self.is_over:
            return
        self._end()
        greeting, self._greeting = self._greeting, None
        if greeting is not None and not greeting.done():
            greeting.set_exception(error)
        else:
            self._on_lost(self, error)
