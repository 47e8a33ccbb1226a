"""Floods of writes, and who asks for little beside them, on time that only work moves.

Syncs are held back, so that the open batch collects for as long as it may.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

import pytest

from floruntime.core.framing import PREAMBLE
from floruntime.core.kv import KvGet, KvPut
from floruntime.core.queue import QueueDequeue
from floruntime.core.system import Hello
from floruntime.core.types import Request
from floruntime.core.wire import encode_request
from floruntime.engine.machine import Entry, Machine, Outcome
from floruntime.server import limits
from tests.server.connections.fake_socket import FakeTransport
from tests.server.connections.tcp_peer import TcpPeer
from tests.server.connections.web_peer import WebPeer
from tests.server.wire_client import Rig
from tests.until import until

WORK_S = 0.001
IN_A_BATCH_MAX = round(limits.BATCH_S / WORK_S)
SHARE = round(limits.SHARE_S / WORK_S)
MANY = 10 * IN_A_BATCH_MAX


class Door(Protocol):
    """One end of a connection, over TCP or WebSocket."""

    def send(self, *requests: Request[Any]) -> None:
        """Send them together."""

    def answered(self) -> int:
        """How many are answered."""

    @property
    def transport(self) -> FakeTransport:
        """The server's end of its socket."""


class TcpDoor:
    def __init__(self, rig: Rig, name: str, token: str) -> None:
        self._peer = TcpPeer(rig)
        self.transport = self._peer.transport
        self._peer.raw(PREAMBLE)
        self._peer.send(Hello("1", name, token))

    def send(self, *requests: Request[Any]) -> None:
        self._peer.raw(b"".join(map(self._peer.frame, requests)))

    def answered(self) -> int:
        self._peer.take()
        return len(self._peer.answers) - 1


class WebDoor:
    def __init__(self, rig: Rig, name: str, token: str) -> None:
        self._peer = WebPeer(rig)
        self.transport = self._peer.transport
        self._peer.greet(name, token)
        self._last_id = 1

    def send(self, *requests: Request[Any]) -> None:
        for request in requests:
            self._last_id += 1
            body = encode_request(self._last_id, "default", 0, request)
            self._peer.protocol.send_binary(body)
        self._peer.raw(b"".join(self._peer.protocol.data_to_send()))

    def answered(self) -> int:
        self._peer.take()
        return len(self._peer.answers) - 1


class Scene:
    """A server with whom each command takes a millisecond, and all else no time."""

    def __init__(self, rig: Rig, door: type[TcpDoor | WebDoor], token: str) -> None:
        self.storage = rig.storage
        self.turns = rig.turns
        self.work_s = WORK_S
        self._rig = rig
        self._door = door
        self._token = token
        self._came_before = rig.server.commit.commands_total

    def connect(self, name: str) -> Door:
        """Somebody's connection."""
        return self._door(self._rig, name, self._token)

    @property
    def came(self) -> int:
        """How many commands were applied."""
        return self._rig.server.commit.commands_total - self._came_before

    async def at_pace(self, *floods: Door) -> None:
        """Let the floods fill the open batch while the one before syncs."""
        self.storage.hold()
        syncs = self.storage.syncs
        for flood in floods:
            flood.send(*[KvPut("flood", b"x") for _ in range(MANY)])
        await until(lambda: self.storage.syncs > syncs)
        await self.turns(3 * MANY)


@pytest.fixture(params=[TcpDoor, WebDoor])
async def scene(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    async with Rig() as rig:
        token = await rig.token("backend")
        apply = Machine.apply
        scene = Scene(rig, request.param, token)

        def working(machine: Machine, entry: Entry) -> Outcome:
            rig.worked_s += scene.work_s
            return apply(machine, entry)

        monkeypatch.setattr(Machine, "apply", working)
        rig.server.commit.fill.now_s = rig.server.turns.now_s
        yield scene


async def test_a_flood_gets_only_so_much_into_one_batch(scene: Scene) -> None:
    flood = scene.connect("flood")
    syncs = scene.storage.syncs
    await scene.at_pace(flood)
    assert 0 < scene.came <= SHARE + IN_A_BATCH_MAX, "one batch syncs, and the next is full"
    scene.storage.release()
    await until(lambda: flood.answered() == MANY)
    assert scene.storage.syncs - syncs >= MANY / IN_A_BATCH_MAX


async def test_a_flood_of_large_requests_gets_few_of_them_into_one_batch(scene: Scene) -> None:
    """They take next to no time until they are written."""
    scene.work_s = WORK_S / 10
    flood = scene.connect("flood")
    scene.storage.hold()
    large = KvPut("flood", b"x" * 300_000)
    for _ in range(40):
        flood.send(large)
    await scene.turns(100)
    in_a_batch_max = limits.BATCH_S / limits.WRITTEN_S_PER_BYTE / 300_000
    assert 0 < scene.came <= 2 * in_a_batch_max, "one batch syncs, and the next is full"
    scene.storage.release()
    await until(lambda: flood.answered() == 40)


async def test_who_asks_for_little_gets_into_the_batch_that_is_full(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    floods = [scene.connect(f"flood {number}") for number in range(3)]
    bystander = scene.connect("bystander")
    await scene.at_pace(*floods)
    came, syncs = scene.came, scene.storage.syncs
    bystander.send(KvPut("bystander", b"x"))
    assert scene.came == came + 1
    told_at: list[int] = []
    write = bystander.transport.write

    def noted(data: bytes) -> None:
        told_at.append(scene.storage.syncs)
        write(data)

    monkeypatch.setattr(bystander.transport, "write", noted)
    scene.storage.release()
    await until(lambda: bystander.answered() == 1)
    assert told_at == [syncs + 1], "with the next batch"
    await until(lambda: all(flood.answered() == MANY for flood in floods))


async def test_while_others_wait_for_a_heavy_flood_no_more_of_it_is_done(scene: Scene) -> None:
    scene.work_s = limits.BATCH_S / 2
    flood, bystander = scene.connect("flood"), scene.connect("bystander")
    scene.storage.hold()
    flood.send(*[KvPut("flood", b"x") for _ in range(20)])
    await scene.turns(60)
    came = scene.came
    assert came == 2, "one is under way, and one is in the open batch"
    bystander.send(KvPut("bystander", b"x"))
    scene.storage.release_one()
    await scene.turns(60)
    assert scene.came == came + 1, "the bystander's own; the batch that it is in is under way"
    scene.storage.release_one()
    await until(lambda: bystander.answered() == 1)
    await until(lambda: scene.came > came + 1)
    scene.storage.release()
    await until(lambda: flood.answered() == 20)


async def has_answered(door: Door, requests: int) -> None:
    await until(lambda: door.answered() == requests)


async def test_a_heavy_flood_gets_on_however_many_wait(scene: Scene) -> None:
    scene.work_s = limits.BATCH_S / 2
    flood, bystander = scene.connect("flood"), scene.connect("bystander")
    flood.send(*[KvPut("flood", b"x") for _ in range(20)])
    for asked in range(1, 400):
        bystander.send(KvPut("bystander", b"x"))
        await has_answered(bystander, asked)
        if flood.answered() == 20:
            return
    raise AssertionError("it was kept out for good")


async def test_a_full_batch_keeps_nobody_from_reading(scene: Scene) -> None:
    flood, reader = scene.connect("flood"), scene.connect("reader")
    await scene.at_pace(flood)
    reader.send(*[KvGet("flood") for _ in range(MANY)])
    await scene.turns()
    assert reader.answered() == MANY
    scene.storage.release()
    await until(lambda: flood.answered() == MANY)


async def test_floods_come_by_turns(scene: Scene) -> None:
    floods = [scene.connect(f"flood {number}") for number in range(4)]
    await scene.at_pace(*floods)
    syncs = scene.storage.syncs
    scene.storage.release()
    await until(lambda: scene.storage.syncs >= syncs + 12)
    answered = [flood.answered() for flood in floods]
    assert max(answered) - min(answered) <= 2 * IN_A_BATCH_MAX
    await until(lambda: all(flood.answered() == MANY for flood in floods))


async def test_a_flood_that_begins_to_wait_leaves_no_batch_full(scene: Scene) -> None:
    flood = scene.connect("flood")
    scene.storage.hold()
    flood.send(KvPut("first", b"x"))
    await scene.turns()
    waits = [QueueDequeue("empty", block_ms=60_000) for _ in range(2 * IN_A_BATCH_MAX)]
    flood.send(*waits, KvPut("last", b"x"))
    await scene.turns(3 * MANY)
    assert flood.answered() == 0
    scene.storage.release()
    await until(lambda: flood.answered() == 2)
