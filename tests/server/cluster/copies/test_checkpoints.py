"""Checkpoints: written, read back, trimmed to the second newest, and loaded unless damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from floruntime.engine.store import Changes, Store
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.cluster.copies.checkpoints import Checkpoints
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.log.message import POSITION_KEY, DamagedLogError, Position
from floruntime.server.cluster.log.position import encode_position
from tests.server.cluster.memory_board import MemoryBoard
from tests.server.cluster.memory_log import MemoryLog


class Files:
    """An object store on disk; one whose bytes go wrong where a test says so."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.goes_wrong = False
        #: Of these nothing comes.
        self.silent: set[str] = set()

    def path(self, name: str) -> Path:
        return self._directory / name

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self._directory.iterdir())

    async def put(self, name: str, path: str) -> None:
        shutil.copy(path, self.path(name))
        if self.goes_wrong:
            damage(self.path(name))

    async def get(self, name: str, path: str) -> None:
        if name in self.silent:
            raise LogSilentError("nothing came of it")
        shutil.copy(self.path(name), path)

    async def delete(self, name: str) -> None:
        self.path(name).unlink()


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


class Bench:
    """A store that is written to and saved now and then."""

    def __init__(self, tmp_path: Path) -> None:
        objects, work = tmp_path / "objects", tmp_path / "work"
        objects.mkdir()
        work.mkdir()
        self.work = work
        self.files = Files(objects)
        self.log = MemoryLog()
        self.store = MemoryStore()
        self.checkpoints = Checkpoints(MemoryBoard(), self.files, str(work))

    def write(self, sequence: int) -> None:
        position = encode_position(Position(sequence, 1))
        rows: dict[bytes, bytes | None] = {b"kv%d" % n: b"%d" % sequence for n in range(20_000)}
        self.store.write(Changes({**rows, POSITION_KEY: position}, []))

    async def save(self) -> bool:
        return await self.checkpoints.write(1, self.store, self.log) is not None

    async def loaded(self) -> Store:
        def replace(fill: Callable[[Store], None]) -> Store:
            store = MemoryStore()
            fill(store)
            return store

        return await self.checkpoints.load(1, replace)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_the_log_is_trimmed_to_the_second_newest(bench: Bench) -> None:
    bench.write(10)
    assert await bench.save()
    assert bench.log.trimmed == 0
    assert not await bench.save()  # there is one already
    bench.write(20)
    assert await bench.save()
    assert bench.log.trimmed == 10
    bench.write(30)
    assert await bench.save()
    assert bench.log.trimmed == 20
    assert bench.files.names == ["1-1-20", "1-1-30"]
    assert list(bench.work.iterdir()) == []


async def test_the_newest_is_loaded_whole(bench: Bench) -> None:
    for sequence in (10, 20):
        bench.write(sequence)
        await bench.save()
    loaded = await bench.loaded()
    assert list(loaded.scan(b"", b"z")) == list(bench.store.scan(b"", b"z"))


async def test_of_a_damaged_one_the_older_is_loaded(bench: Bench, quiet: None) -> None:
    for sequence in (10, 20):
        bench.write(sequence)
        await bench.save()
    damage(bench.files.path("1-1-20"))
    assert (await bench.loaded()).get(b"kv0") == b"10"
    damage(bench.files.path("1-1-10"))
    with pytest.raises(DamagedLogError, match=r"1-1-20: it is damaged.*1-1-10: it is damaged"):
        await bench.loaded()


async def test_of_one_that_does_not_come_the_older_is_loaded(bench: Bench, quiet: None) -> None:
    for sequence in (10, 20):
        bench.write(sequence)
        await bench.save()
    bench.files.silent.add("1-1-20")
    assert (await bench.loaded()).get(b"kv0") == b"10"
    damage(bench.files.path("1-1-10"))
    with pytest.raises(LogSilentError, match=r"1-1-20: nothing came of it.*1-1-10: it is damaged"):
        await bench.loaded()  # so it is asked for again


async def test_what_cannot_be_read_back_does_not_count(bench: Bench) -> None:
    bench.write(10)
    await bench.save()
    bench.write(20)
    bench.files.goes_wrong = True
    with pytest.raises(DamagedLogError, match="read back with other contents"):
        await bench.save()
    assert [row.sequence for row in await bench.checkpoints.known(1)] == [10]


async def test_without_any_that_is_said(bench: Bench) -> None:
    with pytest.raises(DamagedLogError, match="there is no checkpoint"):
        await bench.loaded()
