"""Nodes inside this process, over a real NATS: for what is looked at from within."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from floruntime import FloClient
from floruntime.server.cluster.board.placement import partition_of
from floruntime.server.cluster.cluster_server import ClusterServer, open_cluster_server
from floruntime.server.cluster.node import Node
from floruntime.server.config import make_config
from floruntime.server.connections.port import Port
from floruntime.server.connections.tls import server_tls
from floruntime.server.http.listening import listen
from floruntime.server.metrics.families import families_now
from tests.crash.cluster.rig import PATIENT_MS
from tests.crash.process import free_port

LOOK_S = 0.05
WAIT_S = 120.0
"""For how long anything is waited for; generous, since machines are slow at times."""


async def until(condition: Callable[[], object]) -> None:
    """Wait for what nodes come to see, of which no event tells."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 # see above
            await asyncio.sleep(LOOK_S)


async def all_seen(*nodes: InsideNode) -> None:
    """Wait until each of them knows that all of them live."""
    names = [node.config.node for node in nodes]
    members = [node.node.members for node in nodes]
    await until(lambda: all(each.is_alive(name) for each in members for name in names))


class InsideNode:
    """One node; `start` raises what keeps it from starting."""

    def __init__(self, nats: str, directory: Path, name: str, **settings: Any) -> None:
        self.port_number: int = settings.setdefault("port", free_port())
        self.config = make_config(
            {
                "cluster": nats,
                "node": name,
                "advertise": f"127.0.0.1:{self.port_number}",
                "data_dir": str(directory / name),
                "partitions": 2,
                "replicas": 1,
                **settings,
            }
        )
        #: How far its wall clock is ahead.
        self.ahead_s = 0.0
        self.fatal: list[BaseException] = []
        self._server: ClusterServer | None = None
        self._port: Port | None = None

    @property
    def endpoint(self) -> str:
        """Where clients reach it."""
        return f"127.0.0.1:{self.port_number}"

    @property
    def node(self) -> Node:
        """What it is."""
        assert self._server is not None
        return self._server.node

    async def start(self) -> None:
        server = await open_cluster_server(self.config, self.fatal.append)
        server.node.wall_s = lambda: time.time() + self.ahead_s
        try:
            await server.prepare()
        except BaseException:
            await server.stop()
            raise
        self._server = server
        self._port = await listen(server, "127.0.0.1", self.port_number, server_tls(self.config))
        server.start()

    def leads(self, namespace: str) -> bool:
        """Whether it leads the partition of a namespace."""
        return self.node.lead_of(partition_of(namespace, self.config.partitions)) is not None

    def reasons_not_ready(self) -> list[str]:
        """What `/readyz` says."""
        assert self._server is not None
        return self._server.reasons_not_ready()

    async def shown(self, name: str, label: str) -> dict[str, float]:
        """What its `/metrics` show under this name, by one of the labels, if it has any."""
        assert self._server is not None
        return {
            sample.labels.get(label, ""): sample.value
            for family in await families_now(self._server)
            for sample in family.samples
            if sample.name == name
        }

    def client(self) -> FloClient:
        """A patient client of this node."""
        return FloClient(self.endpoint, timeout_ms=PATIENT_MS)

    async def stop(self) -> None:
        server, port = self._server, self._port
        if server is not None and port is not None:
            self._server = None
            port.close()
            try:
                async with asyncio.timeout(WAIT_S):
                    await server.stop()
            except TimeoutError:
                raise AssertionError(
                    f"node {self.config.node} does not end: {_going_on()}"
                ) from None
            await port.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def _going_on() -> str:
    """Where each task stands."""
    stacks = io.StringIO()
    for task in asyncio.all_tasks():
        task.print_stack(file=stacks)
    return stacks.getvalue()
