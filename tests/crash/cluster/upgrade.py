"""`python -m tests.crash.cluster.upgrade [COMMIT]`: nodes of an earlier commit beside today's.

A cluster of the earlier commit is upgraded node by node, and taken back in the same way, while
clients of today in Python and JavaScript, and one of the earlier commit, count. No call may fail,
and none may count twice. The commit is by default the newest whose clients made no direct routes.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from floruntime import FloClient
from floruntime.client.link.routes.leads import PASSED_MIN
from tests.crash.cluster.counting import Counting
from tests.crash.cluster.rig import Rig
from tests.crash.process import ROOT

BEFORE_ROUTES = "43342b7a"
PROGRAMS = {
    "JavaScript": ("node", str(ROOT / "tests/js/counter.mjs")),
    "Python, of then": (sys.executable, str(Path(__file__).with_name("counter.py"))),
}
CALLS_BETWEEN = 100
WAIT_S = 60.0


class Program:
    """One that counts until its input ends, and prints what it was told."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self._process = process
        self.counted = 0
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.counted = int(line)

    def kill(self) -> None:
        """Whatever it has done."""
        if self._process.returncode is None:
            self._process.kill()

    async def end(self) -> None:
        """Raises where a call failed, or counted twice."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._reading
        if code := await self._process.wait():
            raise AssertionError(f"{self.name} ended with {code}")


def say(text: str) -> None:
    print(text, flush=True)


def source_of(commit: str, directory: Path) -> dict[str, str]:
    """The environment in which Python finds the packages of that commit."""
    archive = subprocess.run(
        ["git", "archive", commit, "src"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(directory)], input=archive, check=True)
    environment = {"PYTHONPATH": str(directory / "src")}
    found = subprocess.run(
        [sys.executable, "-c", "import floruntime; print(floruntime.__file__)"],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert found.startswith(str(directory)), found
    return environment


class Upgrade:
    """Of the nodes of `rig`, under load."""

    def __init__(self, rig: Rig, then: dict[str, str]) -> None:
        self._rig = rig
        self._then = then
        self._programs: list[Program] = []
        self._counting = Counting(rig.client)

    async def run(self) -> None:
        """There, and back."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._counting)
            for name, command in PROGRAMS.items():
                environment = os.environ | (self._then if "then" in name else {})
                program = Program(name, await self._start(command, environment))
                stack.callback(program.kill)
                self._programs.append(program)
            await self._show("all of then")
            for name in self._rig.nodes:
                await self._change(name, {})
                await self._show(f"{name} of today")
            for name in self._rig.nodes:
                await self._change(name, self._then)
                await self._show(f"{name} of then again")
            for program in self._programs:
                await program.end()

    async def _start(self, command: tuple[str, ...], environment: dict[str, str]) -> Process:
        return await asyncio.create_subprocess_exec(
            *command, self._rig.endpoints, stdin=PIPE, stdout=PIPE, env=environment
        )

    async def _change(self, name: str, environment: dict[str, str]) -> None:
        node = self._rig.nodes[name]
        async with self._rig.client() as client:
            await client.cluster.drain(name)
        if code := await node.stop():
            raise AssertionError(f"node {name} ended with {code}:\n{node.log}")
        node.environment = environment
        await node.start()
        await self._rig.settled()

    async def _show(self, what: str) -> None:
        """Let all work for a while, and say how many routes a client of each node has then."""
        before = self._counts()
        try:
            async with asyncio.timeout(WAIT_S):
                while not self._have_counted_since(before):  # noqa: ASYNC110 # no event tells
                    await asyncio.sleep(0.05)
        except TimeoutError:
            counts = f"{before} before, {self._counts()} now"
            raise AssertionError(f"{what}: {counts}\n{self._rig.logs}") from None
        routes = {name: await self._routes_from(node.endpoint) for name, node in self._nodes()}
        told = ", ".join(f"{count} from {name}" for name, count in routes.items())
        say(f"{what:<18} counted {sum(self._counts()):>7,}; direct routes: {told}")

    def _have_counted_since(self, before: list[int]) -> bool:
        pairs = zip(self._counts(), before, strict=True)
        return all(now >= then + CALLS_BETWEEN for now, then in pairs)

    def _nodes(self) -> list[tuple[str, Any]]:
        return list(self._rig.nodes.items())

    def _counts(self) -> list[int]:
        told = [len(each) for each in self._counting.told.values()]
        return [*told, *(program.counted for program in self._programs)]

    async def _routes_from(self, endpoint: str) -> int:
        async with self._rig.client(endpoint) as client:
            return await routes_of(client, self._rig)


async def routes_of(client: FloClient, rig: Rig) -> int:
    """How many a client has that has written a few times in each partition."""
    for partition in range(1, rig.partitions + 1):
        for _ in range(2 * PASSED_MIN):
            await client.kv.incr("written", namespace=rig.namespace_in(partition))
    calls: Any = client.calls  # nobody else can tell
    return len(calls._channel._exchange._leads.routes)


async def upgrade(directory: Path, commit: str) -> int:
    """All of it; 1 if a call failed."""
    source = directory / "then"
    source.mkdir()
    then = source_of(commit, source)
    rig = Rig(directory)
    for node in rig.nodes.values():
        node.environment = then
    async with rig:
        await rig.settled()
        await Upgrade(rig, then).run()
    say("no call failed, and none counted twice")
    return 0


def main() -> int:
    """Upgrade, and downgrade."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash.cluster.upgrade", description=__doc__
    )
    parser.add_argument("commit", nargs="?", default=BEFORE_ROUTES, metavar="COMMIT")
    commit = parser.parse_args().commit
    if shutil.which("node") is None:
        del PROGRAMS["JavaScript"]
        say("there is no Node.js here: clients in JavaScript are left out")
    logging.disable(logging.WARNING)  # clients tell of each connection that they lose
    with tempfile.TemporaryDirectory(prefix="flo-upgrade-") as directory:
        return asyncio.run(upgrade(Path(directory), commit))


if __name__ == "__main__":
    sys.exit(main())
