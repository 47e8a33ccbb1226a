"""Keeps a client connected: it connects, and reconnects with back-off after a loss.

If the client has a route to another node of the cluster, that takes the lost connection's place.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Callable
from typing import Protocol

from floruntime.client.link.call import Call
from floruntime.client.link.connection import Connection
from floruntime.client.link.exchange import Exchange
from floruntime.client.link.greeting import Greeted, greeted
from floruntime.client.link.pulse import UnderWay
from floruntime.client.link.reads import Reads
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.routes.keeper import Promoted, RouteKeeper
from floruntime.client.link.token import Token, TokenSource
from floruntime.client.link.transports.protocol import Learns, Reaches, Transport
from floruntime.core.errors import (
    ConnectionFailedError,
    FloError,
    NotConnectedError,
    OverloadedError,
    ProtocolError,
    Ran,
    RequestTimeoutError,
    UnavailableError,
)
from floruntime.core.system import Hello
from floruntime.core.version import VERSION

log = logging.getLogger("floruntime.client")

PASSING = (ConnectionFailedError, OverloadedError, UnavailableError)
"""Errors with which one node refuses a client that another node may accept."""
TIMER_SLACK_S = 0.001
"""A timer may fire this much early."""


class Owner(Protocol):
    """Is notified when the link is up, lost or refused."""

    def connected(self) -> None:
        """The link is up, for the first time or again."""
        ...

    def disconnected(self, reason: FloError) -> None:
        """The link is lost; the channel is reconnecting."""
        ...

    def ended(self, refusal: FloError) -> None:
        """The server refused the client permanently: the channel does not reconnect."""
        ...


class Channel:
    """Accepts calls between `open` and `close`, also while the link is being made again.

    It belongs to the event loop and the process in which it was created.
    """

    def __init__(
        self,
        transport: Transport,
        owner: Owner,
        *,
        endpoint: str,
        namespace: str,
        token: Token | None,
        timeout_s: float,
        retry: RetryPolicy,
        reads: Reads,
    ) -> None:
        self._transport = transport
        self._owner = owner
        self._endpoint = endpoint
        self._namespace = namespace
        self._token = TokenSource(token, timeout_s)
        self._timeout_s = timeout_s
        self._retry = retry
        self.loop = asyncio.get_running_loop()
        self.process = os.getpid()
        want = self._want_route if isinstance(transport, Reaches) else None
        self._exchange = Exchange(self.loop.time, reads, want)
        self._routes = RouteKeeper(transport, self._exchange, namespace, timeout_s)
        self._connection: Connection | None = None
        self._reconnecting: asyncio.Task[None] | None = None
        self._last_error: FloError | None = None
        self._lost_s = 0.0
        self._failures = 0
        #: How many hellos were sent since the channel began to connect.
        self._hellos = 0
        self._up_since_s = 0.0
        #: What was logged last. The same text is not logged twice in a row.
        self._said = ""
        self._is_loss_told = False
        #: The history that the server's state belonged to when it last greeted.
        self._history = ""
        self.is_open = False

    @property
    def is_connected(self) -> bool:
        """Whether the link is up at this moment."""
        return self._connection is not None

    async def open(self) -> None:
        """Connect. Raises the server's refusal or `ConnectionFailedError`."""
        await self._transport.prepare()
        try:
            await self._dial()
        except BaseException:
            await self._transport.release()
            raise
        self.is_open = True
        if self._connection is None:  # lost before this task went on
            self._begin_reconnecting()

    async def close(self) -> None:
        """Fail the calls under way, and end every connection and task."""
        self.is_open = False
        self._exchange.fail_all(lambda ran: NotConnectedError("the client was closed", ran=ran))
        self._exchange.link_down("the client was closed")
        if self._reconnecting is not None:
            self._reconnecting.cancel()
            await asyncio.gather(self._reconnecting, return_exceptions=True)
            self._reconnecting = None
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
        await self._routes.close()
        await self._transport.release()

    # Calls

    def submit(self, call: Call) -> None:
        """Send `call` now or as soon as it may go."""
        self._exchange.submit(call)

    def flush(self) -> None:
        """Send what was to go out at the end of this turn of the event loop."""
        if self._connection is not None:
            self._connection.flush()

    def abandon(self, call: Call) -> None:
        """The caller waits no longer."""
        self._exchange.abandon(call)

    def end_wait(self, call: Call) -> None:
        """Let the long poll `call` be answered now."""
        self._exchange.end_wait(call)

    def time_out(self, call: Call, timeout_ms: int) -> None:
        """Fail `call`, whose time is up; a late answer is dropped."""
        if call.future is not None and call.future.done():
            return
        error = RequestTimeoutError(self._what_is_known(call, timeout_ms), ran=call.ran)
        error.__cause__ = None if self._connection is not None else self._last_error
        self._exchange.abandon(call)
        call.fail(error)

    def _what_is_known(self, call: Call, timeout_ms: int) -> str:
        """Why there is no answer, as far as this end can tell."""
        name = type(call.request).__name__
        happened = (
            f"no answer to {name} came from {self._endpoint} within {timeout_ms} ms"
            if call.was_sent
            else f"{name} was not sent within {timeout_ms} ms"
        )
        if self._connection is None:
            reason = "" if self._last_error is None else f": {self._last_error.message}"
            return f"{happened}: no connection to {self._endpoint}{reason}"
        held = "" if call.was_sent else f": {self._exchange.why_held(call)}"
        return f"{happened}{held}{self._what_went_wrong(timeout_ms / 1000)}"

    def _what_went_wrong(self, within_s: float) -> str:
        """What went wrong lately on a link that is up, if anything."""
        assert self._connection is not None
        silent_s = self._connection.silent_s
        if silent_s >= within_s - TIMER_SLACK_S:
            return f"; nothing came for {silent_s:.1f} s"
        if self._last_error is not None and self.loop.time() - self._lost_s <= within_s:
            return f"; the connection was lost meanwhile: {self._last_error.message}"
        return ""

    # What connections tell

    def receive(self, body: bytes) -> None:
        """An answer came."""
        self._exchange.receive(body)

    def under_way(self) -> UnderWay | None:
        """What is under way on the link."""
        return self._exchange.under_way()

    def lost(self, connection: Connection, error: FloError) -> None:
        """The link ended by itself."""
        if connection is not self._connection:
            return
        self._connection = None
        self._last_error = error
        self._lost_s = self.loop.time()
        if isinstance(error, ProtocolError):
            self._exchange.fail_sent(lambda ran: ProtocolError(error.message, ran=ran))
        self._exchange.link_down(f"the connection to {self._endpoint} broke: {error.message}")
        promoted = self._routes.promote(self) if self.is_open else None
        then = (
            "connecting again"
            if promoted is None
            else (f"continuing through node {promoted.route.node}")
        )
        self._say(f"the connection to {self._endpoint} is lost: {error.message}; {then}")
        self._owner.disconnected(error)
        if promoted is not None:
            self._go_on_by(promoted)
        elif self.is_open:
            self._begin_reconnecting()

    def _go_on_by(self, promoted: Promoted) -> None:
        """Make a route that is up the first link, so that no call waits for a new one."""
        self._connection = promoted.connection
        self._is_loss_told = False
        self._up_since_s = self._lost_s
        self._exchange.promoted(promoted.route, promoted.welcome)
        self._owner.connected()

    # Connecting

    async def _dial(self) -> None:
        """Connect. If a node cannot take the client now, the next one is asked."""
        until_s = self.loop.time() + self._timeout_s
        transport = self._transport
        hellos_max = transport.nodes_total if isinstance(transport, Learns) else 1
        self._hellos = asked = 0
        is_up = False
        while not is_up:
            try:  # false: the server forgot the session; greet again with the fresh one
                is_up = await self._dial_once(until_s)
            except PASSING:
                is_last = self._hellos == asked or self._hellos >= hellos_max
                if is_last or self.loop.time() >= until_s:
                    raise
                asked = self._hellos
        self._token.taken()
        self._up_since_s = self.loop.time()
        self._owner.connected()

    async def _dial_once(self, until_s: float) -> bool:
        token = await self._token.next()
        hello = Hello(VERSION, self._exchange.session, token)
        try:
            connection, welcome = await self._greeted(hello, until_s)
        except ConnectionFailedError as error:
            raise ConnectionFailedError(
                f"cannot connect to {self._endpoint}: {error.message}"
            ) from error
        if connection.is_over:
            raise ConnectionFailedError(f"{self._endpoint} ended the connection after its greeting")
        if welcome.nodes and isinstance(self._transport, Learns):
            self._transport.learn(welcome.nodes)
        self._connection = connection
        self._notice(welcome.history)
        if not self._exchange.link_up(connection.send, welcome):
            self._connection = None
            await connection.close()
            return False
        self._routes.greeted(hello, welcome)
        return True

    def _want_route(self, node: str) -> None:
        """Calls are passed on to this node again and again."""
        if self.is_open:
            self._routes.want(node)

    async def _greeted(self, hello: Hello, until_s: float) -> Greeted:
        async def greet(within_s: float, sent: Callable[[], None]) -> Greeted:
            def counted() -> None:
                self._hellos += 1
                sent()

            connection = Connection(self, self._timeout_s)
            where = self._transport, hello, self._namespace
            return connection, await connection.open(*where, within_s, counted)

        return await greeted(greet, until_s - self.loop.time())

    def _notice(self, history: str) -> None:
        """Warn of a server that went back to an earlier state: writes may be lost."""
        if history and self._history and history != self._history:
            log.warning(
                "%s went back to an earlier state (its history is %s, it was %s): the last "
                "writes may be lost, and leases, versions and positions from before are "
                "refused",
                self._endpoint,
                history,
                self._history,
            )
        self._history = history

    def _begin_reconnecting(self) -> None:
        self._reconnecting = self.loop.create_task(self._reconnect())

    async def _reconnect(self) -> None:
        lost_s = self.loop.time()
        if self._was_of_use(lost_s):
            self._failures = 0  # otherwise the delays go on growing
            self._said = ""
        while self.is_open:
            delay_ms = self._retry.delay_ms(self._failures, random.random())
            self._failures += 1
            await asyncio.sleep(delay_ms / 1000)
            try:
                await self._dial()
            except FloError as error:
                self._reconnect_failed(error)
            else:
                self._say_back(self.loop.time() - lost_s)
                return

    def _was_of_use(self, now_s: float) -> bool:
        """Whether the link that was lost answered anything, or was up for a while."""
        is_old = now_s - self._up_since_s >= self._retry.max_delay_ms / 1000
        return is_old or self._exchange.was_of_use

    def _reconnect_failed(self, error: FloError) -> None:
        self._last_error = error
        if self._token.is_final(error):
            self._end(error)
        else:
            self._say(f"{error.message}; trying again")

    def _end(self, refusal: FloError) -> None:
        """The server refused this client permanently: no call can be answered any more."""
        self.is_open = False
        self._exchange.fail_all(lambda ran: again(refusal, ran))
        self._routes.let_go("the server refuses this client")
        log.error("%s refuses this client permanently: %s", self._endpoint, refusal.message)
        self._owner.ended(refusal)

    def _say(self, text: str) -> None:
        if self.is_open and text != self._said:
            self._said = text
            self._is_loss_told = True
            log.warning("%s", text)

    def _say_back(self, away_s: float) -> None:
        """Log that the link is back, if its loss was logged."""
        if self._is_loss_told:
            self._is_loss_told = False
            log.warning("connected to %s again, after %.1f s", self._endpoint, away_s)


def again(error: FloError, ran: Ran = "no") -> FloError:
    """The same error once more, for another caller."""
    same = type(error)(error.message, ran=ran, **error.details)
    same.__cause__ = error
    return same
