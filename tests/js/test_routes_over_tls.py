"""Clients in Python and JavaScript go straight to who leads, in a cluster that speaks TLS."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from floruntime import FloClient
from floruntime.client.link.routes.leads import PASSED_MIN
from tests.crash.cluster.inside import InsideNode, all_seen
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.nats import NatsCluster
from tests.crash.cluster.rig import PATIENT_MS
from tests.crash.cluster.test_routes import CALLS, passed
from tests.server.certificates import Authority

SCRIPT = Path(__file__).with_name("routes_over_tls.mjs")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_clients_in_python_and_javascript_go_there_by_tls(
    built: None, tmp_path: Path
) -> None:
    """Each node has a certificate of its own, by an authority that stands behind it in its file."""
    leave_out_without_nats()
    authority = Authority(tmp_path)

    def node(name: str) -> InsideNode:
        cert, key = authority.issue()
        with Path(cert).open("a") as file:
            file.write(Path(authority.file).read_text())
        return InsideNode(nats.urls, tmp_path, name, tls_cert=cert, tls_key=key, partitions=1)

    async with NatsCluster(tmp_path, 1) as nats, node("a") as one, node("b") as two:
        tls = authority.client()
        await all_seen(one, two)
        async with FloClient(one.endpoint, tls=tls, timeout_ms=PATIENT_MS) as client:
            for partition in (0, 1):
                await client.cluster.move(partition, "b")
            before = passed(one, two)
            counted = [await client.kv.incr("k") for _ in range(CALLS)]
            assert passed(one, two) - before < 3 * PASSED_MIN
            before = passed(one, two)
            address = f"flos://{one.endpoint}?ca={authority.file}"
            program = await asyncio.create_subprocess_exec(
                *("node", str(SCRIPT), address, str(CALLS)), stdout=asyncio.subprocess.PIPE
            )
            told, _ = await program.communicate()
            assert program.returncode == 0
            counted += map(int, told.split())
            assert counted == list(range(1, 2 * CALLS + 1))
            assert passed(one, two) - before < 3 * PASSED_MIN
    gc.collect()  # nodes that end do not wait until each connection has said goodbye by TLS
