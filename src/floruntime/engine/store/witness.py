"""The witness: a small file outside the log that records how far the log must reach.

RocksDB's recovery stops at the first damaged record, and silently drops what follows. The index of
the last durable command, stored separately, tells such a loss from a clean end.

There are two slots, a disk sector apart. Records go to one slot until it is synced, then to the
other. So one slot always holds a synced record that no later write can damage.
"""

from __future__ import annotations

import os
import struct
from zlib import crc32

from floruntime.engine.store.errors import StoreDamagedError, StoreFailedError

SYNC_EVERY_MS = 1000
_SLOT = struct.Struct("<4sQQI")
"""Magic, turn (which slot is newer), index, checksum of what stands before it."""
_BODY = struct.Struct("<4sQQ")
_MAGIC = b"FLOw"
_SLOT_DISTANCE_BYTES = 4096


class WitnessFile:
    """The witness at `path`, open for recording. `create_witness` makes one."""

    def __init__(self, path: str) -> None:
        turn, index = _read_newest(path)
        #: The last index recorded.
        self.index = index
        self._turn = turn + 1
        self._is_synced = True
        self._synced_at_ms = 0
        self._file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def record(self, index: int) -> None:
        """Note that every command up to `index` is durable. Call it after the sync that did it."""
        try:
            os.pwrite(self._file, _slot(self._turn, index), self._turn % 2 * _SLOT_DISTANCE_BYTES)
        except OSError as error:
            raise StoreFailedError(f"the witness cannot be written: {error}") from error
        self.index = index
        self._is_synced = False

    def sync_if_due(self, now_ms: int) -> bool:
        """Sync, if something was recorded and the last sync is a second ago. Says whether it did.

        `now_ms` is any clock that does not go back.
        """
        if self._is_synced or now_ms - self._synced_at_ms < SYNC_EVERY_MS:
            return False
        self._synced_at_ms = now_ms
        self.sync()
        return True

    def sync(self) -> None:
        """Make the record durable; the next one goes to the other slot."""
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise StoreFailedError(f"the witness cannot be synced: {error}") from error
        self._turn += 1
        self._is_synced = True

    def close(self) -> None:
        """Sync what is not synced yet, and close the file."""
        if not self._is_synced:
            self.sync()
        os.close(self._file)


def create_witness(path: str, index: int) -> None:
    """Write a durable witness of `index` at `path`, in place of any that is there."""
    fresh = path + ".new"
    with open(fresh, "wb") as file:
        file.write(_slot(0, index).ljust(_SLOT_DISTANCE_BYTES, b"\0"))
        file.write(_slot(1, index))
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def read_witness(path: str) -> int:
    """The last index witnessed at `path`. `StoreDamagedError` if neither slot can be read."""
    return _read_newest(path)[1]


def _read_newest(path: str) -> tuple[int, int]:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise StoreDamagedError(f"the witness {path} is missing") from None
    slots = [_parse(data[: _SLOT.size]), _parse(data[_SLOT_DISTANCE_BYTES:][: _SLOT.size])]
    valid = [slot for slot in slots if slot is not None]
    if not valid:
        raise StoreDamagedError(f"the witness {path} is damaged: neither of its slots is whole")
    return max(valid)


def _slot(turn: int, index: int) -> bytes:
    body = _BODY.pack(_MAGIC, turn, index)
    return _SLOT.pack(_MAGIC, turn, index, crc32(body))


def _parse(data: bytes) -> tuple[int, int] | None:
    if len(data) != _SLOT.size:
        return None
    magic, turn, index, checksum = _SLOT.unpack(data)
    if magic != _MAGIC or checksum != crc32(data[: _BODY.size]):
        return None
    return turn, index
