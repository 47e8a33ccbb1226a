"""What `flo server start --check` says of a node: what a start would, and nothing is made."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from floruntime.server.config import make_config
from floruntime.server.preflight import preflight
from tests.crash.cluster.inside import InsideNode
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster


async def judged(nats: str, directory: Path, **settings: Any) -> tuple[bool, str]:
    """What is said of NATS."""
    config = make_config(
        {
            "cluster": nats,
            "node": "a",
            "advertise": "a.example:9000",
            "data_dir": str(directory),
            "port": 0,
            "partitions": 2,
            **settings,
        }
    )
    findings = await asyncio.to_thread(preflight, config)
    [found] = [each for each in findings if each.what == "NATS"]
    return found.is_fine, found.text


async def test_a_node_is_judged_by_the_cluster_that_is_there(tmp_path: Path) -> None:
    leave_out_without_nats()
    async with NatsCluster(tmp_path, 1) as nats:
        new, of_a = tmp_path / "new", tmp_path / "a"
        for _ in range(2):  # the first made nothing
            is_fine, told = await judged(nats.urls, new)
            assert (is_fine, told) == (
                True,
                "it answers, and the cluster 'flo' would be made in it",
            )
        async with InsideNode(nats.urls, tmp_path, "a"):
            pass
        assert await judged(nats.urls, of_a) == (True, "it answers, and has the cluster 'flo'")
        for name, other in (("partitions", 5), ("copies", 2)):
            is_fine, told = await judged(nats.urls, new, **{name: other})
            assert not is_fine
            assert f"{name} is {other}, and the cluster 'flo' was created with" in told
        is_fine, told = await judged(nats.urls, of_a, cluster_name="other")
        assert not is_fine
        assert "there is no cluster of that name" in told
        async with InsideNode(nats.urls, tmp_path, "b", cluster_name="other"):
            pass
        is_fine, told = await judged(nats.urls, of_a, cluster_name="other")
        assert not is_fine
        assert "belongs to another cluster than 'other'" in told
