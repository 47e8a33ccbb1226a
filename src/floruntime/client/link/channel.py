"""Keeps one connection up for a client: connects, and reconnects with back-off after a loss."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from floruntime.client.link.call import Call
from floruntime.client.link.connection import Connection
from floruntime.client.link.exchange import Exchange
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.transports.protocol import Transport
from floruntime.core.errors import (
    ConnectionFailedError,
    FloError,
    NotConnectedError,
    OverloadedError,
    ProtocolError,
    RequestTimeoutError,
    UnavailableError,
)
from floruntime.core.system import Hello
from floruntime.core.version import VERSION

PASSING = (ConnectionFailedError, OverloadedError, UnavailableError)
"""Failures to reconnect that time may heal; calls wait for it. Others are told to them at once."""


class Channel:
    """Between `connect` and `close`, takes calls whether the link is up or being made again."""

    def __init__(
        self,
        transport: Transport,
        *,
        endpoint: str,
        namespace: str,
        token: str | None,
        timeout_s: float,
        retry: RetryPolicy,
    ) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._namespace = namespace
        self._token = token
        self._timeout_s = timeout_s
        self._retry = retry
        self._loop = asyncio.get_running_loop()
        self._exchange = Exchange(self._loop.time)
        self._connection: Connection | None = None
        self._reconnecting: asyncio.Task[None] | None = None
        self._last_error: FloError | None = None
        self.is_open = False
        self.submit: Callable[[Call], None] = self._exchange.submit
        self.abandon: Callable[[Call], None] = self._exchange.abandon
        self.end_wait: Callable[[Call], None] = self._exchange.end_wait

    @property
    def is_connected(self) -> bool:
        """Whether the link is up at this moment."""
        return self._connection is not None

    async def open(self) -> None:
        """Connect. Raises the server's refusal or `ConnectionFailedError`."""
        try:
            await self._transport.prepare()
            await self._dial()
        except BaseException:
            await self._transport.release()
            raise
        self.is_open = True
        if self._connection is None:  # lost in the same breath
            self._begin_reconnecting()

    async def close(self) -> None:
        """Fail what is under way and leave nothing behind."""
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
        await self._transport.release()

    def time_out(self, call: Call, timeout_ms: int) -> None:
        """The time of `call` is up; a late answer is dropped."""
        if call.future is not None and call.future.done():
            return
        self._exchange.abandon(call)
        if call.was_sent and self._connection is not None:
            self._connection.suspect(self._timeout_s)
        call.fail(self._time_out_error(call, timeout_ms))

    def _time_out_error(self, call: Call, timeout_ms: int) -> RequestTimeoutError:
        name = type(call.request).__name__
        if call.was_sent:
            text = f"no answer to {name} came from {self._endpoint} within {timeout_ms} ms"
        elif self._connection is not None:
            text = f"{name} was held back for {timeout_ms} ms: too much is in flight"
        else:
            text = f"{name} was not sent within {timeout_ms} ms: no connection to {self._endpoint}"
        error = RequestTimeoutError(text, ran=call.ran)
        error.__cause__ = None if self._connection is not None else self._last_error
        return error

    async def _dial(self) -> None:
        while not await self._dial_once():
            pass  # the server forgot the session: greet again with the fresh one

    async def _dial_once(self) -> bool:
        connection = Connection(self._exchange.receive, self._lost)
        hello = Hello(VERSION, self._exchange.session, self._token)
        try:
            welcome = await connection.open(
                self._transport, hello, self._namespace, self._timeout_s
            )
        except ConnectionFailedError as error:
            raise ConnectionFailedError(
                f"cannot connect to {self._endpoint}: {error.message}"
            ) from error
        if connection.is_over:
            raise ConnectionFailedError(f"{self._endpoint} ended the connection after its greeting")
        self._connection = connection
        if not self._exchange.link_up(connection.send, welcome):
            self._connection = None
            await connection.close()
            return False
        return True

    def _lost(self, connection: Connection, error: FloError) -> None:
        if connection is not self._connection:
            return
        self._connection = None
        self._last_error = error
        if isinstance(error, ProtocolError):
            self._exchange.fail_sent(lambda ran: ProtocolError(error.message, ran=ran))
        self._exchange.link_down(f"the connection to {self._endpoint} broke: {error.message}")
        if self.is_open:
            self._begin_reconnecting()

    def _begin_reconnecting(self) -> None:
        self._reconnecting = self._loop.create_task(self._reconnect())

    async def _reconnect(self) -> None:
        attempt = 0
        while True:
            await asyncio.sleep(self._retry.delay_ms(attempt, random.random()) / 1000)
            attempt += 1
            try:
                await self._dial()
            except FloError as error:
                self._reconnect_failed(error)
            else:
                return

    def _reconnect_failed(self, error: FloError) -> None:
        self._last_error = error
        if not isinstance(error, PASSING):
            self._exchange.fail_all(lambda ran: type(error)(error.message, ran=ran))
