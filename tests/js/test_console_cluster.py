"""The console of a cluster's node goes on when the leader of what it shows dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

from floruntime import FloClient
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.rig import Rig
from tests.js.missing import chromium_is_missing, leave_out

SCRIPT = Path(__file__).with_name("console_in_cluster.mjs")


async def test_a_page_goes_on_when_the_leader_dies(built: None, tmp_path: Path) -> None:
    leave_out_without_nats()
    leave_out("the console in a cluster", chromium_is_missing())
    async with Rig(tmp_path) as rig:
        leader = await rig.leader()
        other = next(node for name, node in rig.nodes.items() if name != leader)
        async with rig.client() as client:
            code = (await client.console.code()).code
        process = await asyncio.create_subprocess_exec(
            *("node", str(SCRIPT), f"http://{other.endpoint}/#code={code}", "mails"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdin is not None
        async with asyncio.timeout(300):
            assert await process.stdout.readline() == b"before\n"
            await rig.nodes[leader].kill()
            process.stdin.write(b"go on\n")
            assert await process.stdout.readline() == b"after\n"
            assert await process.stdout.readline() == b"lost\n"
            assert await process.wait() == 0
        async with FloClient(other.endpoint, timeout_ms=30_000) as client:
            messages = (await client.queue.peek("mails", 3)).messages
            assert [message.payload for message in messages] == [b"before", b"after"]
