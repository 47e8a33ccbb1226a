"""`floruntime.testing` for tests that do not `await`: the same server, and the same clock.

with FloTestServer() as server, server.client() as client:
    client.kv.put("key", b"value", ttl_ms=60_000)
    server.advance(60_000)
    assert client.kv.get("key") is None
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, Unpack

from floruntime.client.options import ClientOptions
from floruntime.sync.client import FloClient
from floruntime.sync.portal import the_portal
from floruntime.sync.standing import WorkerHandle
from floruntime.testing import START_MS, ServerSettings
from floruntime.testing import FloTestServer as AsyncFloTestServer

__all__ = ["FloTestServer"]


class FloTestServer:
    """A server for one test, as `floruntime.testing.FloTestServer`, whose options it takes."""

    def __init__(
        self,
        data_dir: str | None = None,
        *,
        start_ms: int = START_MS,
        patience_ms: int = 1_000,
        **settings: Unpack[ServerSettings],
    ) -> None:
        self._of = AsyncFloTestServer(
            data_dir, start_ms=start_ms, patience_ms=patience_ms, **settings
        )

    @property
    def endpoint(self) -> str:
        """Where clients connect: a free port on loopback."""
        return self._of.endpoint

    @property
    def now_ms(self) -> int:
        """The server's time."""
        return self._of.now_ms

    def client(self, **options: Unpack[ClientOptions]) -> FloClient:
        """A client of this server, not yet connected; options as for `FloClient`."""
        return FloClient(self.endpoint, **options)

    @contextmanager
    def running(self, *workers: Any) -> Iterator[None]:
        """Run workers on this server and by its clock, whatever endpoint they were made with.

        Those of `floruntime` and of `floruntime.sync`. They are at work when the block begins, and
        have stopped when it has ended.
        """
        these = [each.asynchronous if isinstance(each, WorkerHandle) else each for each in workers]
        block = self._of.running(*these)
        the_portal().run(block.__aenter__())
        try:
            yield
        finally:
            the_portal().run(_end(block))

    def start(self) -> None:
        """Start on a free port (after a stop: on the same one)."""
        the_portal().run(self._of.start())

    def stop(self) -> None:
        """Stop as SIGTERM would. What was in memory is gone; a data directory stays."""
        the_portal().run(self._of.stop())

    def restart(self) -> None:
        """Cut every connection, start again on the same state and port; clients reconnect."""
        the_portal().run(self._of.restart())

    def advance(self, ms: int) -> None:
        """Move the clock by `ms`, stopping at every deadline on the way, until all is done."""
        the_portal().run(self._of.advance(ms))

    def settle(self) -> None:
        """Let everything that is under way come to rest, as in `floruntime.testing`."""
        the_portal().run(self._of.settle())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


async def _end(block: Any) -> None:
    await block.__aexit__(None, None, None)
