"""The power goes: what was not synced is gone, anywhere behind the last sync.

Images of the disk are taken at random steps of the commit while clients write. Each must open, hold
at least what a completed sync promised, and be the exact state after some whole number of commits.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from floruntime.client.client import FloClient
from floruntime.engine.machine import applied_index
from floruntime.engine.store import Reader
from floruntime.server.clock import SystemClock
from floruntime.server.commit.durability import Durability
from floruntime.server.config import Config
from floruntime.server.connections.port import Port
from floruntime.server.data.data_dir import DataDirectory
from floruntime.server.server import FloServer
from tests.crash.power import WatchedDisk, logs_of

WRITERS = 8
EVERYTHING = (b"", b"\xff" * 3)
ASYNC_LOSS_SECONDS = 0.1
SLACK_SECONDS = 1.0
"""For a slow disk and a busy machine."""


@dataclass
class Image:
    """A copy of the disk, and what it must hold."""

    path: str
    step: str
    kept_index: int
    answered: dict[str, int]
    unkept_for_s: float


@dataclass
class Witnessed:
    """A server whose power may go at any step."""

    disk: WatchedDisk
    durability: Durability
    chance: random.Random
    directory: Path
    images: list[Image] = field(default_factory=list)
    states: dict[int, Reader] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    written_at_s: dict[int, float] = field(default_factory=dict)
    server: FloServer | None = None
    endpoint: str = ""
    image_chance: float = 0.15
    images_max: int = 25

    def on_step(self, step: str) -> None:
        store = self.disk.store
        if step == "after_write":
            index = applied_index(store)
            self.states[index] = store.snapshot()
            self.written_at_s[index] = time.monotonic()
        if len(self.images) < self.images_max and self.chance.random() < self.image_chance:
            self.take_image(step)

    def take_image(self, step: str) -> None:
        path = str(self.directory / f"image-{len(self.images)}")
        kept = self.disk.kept
        self.disk.image(path, self.chance)
        unkept = [at for index, at in self.written_at_s.items() if index > kept.index]
        age_s = time.monotonic() - min(unkept) if unkept else 0.0
        self.images.append(Image(path, step, kept.index, dict(self.answered), age_s))


@asynccontextmanager
async def powered(
    directory: Path, durability: Durability, chance: random.Random
) -> AsyncIterator[Witnessed]:
    disk = WatchedDisk(str(directory / "data"))
    it = Witnessed(disk, durability, chance, directory)
    it.states[applied_index(disk.store)] = disk.store.snapshot()
    config = Config(port=0, durability=durability)
    it.server = FloServer(config, disk, SystemClock, on_step=it.on_step)
    port = await Port.open(it.server, "127.0.0.1", 0)
    it.endpoint = f"127.0.0.1:{port.number}"
    it.server.start()
    try:
        yield it
    finally:
        port.close()
        it.states.clear()
        await it.server.stop()


async def write_until_imaged(it: Witnessed, *, large: bool) -> None:
    """Writers of every primitive, until there are images enough."""

    async def write(client: FloClient, name: str) -> None:
        number = 0
        filler = it.chance.randbytes(150_000 if large else 100)
        while len(it.images) < it.images_max:
            number += 1
            async with client.batch() as batch:
                batch.kv.put(name, str(number))
                batch.kv.put("filler", filler)
                batch.queue.enqueue("q", b"x")
                batch.stream.append("s", b"y")
            it.answered[name] = number
            await client.queue.dequeue("q")
            await client.kv.incr("n")

    async with FloClient(it.endpoint, timeout_ms=60_000) as client:
        await asyncio.gather(*(write(client, f"w{n}") for n in range(WRITERS)))


def judge(it: Witnessed, image: Image) -> str:
    """What is wrong with an image that was opened, or nothing."""
    opened = DataDirectory(image.path)
    try:
        index = applied_index(opened.store)
        if index < image.kept_index:
            return f"command {image.kept_index} was synced, the image ends at {index}"
        if index not in it.states:
            return f"command {index} is the end of no commit"
        expected = list(it.states[index].scan(*EVERYTHING))
        if list(opened.store.scan(*EVERYTHING)) != expected:
            return f"the state after command {index} is not what it was"
    finally:
        opened.close()
    return ""


async def answers_kept(image: Image) -> str:
    """Whether a server started on the image has what the clients were told."""
    async with FloClient(f"file:{image.path}") as client:
        for name, number in image.answered.items():
            value = int(await client.kv.get(name) or 0)
            if value < number:
                return f"{name}: {number} was acknowledged, {value} is there"
    return ""


@pytest.mark.parametrize("large", [False, True], ids=["small", "rotating logs"])
async def test_what_was_answered_survives_a_power_cut(large: bool, tmp_path: Path) -> None:
    seed = secrets.randbelow(2**32)
    async with powered(tmp_path, Durability.SYNC, random.Random(seed)) as it:
        if large:
            it.images_max, it.image_chance = 10, 0.02
        await write_until_imaged(it, large=large)
        for image in it.images:
            broken = judge(it, image) or await answers_kept(image)
            assert not broken, f"seed {seed}, at {image.step}: {broken}"
            shutil.rmtree(image.path)
    if not large:
        assert {image.step for image in it.images} == {"before_write", "after_write", "after_sync"}


async def test_async_loses_a_moment_at_most_and_keeps_a_prefix(tmp_path: Path) -> None:
    seed = secrets.randbelow(2**32)
    async with powered(tmp_path, Durability.ASYNC, random.Random(seed)) as it:
        await write_until_imaged(it, large=False)
        for image in it.images:
            broken = judge(it, image)
            assert not broken, f"seed {seed}, at {image.step}: {broken}"
        longest = max(image.unkept_for_s for image in it.images)
        assert longest < ASYNC_LOSS_SECONDS + SLACK_SECONDS, f"seed {seed}"


async def test_async_syncs_by_itself_when_the_writes_end(tmp_path: Path) -> None:
    async with powered(tmp_path, Durability.ASYNC, random.Random(0)) as it:
        async with FloClient(it.endpoint) as client:
            await client.kv.put("k", b"v")
            written = applied_index(it.disk.store)
        assert await asyncio.to_thread(it.disk.wait_kept, written, 10.0)


async def test_async_keeps_everything_over_a_clean_end(tmp_path: Path) -> None:
    async with powered(tmp_path, Durability.ASYNC, random.Random(0)) as it:
        async with FloClient(it.endpoint) as client:
            await client.kv.put("k", b"v")
        written = applied_index(it.disk.store)
        assert it.server is not None
        await it.server.commit.stop()
        assert it.disk.kept.index >= written


async def test_an_image_without_the_synced_end_of_its_log_is_refused(tmp_path: Path) -> None:
    """The test's own proof: were a sync missing, it would be seen."""
    async with powered(tmp_path, Durability.SYNC, random.Random(0)) as it:
        it.image_chance = 0
        async with FloClient(it.endpoint) as client:
            for number in range(20):
                await client.kv.put("k", str(number))
        it.take_image("cut too far")
        image = it.images[-1]
        shutil.copy(tmp_path / "data" / "witness", image.path)
        for log in logs_of(tmp_path / "image-0"):
            os.truncate(log, it.disk.kept.log_bytes[log.name] - 1)
        with pytest.raises(Exception, match="was durable"):
            judge(it, image)
