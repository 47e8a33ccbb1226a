"""One link to a server: the greeting, then requests one way and answers the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from floruntime.client.link.pulse import Pulse, UnderWay
from floruntime.client.link.reasons import NO_GREETING, reason_of
from floruntime.client.link.transports.protocol import Link, Transport
from floruntime.core import wire
from floruntime.core.errors import ConnectionFailedError, FloError, ProtocolError
from floruntime.core.system import Hello, Ping, Welcome

GREETING_ID = 0
"""The id of the greeting, and afterwards of probes: nobody waits for their answers."""


class Owner(Protocol):
    """The owner of a connection: takes its answers, and is notified of its loss."""

    def receive(self, body: bytes) -> None:
        """Take an answer. Raises `ProtocolError` if `body` is not one."""
        ...

    def under_way(self) -> UnderWay | None:
        """What is under way; `None` where nothing is."""
        ...

    def lost(self, connection: Connection, error: FloError) -> None:
        """The connection was lost after its greeting."""
        ...


class Connection:
    """A greeted link. It ends once: by `close`, or by telling its owner that it is lost.

    Some transports promise never to be silent for longer than `quiet_ms_max`. Then the connection
    sends a ping at once, which tells the server of that promise. It sends another one whenever it
    has sent nothing for half that time.
    """

    def __init__(self, owner: Owner, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._owner = owner
        self._pulse = Pulse(timeout_s, self)
        self._link: Link | None = None
        self._outgoing: list[bytes] = []
        self._greeting: asyncio.Future[Welcome] | None = self._loop.create_future()
        self._namespace = ""
        self._quiet_ms_max = 0
        self._has_sent = False
        self._promise: asyncio.TimerHandle | None = None
        self.is_over = False

    @property
    def silent_s(self) -> float:
        """For how long nothing came."""
        return self._pulse.silent_s

    async def open(
        self,
        transport: Transport,
        hello: Hello,
        namespace: str,
        within_s: float,
        sent: Callable[[], None],
    ) -> Welcome:
        """Connect and greet; `sent` is called once the hello is on its way. Raises the server's
        refusal or `ConnectionFailedError`.
        """
        try:
            async with asyncio.timeout(within_s):
                return await self._greet(transport, hello, namespace, sent)
        except FloError:
            await self.close()
            raise
        except TimeoutError:
            await self.close()
            told_s = f"{round(within_s, 3):g}"
            raise ConnectionFailedError(f"no answer came within {told_s} s") from None
        except (OSError, UnicodeError) as error:
            await self.close()
            raise ConnectionFailedError(reason_of(error)) from error
        except BaseException:
            await self.close()
            raise

    async def _greet(
        self, transport: Transport, hello: Hello, namespace: str, sent: Callable[[], None]
    ) -> Welcome:
        assert self._greeting is not None
        self._namespace = namespace
        self._link = await transport.connect(self._receive, self._link_lost)
        self._link.send([wire.encode_request(GREETING_ID, namespace, 0, hello)])
        sent()
        welcome = await self._greeting
        self._quiet_ms_max = transport.quiet_ms_max
        if self._quiet_ms_max and not self.is_over:
            self._keep_promise(self._quiet_ms_max / 2000)
        return welcome

    def _keep_promise(self, quiet_s: float) -> None:
        """Send a ping if nothing was sent for `quiet_s`, half the time that was promised."""
        if not self._has_sent:
            self._pulse.ask()
        self._has_sent = False
        self._promise = self._loop.call_later(quiet_s, self._keep_promise, quiet_s)

    def give_to(self, owner: Owner) -> None:
        """Make `owner` the owner from now on."""
        self._owner = owner

    def send(self, body: bytes, due_s: float) -> None:
        """Send one request, whose answer is due at `due_s`. All requests of one turn of the event
        loop are sent together.
        """
        if not self._outgoing:
            self._loop.call_soon(self.flush)
        self._outgoing.append(body)
        self._has_sent = True
        self._pulse.expect(due_s)

    async def close(self) -> None:
        """End the link; nothing is called back afterwards."""
        self._end()
        if self._link is not None:
            await self._link.wait_closed()

    def _end(self) -> None:
        self.is_over = True
        self._outgoing.clear()
        self._pulse.stop()
        if self._promise is not None:
            self._promise.cancel()
        if self._link is not None:
            self._link.close()

    def flush(self) -> None:
        """Send the collected requests now. Otherwise they are sent at the end of the turn."""
        outgoing, self._outgoing = self._outgoing, []
        if outgoing and not self.is_over and self._link is not None:
            self._link.send(outgoing)

    def _receive(self, bodies: list[bytes]) -> None:
        if self.is_over:
            return
        self._pulse.heard()
        try:
            for body in bodies:
                self._take(body)
        except ProtocolError as error:
            self._lose(error)

    def _take(self, body: bytes) -> None:
        if self._greeting is None:
            self._owner.receive(body)
            return
        greeting, self._greeting = self._greeting, None
        if greeting.done():
            return
        answer = wire.decode_answer(body)
        if answer.error is not None:
            greeting.set_exception(wire.raised(answer.error))
        else:
            greeting.set_result(wire.decode_reply(Hello("", ""), answer.result))

    # What its pulse asks of it

    def under_way(self) -> UnderWay | None:
        """What is under way; `None` where nothing is."""
        return self._owner.under_way()

    def ask(self) -> None:
        """Ask for a sign of life."""
        if not self.is_over and self._link is not None:
            ping = Ping(self._quiet_ms_max)
            self._link.send([wire.encode_request(GREETING_ID, self._namespace, 0, ping)])

    def silent(self, silent_s: float) -> None:
        """The peer gave no sign of life for so long."""
        text = f"the server gives no sign of life: nothing came for {silent_s:.1f} s"
        self._lose(ConnectionFailedError(text, ran="maybe"))

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
            self._owner.lost(self, error)
