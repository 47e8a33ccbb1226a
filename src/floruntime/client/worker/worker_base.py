"""What `ActionWorker` and `StreamWorker` have in common: their settings, and how they are run.

A worker is started, works until it is told to stop, and ends; it can be started again then. It may
be made where no loop runs, run in one loop after the other, and made in a process that forks.
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
    """A name for a worker or consumer that nobody else has: host, process, and chance."""
    return f"{socket.gethostname()[:100]}-{os.getpid()}-{secrets.token_hex(4)}"


class WorkerBase(ABC):
    """A worker of some kind. `endpoint` is as for `FloClient`, or a connected `FloClient`.

    `await worker.start()` works until it is stopped; `async with worker:` works in the background
    of its block.
    """

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
        #: Set while it is known to the server and takes work.
        self.at_work = Flag()
        self._given_name = None if name is None else check_name_of_worker(name)
        self._made_name = new_name()
        self._made_in = os.getpid()
        self._timeout_ms = check_duration("timeout_ms", timeout_ms, low=1)
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
        """Where it works; an address may say token, namespace and TLS, too."""
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
        """A decorator: call this function, plain or async, before the first work is taken.

        It gets the worker's client, if it has a parameter; a plain one runs in a thread, and gets
        that of `floruntime.sync`. Several are called in order. What one raises, `start()` raises.

        Raises `BadRequestError` on what is no function.
        """
        self._at_start.append(check_function("on_start", function))
        return function

    def on_stop(self, function: H) -> H:
        """A decorator: call this function, plain or async, when the last work is done.

        It is called as those of `on_start` are, once they have run, however the worker ends, and
        while it is still connected. What one raises is logged, and the others are called.

        Raises `BadRequestError` on what is no function.
        """
        self._at_stop.append(check_function("on_stop", function))
        return function

    @property
    def name(self) -> str:
        """The name that it was given; else one made up, another one in each process."""
        if self._given_name is not None:
            return self._given_name
        if self._made_in != os.getpid():  # it was made before a fork
            self._made_name, self._made_in = new_name(), os.getpid()
        return self._made_name

    @property
    def handles_signals(self) -> bool:
        """Whether SIGINT and SIGTERM stop it."""
        return self._handle_signals

    @property
    @abstractmethod
    def works_on(self) -> dict[str, list[str]]:
        """What it does: names by their kind ("actions", say), for people."""

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._loop is not None

    async def start(self) -> None:
        """Work until `stop()`, SIGINT, SIGTERM or a drain from outside; then end in good order.

        Raises what makes work impossible: no server at the start, a refused token. Everything
        that time may heal is waited out, a lost connection above all.
        """
        await live(self, Setting())

    def use_own_connection(self) -> None:
        """Leave the client that it was made on, for a connection of its own to the same server."""
        client = self.endpoint
        if isinstance(client, BaseClient):
            self.endpoint, self.token, self.tls = client.endpoint, client.calls.token, client.tls

    def stop(self) -> None:
        """Take no new work, finish what is in hand, and let `start()` return. From any thread."""
        self._is_stopping = True
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._stop_life)

    def _stop_life(self) -> None:
        for life in self._lives:
            life.stop()

    async def close(self) -> None:
        """`stop()`, and wait until the worker has ended."""
        if self.is_running:
            self.stop()
            await self._ended.wait()

    async def drain(self) -> None:
        """Another name for `close`; raises what that raises."""
        await self.close()

    async def __aenter__(self) -> Self:
        """Work in the background, from here on to the end of the block. Raises as `start` does."""
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
        """What it does, side by side. Raises `BadRequestError` if it has nothing to do."""

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


def check_name_of_worker(name: str) -> str:
    """`name`, if a worker or consumer may be called that."""
    check_name("name", name)
    return name


async def live(worker: WorkerBase, setting: Setting) -> None:
    """One life of `worker`: what `start()` does, in a setting that may be another than its own."""
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
