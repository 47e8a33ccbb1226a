"""A program in JavaScript, and a page, go on when the leader of what they work with dies."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from floruntime import FloClient
from tests.crash.cluster.missing import leave_out_without_nats
from tests.crash.cluster.rig import PATIENT_MS, Rig
from tests.js.missing import chromium_is_missing, leave_out

HERE = Path(__file__).parent
WAIT_S = 300.0


class Script:
    """A program, and what it prints; ends with its block."""

    def __init__(self, name: str, *arguments: str) -> None:
        self._command = "node", str(HERE / name), *arguments
        self._process: Process

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE
        )
        return self

    @property
    def input(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def output(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None
        return self._process.stdout

    async def says(self, *lines: str) -> None:
        """Wait for these lines, which are the next."""
        for line in lines:
            assert (await self.output.readline()).decode() == line + "\n"

    async def counts_to(self, number: int) -> bytes:
        """Wait until it has counted so far; how far it is."""
        line = b"0"
        while int(line) < number:
            line = await self.output.readline()
        return line.strip()

    async def ended(self) -> None:
        """Wait until it has ended well."""
        assert await self._process.wait() == 0

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def test_a_program_and_a_page_go_on_at_the_next_leader(built: None, tmp_path: Path) -> None:
    leave_out_without_nats()
    has_page = not chromium_is_missing()
    async with asyncio.timeout(WAIT_S), Rig(tmp_path, servers=1) as rig:
        leader = await rig.leader()
        other = next(node for name, node in rig.nodes.items() if name != leader)
        async with rig.client() as client:
            code = (await client.console.code()).code
        link = f"http://{other.endpoint}/#code={code}"
        async with AsyncExitStack() as stack:
            program = await stack.enter_async_context(Script("counter.mjs", rig.endpoints))
            page = Script("console_in_cluster.mjs", link, "mails")
            if has_page:
                await stack.enter_async_context(page)
                await page.says("before")
            await program.counts_to(20)
            await rig.nodes[leader].kill()
            if has_page:
                page.input.write(b"go on\n")
                await page.says("after", "lost")
                await page.ended()
            reached = await program.counts_to(200)
            program.input.close()
            told = [reached, *(await program.output.read()).split()]
            await program.ended()
        async with FloClient(other.endpoint, timeout_ms=PATIENT_MS) as client:
            assert await client.kv.get("counted") == told[-1]
            messages = (await client.queue.peek("mails", 3)).messages
            wanted = [b"before", b"after"] if has_page else []
            assert [message.payload for message in messages] == wanted
    leave_out("the console in a cluster", chromium_is_missing())
