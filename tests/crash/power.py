"""A disk that knows what it was made to keep, so that a test can take the power away.

A killed process loses nothing that it wrote, only a power cut does: so `kill -9` says nothing about
syncs. Here each completed sync notes how long the logs were when it began; an *image* is a copy of
the data directory whose logs are cut anywhere behind that length, as a power cut leaves them.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from floruntime.server.data.data_dir import store_path, witness_path
from floruntime.server.data.storage import DiskStorage

PAGE_BYTES = 4096


@dataclass(frozen=True)
class Kept:
    """What the last completed sync promised."""

    index: int
    log_bytes: dict[str, int]
    witness: bytes


class WatchedDisk(DiskStorage):
    """A data directory that notes what is certainly on disk."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        assert self.path is not None
        self._place = Path(self.path)
        self._lock = threading.Condition()  # an image is of one moment, not of half a sync
        self.kept = Kept(0, self._log_bytes(), self._witness())

    def _log_bytes(self) -> dict[str, int]:
        return {name: size for name, size in self._listing() if name.endswith(".log")}

    def _witness(self) -> bytes:
        return Path(witness_path(str(self._place))).read_bytes()

    def sync(self, index: int) -> None:
        with self._lock:
            before = self._log_bytes()
            witness = self._witness()
            super().sync(index)
            self.kept = Kept(index, before, witness)
            self._lock.notify_all()

    def wait_kept(self, index: int, seconds_max: float) -> bool:
        """Wait until command `index` is certainly on disk. To be called from a thread."""
        with self._lock:
            return self._lock.wait_for(lambda: self.kept.index >= index, seconds_max)

    def image(self, target: str, chance: random.Random) -> None:
        """What a power cut at this moment may leave behind."""
        with self._lock:
            self._image(target, chance)

    def _image(self, target: str, chance: random.Random) -> None:
        kept = self.kept
        while not self._copy(target):
            shutil.rmtree(target)
        for path in logs_of(Path(target)):
            _cut(path, kept.log_bytes.get(path.name, 0), chance)
        if chance.random() < 0.5:  # its own sync is a second apart: the last record may be gone
            Path(witness_path(target)).write_bytes(kept.witness)

    def _copy(self, target: str) -> bool:
        """Copy everything; False if RocksDB changed its files meanwhile."""
        before = self._listing()
        try:
            shutil.copytree(self._place, target)
        except shutil.Error:
            return False
        return before == self._listing()

    def _listing(self) -> list[tuple[str, int]]:
        found = []
        for entry in os.scandir(store_path(str(self._place))):
            with suppress(FileNotFoundError):  # RocksDB removes files meanwhile
                found.append((entry.name, entry.stat().st_size))
        return sorted(found)


def logs_of(directory: Path) -> list[Path]:
    """The store's write-ahead logs."""
    return sorted(Path(store_path(str(directory))).glob("*.log"))


def _cut(path: Path, kept_bytes: int, chance: random.Random) -> None:
    """Drop what follows a random place behind `kept_bytes`; or leave zeros or some pages there."""
    size = path.stat().st_size
    if size <= kept_bytes:
        return
    end = chance.choice((kept_bytes, size - 1, chance.randint(kept_bytes, size)))
    with path.open("r+b") as file:
        file.seek(end)
        tail = file.read()
        file.truncate(end)
        file.seek(end)
        match chance.randrange(3):
            case 0:
                file.write(bytes(size - end))
            case 1:
                _write_back(file, tail, chance)
            case _:
                pass


def _write_back(file: BinaryIO, tail: bytes, chance: random.Random) -> None:
    """Some pages of `tail` had reached the disk, in no order; the others are zeros."""
    for page in range(0, len(tail), PAGE_BYTES):
        piece = tail[page : page + PAGE_BYTES]
        file.write(piece if chance.random() < 0.5 else bytes(len(piece)))
