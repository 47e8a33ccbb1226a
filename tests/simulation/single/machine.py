"""The computer that the server runs on: it starts it, and it ends in many ways."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import Any

from floruntime.engine.store.errors import StoreFailedError
from floruntime.server.clock import Handle, SystemClock
from floruntime.server.commit.durability import Durability
from floruntime.server.config import Config
from floruntime.server.connections.sockets import Protocols, SocketConnection
from floruntime.server.http.listening import protocols_of
from floruntime.server.server import FloServer
from tests.simulation.clockwork import SimLoop, pause
from tests.simulation.disk import Disk, SimStorage
from tests.simulation.network import Network

ADDRESS = "server"
START_S_MAX = 120.0
"""Of simulated time, in which it must run again once all is well."""


class Killed(BaseException):
    """The process has ended right here."""


class Process:
    """One run of the server. Once it has ended, nothing that it left behind does anything."""

    def __init__(self) -> None:
        self.is_alive = True


class _Clock(SystemClock):
    """A clock whose calls end with their process."""

    process: Process

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Handle:
        def call() -> None:
            if self.process.is_alive:
                callback()

        return super().call_at(when_ms, call)


class Machine:
    """Runs the server at `ADDRESS`, from `start` on."""

    def __init__(
        self, loop: SimLoop, network: Network, disk: Disk, chance: random.Random, config: Config
    ) -> None:
        self._loop = loop
        self._network = network
        self._chance = chance
        self._config = config
        self.disk = disk
        self.server: FloServer | None = None
        self._process = Process()
        self._process.is_alive = False
        self._starting: asyncio.Task[None] | None = None
        #: What ends it in good order.
        self._stopping: asyncio.Task[Any] | None = None
        self._steps_left: int | None = None
        self._loses_power = False
        self._connections: dict[SocketConnection, None] = {}
        self.deaths: list[str] = []

    @property
    def is_up(self) -> bool:
        """Whether clients are let in."""
        return self.server is not None

    def start(self) -> None:
        """Start the server; it takes a while."""
        if not self._process.is_alive:
            self._process = process = Process()
            process.is_alive = True
            self._starting = self._loop.create_task(self._start(process))

    async def _start(self, process: Process) -> None:
        try:
            storage = SimStorage(self.disk, partial(self._step, process))
            server = FloServer(
                self._config,
                storage,
                partial(self._clock, process),
                on_fatal=partial(self._fatal, process),
                on_step=partial(self._step, process),
            )
            await server.prepare()
            if not process.is_alive:
                return  # it has ended meanwhile, and nobody is let in
            self._network.listen(ADDRESS, partial(self._accept, server, protocols_of(server)))
            server.start()
        except Killed:
            return
        except Exception as error:
            if not process.is_alive:
                return  # it has ended already
            if self.disk_is_to_blame(error):
                self._die(process, f"start failed: {error}")
                return
            raise
        if process.is_alive:
            self.server = server

    def disk_is_to_blame(self, error: BaseException) -> bool:
        """Whether an error comes from the faults of the disk."""
        return "failed" in str(error) or isinstance(error, OSError)

    def _clock(self, process: Process, floor_ms: int) -> _Clock:
        clock = _Clock(
            floor_ms, wall_s=self._loop.wall_s, monotonic_ns=lambda: int(self._loop.now_s * 1e9)
        )
        clock.process = process
        return clock

    def _accept(self, server: FloServer, protocols: Protocols, name: str) -> asyncio.Protocol:
        connection = SocketConnection(server, protocols, name, self._gone)
        self._connections[connection] = None
        return connection

    def _gone(self, connection: SocketConnection) -> None:
        self._connections.pop(connection, None)

    # Ends

    def _step(self, process: Process, step: str) -> None:
        if not process.is_alive:
            raise Killed
        if self._steps_left is not None:
            self._steps_left -= 1
            if self._steps_left <= 0:
                self._steps_left = None
                self._die(process, f"killed at {step}")
                raise Killed

    def kill_at_step(self, steps: int, *, loses_power: bool) -> None:
        """End it behind so many steps of commits."""
        self._steps_left, self._loses_power = steps, loses_power and self._survives_power

    def kill(self, *, loses_power: bool) -> None:
        """End it now."""
        self._loses_power = loses_power and self._survives_power
        self._die(self._process, "killed")

    @property
    def _survives_power(self) -> bool:
        """With `async` the last moment goes with the power; with the process, nothing does."""
        return self._config.durability is Durability.SYNC

    def _fatal(self, process: Process, error: BaseException) -> None:
        """The store failed: the process ends, as `server/run.py` has it."""
        self._die(process, f"fatal: {error}")

    def _die(self, process: Process, how: str) -> None:
        if not process.is_alive:
            return
        process.is_alive = False
        self.server = None
        self.deaths.append(how)
        self._network.deafen(ADDRESS)
        self._network.drop(ADDRESS, is_told=not self._loses_power)
        self._connections.clear()
        self._steps_left = None
        if self._loses_power:
            self.disk.lose_power()
        else:
            self.disk.end_process()
        self._loses_power = False
        self.disk.fails.clear()
        if self._stopping is not None and self._stopping is not asyncio.current_task():
            self._stopping.cancel()  # it would wait for what no process does any more
        self._loop.call_later(self._chance.uniform(0.05, 3.0), self.start)

    async def stop(self) -> None:
        """End it in good order, as SIGTERM does."""
        server, process = self.server, self._process
        if server is None:
            return
        self._network.deafen(ADDRESS)
        self.server = None
        self._stopping = asyncio.current_task()
        try:
            await server.stop()
        except Killed:
            return
        except asyncio.CancelledError:
            if process.is_alive:
                raise
            return
        except StoreFailedError as error:
            self._die(process, f"fatal: {error}")
            return
        finally:
            self._stopping = None
        for connection in list(self._connections):
            connection.abort()
        if process.is_alive:
            self.deaths.append("stopped")
            process.is_alive = False
            self.disk.end_process()

    async def restart(self) -> None:
        """Stop it in good order, and start it again."""
        await self.stop()
        await pause(self._chance.uniform(0.05, 1.0))
        self.start()

    async def until_up(self) -> FloServer:
        """Wait until it runs."""
        until_s = self._loop.time() + START_S_MAX
        while self._loop.time() < until_s:
            server = self.server
            if server is not None:
                return server
            await pause(0.01)
        raise AssertionError(f"the server does not come up any more; it ended so: {self.deaths}")


def config_of(chance: random.Random) -> Config:
    """Settings that a seed chooses."""
    return Config(
        durability=chance.choice((Durability.SYNC,) * 5 + (Durability.ASYNC,)),
        in_flight_max=chance.choice((4_096, 4_096, 64)),
        data_dir="sim",
    )
