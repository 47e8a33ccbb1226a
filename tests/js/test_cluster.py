"""A program in JavaScript finds the leaders of a cluster, and goes on when one of them dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

from floruntime import FloClient
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.rig import Rig

SCRIPT = Path(__file__).with_name("counter.mjs")


async def test_a_program_goes_on_at_the_next_leader(built: None, tmp_path: Path) -> None:
    leave_out_without_nats()
    async with Rig(tmp_path) as rig:
        process = await asyncio.create_subprocess_exec(
            *("node", str(SCRIPT), rig.endpoints),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdin is not None
        async with asyncio.timeout(60):
            reached = 0
            while reached < 20:
                reached = int(await process.stdout.readline())
            await rig.nodes[await rig.leader()].kill()
            while reached < 60:
                reached = int(await process.stdout.readline())
            process.stdin.close()
            told = (await process.stdout.read()).split()
            assert await process.wait() == 0
        async with FloClient(rig.endpoints, timeout_ms=30_000) as client:
            assert await client.kv.get("counted") == (told[-1] if told else b"%d" % reached)
