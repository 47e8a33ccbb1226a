"""What it costs to count for `/metrics`: instructions of bytecode of the server for one request,
beside the same server without the statements that count.

    python -m bench.counting

There is no switch that turns counting off, and there should be none. So what is compared is the
code as it would stand if nobody had written them: each statement that only counts is taken out of
the source before it is loaded. Instructions are counted by a trace, which no load of the machine
disturbs; each side is a process of its own.
"""

from __future__ import annotations

import ast
import asyncio
import importlib.abc
import importlib.machinery
import itertools
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COUNTING = frozenset(
    (
        *("_counts", "_note_answered", "_timing", "timed_from_s"),  # of a conversation
        *("received_bytes", "_noted_sizes", "_took"),  # a socket's, a commit's, a sync's
    )
)
"""Attributes that are there to count: statements about them are what counting costs."""
COUNTED_IN = (
    "floruntime.server.commit.commit",
    "floruntime.server.commit.syncs",
    "floruntime.server.connections.conversation",
    "floruntime.server.connections.sockets",
)
WORKS = ("put", "get", "enqueue")
SHAPES = ((1, 1), (64, 1), (64, 16))
"""Connections, and requests in flight on each."""
WARM_UP, MEASURED = 60, 120
"""Requests of each connection where there is one; of 64 a tenth."""
INSTRUCTION_S = 20e-9
"""About what one takes: a put of 2,500 takes some 50 µs of the processor."""
SHARE_MAX = 0.03
"""How much of its work a server may spend on counting: the promise of the contract."""


# The same server, without


class Without(ast.NodeTransformer):
    """Takes out the statements that count."""

    def __init__(self) -> None:
        self.taken_out = 0

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt) and self._only_counts(node):
            self.taken_out += 1
            # Bytes that came are a sign of life, too: who counts nothing would note that.
            is_sign = isinstance(node, ast.AugAssign) and "received_bytes" in ast.unparse(node)
            return ast.parse("self.is_heard = True").body[0] if is_sign else None
        found = self.generic_visit(node)
        if isinstance(found, ast.Tuple) and ast.unparse(found) == "(size_bytes, kind)":
            return ast.Name("size_bytes", found.ctx)  # all that is held of an unanswered request
        if ast.unparse(found) == "asked[0]":
            return ast.Name("asked", ast.Load())
        if ast.unparse(found) == "self._server.counts.closed(self)":
            return ast.Constant(None)
        if isinstance(found, ast.If) and not found.body:
            return found.orelse or None
        return found

    def _only_counts(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.If):
            return _tells_of_counting(node.test)
        is_plain = isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr))
        return is_plain and _tells_of_counting(node)


def _tells_of_counting(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr in COUNTING for each in ast.walk(node))


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module without what counts in it."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        changing = Without()
        tree = changing.visit(ast.parse(self.get_data(path)))
        assert changing.taken_out, f"nothing counts in {fullname}"
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules in which something is counted."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in COUNTED_IN:
            return None
        file = str(ROOT / "src" / Path(*fullname.split("."))) + ".py"
        return spec_from_file_location(fullname, file, loader=Loader(fullname, file))


# One side


class Trace:
    """Counts the instructions of this thread while it is on."""

    def __init__(self) -> None:
        self.count = 0

    def now_s(self) -> float:
        """A clock that goes as fast as the server works, which a trace slows down."""
        return self.count * INSTRUCTION_S

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code is Trace.now_s.__code__:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._local

    def _local(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            self.count += 1
        return self._local


async def instructions(work: str, connections: int, in_flight: int) -> float:
    """What one request costs."""
    from bench.flo import Flo, FloRequests, request_of
    from bench.talk import key_bytes
    from floruntime.testing import FloTestServer

    _sync_on_the_loop()
    trace = Trace()
    loop = asyncio.get_running_loop()
    # On the disk, as a server is; the clock stands still, which costs the same on both sides.
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(1) as threads:
        async with FloTestServer(f"{directory}/data") as server:
            server.server.turns.now_s = trace.now_s
            port = int(server.endpoint.rpartition(":")[2])
            dialect = Flo()
            await loop.run_in_executor(threads, dialect.prepare, port, work)
            sockets = [
                await loop.run_in_executor(threads, dialect.connect, port, number)
                for number in range(connections)
            ]
            requests = [
                FloRequests([request_of(work)] * in_flight, map(key_bytes, itertools.count(1)))
                for _ in sockets
            ]
            factor = 1 if connections == 1 else 0.1
            rounds = [max(4, int(each * factor / in_flight)) for each in (WARM_UP, MEASURED)]
            await loop.run_in_executor(threads, _ask, sockets, requests, in_flight, rounds[0])
            asking = loop.run_in_executor(threads, _ask, sockets, requests, in_flight, rounds[1])
            sys.settrace(trace)
            try:
                await asking
            finally:
                sys.settrace(None)
            for each in sockets:
                each.close()
    return trace.count / (rounds[1] * connections * in_flight)


def _ask(sockets: list[socket.socket], requests: list[Any], in_flight: int, rounds: int) -> None:
    """All connections ask at once, then all answers are awaited."""
    from bench.flo import FloAnswers

    answers = [FloAnswers() for _ in sockets]
    for _ in range(rounds):
        for each, request in zip(sockets, requests, strict=True):
            each.sendall(request.take(in_flight))
        for each, answer in zip(sockets, answers, strict=True):
            left = in_flight
            while left:
                left -= answer.feed(each.recv(1 << 16))


def measure_side() -> dict[str, float]:
    """The figures of this process, by row."""
    import uvloop

    figures = {}
    for work in WORKS:
        for connections, in_flight in SHAPES:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                cost = runner.run(instructions(work, connections, in_flight))
            figures[f"{work} {connections} x {in_flight}"] = cost
    return figures


def _sync_on_the_loop() -> None:
    """Always, and not by how quick the disk is: what a thread does is not traced."""
    from floruntime.server.commit import syncs

    syncs.QUICK_S = 60.0


def _keep_nothing_at_hand() -> None:
    """Nor are the rows of queues, groups and workers kept for a scrape."""
    from floruntime.server.server import FloServer

    FloServer.keep_tally = lambda self: None  # type: ignore[method-assign]  # in this process alone


# Both


def _side(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.counting", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> int:
    """Print the table; 1 where a row breaks the promise."""
    if "--one-side" in sys.argv:
        if "--without" in sys.argv:
            sys.meta_path.insert(0, Finder())
            _keep_nothing_at_hand()
        print(json.dumps(measure_side()))
        return 0
    counted, bare = _side("--one-side"), _side("--one-side", "--without")
    print("| one request | with counting | without | counting |")
    print("| --- | --- | --- | --- |")
    shares = []
    for row, cost in counted.items():
        shares.append(1 - bare[row] / cost)
        print(f"| {row} | {cost:,.0f} | {bare[row]:,.0f} | {shares[-1]:.1%} |")
    return int(round(max(shares), 2) > SHARE_MAX)


if __name__ == "__main__":
    sys.exit(main())
