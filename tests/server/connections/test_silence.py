"""A client that promised to say something now and then, and is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from floruntime.core.framing import PREAMBLE
from floruntime.core.kv import KvGet
from floruntime.core.system import Hello, Ping
from floruntime.server import limits
from tests.server.connections.fake_socket import FakeTransport
from tests.server.connections.tcp_peer import TcpPeer
from tests.server.wire_client import Rig

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with Rig() as rig:
        yield rig
        monkeypatch.undo()


class Promising:
    """A greeted peer, and the timers that were set on its behalf."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch, quiet_ms_max: int) -> None:
        self.waits: list[tuple[float, Any]] = []
        monkeypatch.setattr(asyncio.get_running_loop(), "call_later", self._call_later)
        self.peer = TcpPeer(rig)
        self.waits.clear()  # the time for its hello
        self.peer.raw(PREAMBLE)
        self.peer.send(Hello("1", "me"))
        self.peer.send(Ping(quiet_ms_max))

    def _call_later(self, seconds: float, do: Any, *given: Any) -> FakeTransport:
        self.waits.append((seconds, partial(do, *given)))
        return FakeTransport()

    def pass_time(self) -> None:
        """Let the next look come."""
        _, look = self.waits.pop()
        look()


async def test_a_client_that_breaks_its_promise_is_cut_and_its_waits_end(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rig.server.info().connections
    promising = Promising(rig, monkeypatch, 20_000)
    promising.peer.send(KvGet("k", 300_000))
    [(seconds, _)] = promising.waits
    assert seconds == 60
    promising.pass_time()
    assert not promising.peer.is_closed, "it was heard since the beginning"
    promising.pass_time()
    assert promising.peer.transport.calls == ["abort"]
    assert rig.server.info().connections == before
    assert not rig.server.commit.queries.waiters


async def test_one_that_keeps_it_stays(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    promising = Promising(rig, monkeypatch, 20_000)
    for _ in range(5):
        promising.peer.send(Ping())
        promising.pass_time()
    assert not promising.peer.is_closed


async def test_who_promised_nothing_may_be_silent(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Promising(rig, monkeypatch, 0).waits == []


async def test_nothing_can_be_heard_of_one_that_is_not_read_from(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    promising = Promising(rig, monkeypatch, 20_000)
    promising.peer.connection.pause_writing()
    promising.pass_time()
    promising.pass_time()
    assert not promising.peer.is_closed


@pytest.mark.parametrize(
    ("promise_ms", "looked_ms"), [(1, 3 * limits.QUIET_MS_MIN), (2**62, limits.QUIET_MS_MAX)]
)
async def test_promises_are_taken_within_bounds(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, promise_ms: int, looked_ms: int
) -> None:
    [(seconds, _)] = Promising(rig, monkeypatch, promise_ms).waits
    assert seconds * 1000 == looked_ms
