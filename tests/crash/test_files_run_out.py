"""A server that may open few files, and more connections than that: its store goes on."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from pathlib import Path

from floruntime import FloClient
from tests.crash.process import ServerProcess

FILES = 256


class FewFiles(ServerProcess):
    """A server whose limits are these, soft and hard."""

    @property
    def command(self) -> list[str]:
        limits = f'ulimit -Sn {FILES // 2}; ulimit -Hn {FILES}; exec "$@"'
        return ["sh", "-c", limits, "sh", *super().command]


async def test_silent_sockets_do_not_keep_the_store_from_its_files(tmp_path: Path) -> None:
    async with FewFiles(str(tmp_path / "data")) as server:
        assert "connections_max is 10000, but this process may open 256 files" in server.log
        async with FloClient(server.endpoint, timeout_ms=20_000) as client:
            with ExitStack() as silent:
                for _ in range(FILES + 50):
                    silent.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                for number in range(60):  # logs and files are begun anew meanwhile
                    await client.kv.put(f"k{number % 20}", os.urandom(900_000))
            assert await client.kv.get("k1") is not None
        assert await server.stop() == 0
