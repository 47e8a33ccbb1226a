"""Restate's side of the workflow part: its server, and a service of three durable steps.

Its defaults, but for telemetry; the handlers run under Hypercorn, as its documentation has it. Two
handler processes, since with one it is slower.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self

import aiohttp
import restate

from bench.servers import free_port
from bench.task_callers import PAYLOAD, Callers, LoopCallers
from bench.workflow_run import AT_ONCE, STEPS, child
from bench.workflows import RESTATE_PROGRAM, ROOT

PROCESSES = 2
NOTE = f"defaults; {PROCESSES} handler processes under Hypercorn"
_START_S_MAX = 60.0

service = restate.Service("Bench")


async def _three(ctx: restate.Context, arg: str) -> str:
    """Three durable steps that do nothing."""
    for number in range(STEPS):
        arg = await ctx.run_typed(f"step{number}", partial(_given, arg))
    return arg


def _given(arg: str) -> str:
    return arg


three = service.handler(name="three")(_three)


async def _item(ctx: restate.Context, number: int) -> int:
    """Nothing: what came in goes out."""
    return number


item = service.handler(name="item")(_item)


async def _fan(ctx: restate.Context, items: int) -> list[int]:
    """Starts so many calls, and awaits them."""
    calls = [ctx.service_call(item, arg=number) for number in range(items)]
    return [await call for call in calls]


fan = service.handler(name="fan")(_fan)
app = restate.app([service])


@contextmanager
def serving(directory: Path) -> Iterator[Mapping[str, int]]:
    """The server, and its handlers, registered."""
    ports = {name: free_port() for name in ("ingress", "admin", "node", "handler")}
    server = [str(RESTATE_PROGRAM), "--base-dir", str(directory / "restate")]
    handlers = [sys.executable, "-m", "hypercorn", "-w", str(PROCESSES)]
    handlers += ["-b", f"127.0.0.1:{ports['handler']}", "bench.workflows_restate:app"]
    with (
        child([*server, "--no-logo", "--log-filter", "warn"], **_settings(ports)),
        child(handlers, PYTHONPATH=str(ROOT)),
    ):
        _register(ports)
        yield ports


def _settings(ports: Mapping[str, int]) -> dict[str, str]:
    return {
        "RESTATE_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_BIND_ADDRESS": f"127.0.0.1:{ports['node']}",
        "RESTATE_ADVERTISED_ADDRESS": f"http://127.0.0.1:{ports['node']}",
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ports['ingress']}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{ports['admin']}",
    }


def _register(ports: Mapping[str, int]) -> None:
    body = json.dumps({"uri": f"http://127.0.0.1:{ports['handler']}"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{ports['admin']}/deployments",
        body,
        {"content-type": "application/json"},
    )
    deadline_s = time.monotonic() + _START_S_MAX
    while True:
        try:
            urllib.request.urlopen(request, timeout=30).read()
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.2)


class _Connected:
    """The HTTP client that all callers share."""

    def __init__(self, port: int, items: int = 0) -> None:
        self.url = f"http://127.0.0.1:{port}/Bench/{'fan' if items else 'three'}"
        self.items = items
        self._http: aiohttp.ClientSession | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        assert self._http is not None, "it is entered first"
        return self._http

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.http.close()


def callers(ports: Mapping[str, int]) -> Callers:
    """Callers over HTTP, as Restate's ingress wants it."""
    return LoopCallers(_Connected(ports["ingress"]), _run, _run)


async def _run(connected: _Connected) -> None:
    async with connected.http.post(connected.url, json=PAYLOAD) as answer:
        assert answer.status == 200, await answer.text()
        assert await answer.json() == PAYLOAD


def fan_out(ports: Mapping[str, int], items: int) -> Callers:
    """A handler that starts so many calls, and awaits them."""
    return LoopCallers(_Connected(ports["ingress"], items), _run_items, _run_items)


async def _run_items(connected: _Connected) -> None:
    async with connected.http.post(connected.url, json=connected.items) as answer:
        assert answer.status == 200, await answer.text()
        assert await answer.json() == list(range(connected.items))
