"""What all workers have in common: their settings, and how they are run.

A worker is started, works until it is told to stop, and ends; then it can be started again. It may
be made while no loop runs, run in several loops in turn, and made in a process that forks later.
Everything that belongs to one run is a `Life`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from floruntime.client.base import BaseClient
from floruntime.client.link.address import address_in, read_address
from floruntime.client.link.token import Token
from floruntime.client.worker import signals
from floruntime.client.worker.flag import Flag
from floruntime.client.worker.handlers import Function
from floruntime.client.worker.hooks import call_hooks, call_last_hooks, check_function
from floruntime.client.worker.life import Life, Plan, Setting, run_all
from floruntime.client.worker.own_client import OwnClient
from floruntime.core.defaults import LEFT_OUT, NAMESPACE
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import (
    BLOCK_MS_MAX,
    LIMIT_MAX,
    check_duration,
    check_flag,
    check_name,
    check_namespace,
    check_range,
)

CALL_TIMEOUT_MS = 10_000
H = TypeVar("H", bound=Callable[..., Any])


def new_name() -> str:
    """Make up a unique name for a worker or consumer: host, process, and a random part."""
    return f"{socket.gethostname()[:100]}-{os.getpid()}-{secrets.token_hex(4)}"


class WorkerBase(ABC):
    """A worker of some kind. `endpoint` is as for `FloClient`, or a connected `FloClient`.

    `await worker.start()` works until it is stopped. `async with worker:` works in the background
    of its block.
    """

    #: What these options are called of a worker of this kind.
    _name_option = "worker_id"
    _timeout_option = "message_timeout_ms"

    def __init__(
        self,
        endpoint: str | BaseClient,
        *,
        namespace: str | None,
        token: Token | None,
        tls: bool | ssl.SSLContext | None,
        name: str | None,
        concurrency: int,
        timeout_ms: int,
        block_ms: int,
        auto_touch: bool,
        drain_timeout_ms: int,
        handle_signals: bool,
    ) -> None:
        self.token = token
        self.tls = tls
        self.endpoint: str | BaseClient = self._placed(endpoint)
        if namespace is None:
            namespace = self._said_namespace
        self.namespace = check_namespace(NAMESPACE if namespace is None else namespace)
        self.concurrency = check_range("concurrency", concurrency, 1, LIMIT_MAX)
        #: Set while the worker is registered with the server and takes work.
        self.at_work = Flag()
        if name is not None:
            check_name(self._name_option, name)
        self._given_name = name
        self._made_name = new_name()
        self._made_in = os.getpid()
        self._timeout_ms = check_duration(self._timeout_option, timeout_ms, low=1)
        self._block_ms = check_range("block_ms", block_ms, 1, BLOCK_MS_MAX)
        self._auto_touch = check_flag("auto_touch", auto_touch)
        self._drain_timeout_ms = check_duration("drain_timeout_ms", drain_timeout_ms)
        self._handle_signals = check_flag("handle_signals", handle_signals)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lives: list[Life] = []
        self._ended = Flag()
        self._is_stopping = False
        self._working: asyncio.Task[None] | None = None
        self._at_start: list[Function] = []
        self._at_stop: list[Function] = []

    def _placed(self, endpoint: str | BaseClient) -> str | BaseClient:
        """Where it works; an address may also hold a token, a namespace and TLS."""
        self._said_namespace: str | None = None
        if isinstance(endpoint, BaseClient):
            self._said_namespace = endpoint.namespace
            return endpoint
        address = address_in(os.environ) if endpoint is LEFT_OUT else read_address(endpoint)
        self._said_namespace = address.namespace
        if self.token is None:
            self.token = address.token
        if self.tls is None and address.tls:
            self.tls = address.tls.context()
        return address.endpoint

    def on_start(self, function: H) -> H:
        """Decorate a function, plain or async, to be called before the worker takes its first work.

        If the function has a parameter, it gets the worker's client. A plain function runs in a
        thread, and gets the client of `floruntime.sync`. Several functions are called in order. If
        one raises, `start()` raises the same error.

        Raises `BadRequestError` if it is not a function.
        """
        self._at_start.append(check_function("on_start", function))
        return function

    def on_stop(self, function: H) -> H:
        """Decorate a function, plain or async, to be called when the worker's last work is done.

        It is called like those of `on_start`. It runs while the worker is still connected, however
        the worker ends, if the functions of `on_start` have run. If one raises, the error is
        logged, and the others are called.

        Raises `BadRequestError` if it is not a function.
        """
        self._at_stop.append(check_function("on_stop", function))
        return function

    @property
    def name(self) -> str:
        """The name that it was given; otherwise one is made up, in each process another."""
        if self._given_name is not None:
            return self._given_name
        if self._made_in != os.getpid():  # the worker was made before a fork
            self._made_name, self._made_in = new_name(), os.getpid()
        return self._made_name

    @property
    def handles_signals(self) -> bool:
        """Whether SIGINT and SIGTERM stop it."""
        return self._handle_signals

    @property
    @abstractmethod
    def works_on(self) -> dict[str, list[str]]:
        """What it works on: names by their kind (such as "actions"), for people."""

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._loop is not None

    async def start(self) -> None:
        """Work until `stop()`, SIGINT, SIGTERM or a drain from outside; then end in good order.

        Raises what makes work impossible: no server at the start, or a refused token. It waits out
        everything that may pass, above all a lost connection.
        """
        await live(self, Setting())

    def use_own_connection(self) -> None:
        """Leave the client that it was made on, for an own connection to the same server."""
        client = self.endpoint
        if isinstance(client, BaseClient):
            self.endpoint, self.token, self.tls = client.endpoint, client.calls.token, client.tls

    def stop(self) -> None:
        """Take no new work, finish what has begun, and let `start()` return. From any thread."""
        self._is_stopping = True
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._stop_life)

    def _stop_life(self) -> None:
        for life in self._lives:
            life.stop()

    async def close(self) -> None:
        """Call `stop()`, and wait until the worker has ended."""
        if self.is_running:
            self.stop()
            await self._ended.wait()

    async def drain(self) -> None:
        """Another name for `close`; raises what that raises."""
        await self.close()

    async def __aenter__(self) -> Self:
        """Work in the background until the end of the block. Raises what `start` raises."""
        self._working = working = asyncio.create_task(self.start())
        ready = asyncio.create_task(self.at_work.wait())
        try:
            await asyncio.wait({working, ready}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            working.cancel()
            raise
        finally:
            ready.cancel()
        if working.done():
            await working
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
        if self._working is not None:
            await self._working

    @abstractmethod
    def _new_lives(self, plan: Plan, client: BaseClient, setting: Setting) -> list[Life]:
        """The lives that run side by side. Raises `BadRequestError` if there is nothing to do."""

    def _refuse_while_running(self, what: str) -> None:
        if self.is_running:
            raise BadRequestError(f"the worker is running; name {what} before start()")

    def _plan(self) -> Plan:
        return Plan(
            self.name,
            self.namespace,
            self.concurrency,
            self._timeout_ms,
            self._block_ms,
            self._auto_touch,
            self._drain_timeout_ms,
        )


async def live(worker: WorkerBase, setting: Setting) -> None:
    """Run one life of `worker`: what `start()` does, possibly in another setting than its own."""
    if worker.is_running:
        raise BadRequestError(f"the worker {worker.name} is running already")
    worker._loop = asyncio.get_running_loop()
    worker._ended.clear()
    stop_listening = signals.listen(worker.stop) if worker._handle_signals else None
    try:
        if not worker._is_stopping:
            await _live_connected(worker, setting)
    finally:
        if stop_listening is not None:
            stop_listening()
        worker.at_work.clear()
        worker._loop = None
        worker._lives = []
        worker._is_stopping = False
        worker._ended.set()


async def _live_connected(worker: WorkerBase, setting: Setting) -> None:
    endpoint = worker.endpoint if setting.endpoint is None else setting.endpoint
    client = endpoint if isinstance(endpoint, BaseClient) else _own_client(worker, endpoint)
    await client.connect()
    try:
        worker._lives = lives = worker._new_lives(worker._plan(), client, setting)
        for life in lives:
            setting.on_begin(life)
        own = OwnClient(client, worker.namespace)
        await call_hooks(worker._at_start, own)
        if worker._is_stopping:
            worker._stop_life()
        try:
            await run_all(lives, worker.at_work.set)
        finally:
            await call_last_hooks(worker._at_stop, own)
    finally:
        if client is not endpoint:
            await client.close()


def _own_client(worker: WorkerBase, endpoint: str) -> BaseClient:
    return BaseClient(
        endpoint,
        namespace=worker.namespace,
        timeout_ms=CALL_TIMEOUT_MS,
        token=worker.token,
        tls=worker.tls,
    )
