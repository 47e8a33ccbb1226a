"""For tests: the whole server in the test's process, with a clock that the test moves.

    async with FloTestServer() as server:
        async with server.client() as client:
            await client.kv.put("key", b"value", ttl_ms=60_000)
            await server.advance(60_000)
            assert await client.kv.get("key") is None

The clock stands still until the test moves it. Everything that is due at the time that it shows
happens. Leases, delays, TTLs, retries, schedules and waits (`block_ms`) all follow it, so a test of
hours takes milliseconds. The heartbeats and touches of workers that the test server runs follow the
clock, too:

    from myapp.emails import worker  # an ActionWorker or StreamWorker of the application

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("send-email", b"...")
        await server.advance(3_600_000)
        assert (await client.action.status(invoked.run_id)).attempt == 2

As pytest fixtures:

    @pytest.fixture
    async def flo():
        async with FloTestServer() as server, server.running(worker):
            yield server

    @pytest.fixture
    async def client(flo):
        async with flo.client() as client:
            yield client
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Unpack

from floruntime.client.client import FloClient
from floruntime.client.options import ClientOptions, WebClientOptions
from floruntime.client.web import FloClient as WebClient
from floruntime.client.worker.action_worker import ActionWorker
from floruntime.client.worker.queue_worker import QueueWorker
from floruntime.client.worker.stream_worker import StreamWorker
from floruntime.core.limits import BLOCK_MS_MAX, check_duration
from floruntime.server.clock import Handle, ManualClock
from floruntime.server.config import make_config
from floruntime.server.connections.port import Port
from floruntime.server.connections.tls import server_tls
from floruntime.server.data.storage import DiskStorage, MemoryStorage, Storage
from floruntime.server.http.listening import listen
from floruntime.server.memory import budget_bytes
from floruntime.server.server import FloServer
from floruntime.server.settings import ServerSettings

if TYPE_CHECKING:
    from floruntime.client.worker.attempts import Attempt
    from floruntime.client.worker.claim_policy import Pace
    from floruntime.client.worker.life import Life
    from floruntime.client.worker.worker_base import WorkerBase

__all__ = ["FloTestServer", "ServerSettings"]

START_MS = 1_700_000_000_000
"""A Tuesday evening in November 2023, by UTC."""
SETTLE_TURNS = 20
DELIVERY_S_MAX = 1.0
"""How long the clock waits, before it moves on, for results that are being sent."""
LOOK_S = 0.001
"""How often something that is waited for in real time is checked."""


class _TestClock(ManualClock):
    """Stands still until it is moved. Still, everything due at the time that it shows happens.

    That is as on a real server: a trigger that looks at once, a retry without a delay.
    """

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Handle:
        handle = super().call_at(when_ms, callback)
        if when_ms <= self.now_ms():
            asyncio.get_running_loop().call_soon(self._make_due_calls)
        return handle

    def _make_due_calls(self) -> None:
        while self.run_next(self.now_ms()):
            pass


class FloTestServer:
    """A server for one test.

    - `data_dir`: keep the state in this directory, on disk and synced, instead of in memory.
    - `start_ms`: the time at which the clock begins, in Unix epoch milliseconds. What follows the
      wall clock (cron) sees it, too.
    - `patience_ms`: how long, in real time, `advance` and `settle` wait for each handler that is
      running before the clock moves on. They do not wait for a handler that waits for this server.
    - `settings`: those of `flo.toml` (`value_bytes_max`, `in_flight_max`, …: `ServerSettings`).

    Raises `ConfigError` if there is no such setting.
    """

    def __init__(
        self,
        data_dir: str | None = None,
        *,
        start_ms: int = START_MS,
        patience_ms: int = 1_000,
        **settings: Unpack[ServerSettings],
    ) -> None:
        self._data_dir = data_dir
        self._config = make_config(settings)
        self.clock = _TestClock(start_ms)
        self._storage: Storage | None = None
        self._follows = ""
        self._server: FloServer | None = None
        self._port: Port | None = None
        self._number = 0
        self._lives: list[Life] = []
        self._patience = _Patience(check_duration("patience_ms", patience_ms) / 1000)

    @property
    def server(self) -> FloServer:
        """The running server."""
        assert self._server is not None, "the test server is not started"
        return self._server

    @property
    def endpoint(self) -> str:
        """The endpoint for clients: a free port on loopback."""
        return f"127.0.0.1:{self._number}"

    @property
    def web_endpoint(self) -> str:
        """The endpoint for clients over WebSocket."""
        return f"{'wss' if self._config.tls_cert else 'ws'}://{self.endpoint}/ws"

    @property
    def now_ms(self) -> int:
        """The server's time."""
        return self.clock.now_ms()

    def client(self, **options: Unpack[ClientOptions]) -> FloClient:
        """Make a client of this server, not yet connected; options as for `FloClient`."""
        return FloClient(self.endpoint, **options)

    def web_client(self, **options: Unpack[WebClientOptions]) -> WebClient:
        """Make a client over WebSocket, not yet connected.

        The options are those of `floruntime.web.FloClient`.
        """
        return WebClient(self.web_endpoint, **options)

    @asynccontextmanager
    async def running(
        self, *workers: ActionWorker | QueueWorker | StreamWorker
    ) -> AsyncIterator[None]:
        """Run workers on this server and by its clock, whatever endpoint they were made with.

        They are working when the block begins, and have stopped when it has ended.
        """
        from floruntime.client.worker.life import Setting
        from floruntime.client.worker.worker_base import live

        lives: list[Life] = []
        setting = Setting(self.endpoint, self.clock, _test_pace(), lives.append)
        tasks = [asyncio.create_task(live(worker, setting)) for worker in workers]
        try:
            for worker, task in zip(workers, tasks, strict=True):
                await _until_at_work(worker, task)
            self._lives += lives
            yield
        finally:
            for worker in workers:
                if worker.is_running:
                    worker.stop()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            self._lives = [each for each in self._lives if each not in lives]
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def start(self) -> None:
        """Start on a free port; after a stop, on the same port again."""
        if self._storage is None:
            if self._data_dir is not None:
                self._storage = DiskStorage(self._data_dir, budget_bytes(self._config))
            else:
                self._storage = MemoryStorage(self._follows)
                self._follows = "the test server was stopped, and its memory with it"
        self._server = FloServer(self._config, self._storage, self.clock.from_floor)
        await self._server.prepare()
        self._server.start()
        tls = server_tls(self._config)
        self._port = await listen(self._server, "127.0.0.1", self._number, tls)
        self._number = self._port.number

    async def stop(self) -> None:
        """Stop, as by SIGTERM. State in memory is lost; a data directory stays."""
        await self._stop_serving()
        self._server = self._storage = None

    async def restart(self) -> None:
        """Close every connection and start again with the same state and port.

        Clients reconnect.
        """
        storage = self._storage
        if isinstance(storage, MemoryStorage):
            storage.close = lambda: None  # type: ignore[method-assign]  # it lives on
        await self._stop_serving()
        self._storage = storage if isinstance(storage, MemoryStorage) else None
        await self.start()

    async def _stop_serving(self) -> None:
        assert self._port is not None, "the test server is not started"
        self._port.close()
        await self.server.stop()
        await self._port.wait_closed()

    async def advance(self, ms: int) -> None:
        """Move the clock by `ms`, stopping at every deadline on the way, until everything due is
        done.
        """
        await self.settle()
        until_ms = self.clock.now_ms() + ms
        while self.clock.run_next(until_ms):
            await self.settle()
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is under way.

        It waits for handlers that are running, up to `patience_ms` for each in total. It does not
        wait for handlers that wait for this server, since they may be waiting for its clock.
        """
        until_s = monotonic() + DELIVERY_S_MAX
        while True:
            for _ in range(SETTLE_TURNS):
                if not self.server.commit.is_idle:
                    await self.server.commit.settle()
                await asyncio.sleep(0)
            is_late = monotonic() > until_s
            has_news = not is_late and any(life.has_news for life in self._lives)
            at_work = [attempt for life in self._lives for attempt in life.at_work]
            if not self._patience.waits(at_work) and not has_news:
                return
            await self._patience.wait(at_work)

    async def __aenter__(self) -> FloTestServer:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()


def _test_pace() -> Pace:
    """The pace of a worker under test.

    Nothing is claimed ahead: while the clock stands still, such a run would wait forever. A poll
    for work lasts as long as it may, so that a day of an idle worker costs little.
    """
    from floruntime.client.worker.claim_policy import Pace

    return Pace(ahead_ms=0, confirm_ms=0, block_ms_min=BLOCK_MS_MAX)


class _Patience:
    """How long each running handler will still be waited for, in real time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._spent_s: dict[Attempt, float] = {}

    def waits(self, at_work: list[Attempt]) -> bool:
        """Whether one of them should be waited for."""
        self._spent_s = {each: self._spent_s.get(each, 0.0) for each in at_work}
        return any(
            spent_s < self._seconds and not each.awaits_server
            for each, spent_s in self._spent_s.items()
        )

    async def wait(self, at_work: list[Attempt]) -> None:
        """Wait a little for them."""
        begun_s = monotonic()
        await asyncio.sleep(LOOK_S)
        for each in at_work:
            self._spent_s[each] += monotonic() - begun_s


async def _until_at_work(worker: WorkerBase, task: asyncio.Task[None]) -> None:
    ready = asyncio.create_task(worker.at_work.wait())
    try:
        await asyncio.wait([ready, task], return_when=asyncio.FIRST_COMPLETED)
    finally:
        ready.cancel()
    if task.done():
        await task
