"""Checks, before the store is opened, that the log continues where the store's files end.

Every write has a sequence number, and RocksDB leaves none out. But RocksDB does not check that. A
MANIFEST that lost its end forgets files of rows. A missing log file takes its writes with it, and
later writes are still recovered, with older values in between. The witness cannot notice that,
because the newest command is there. So we check ourselves: the logs to be replayed must begin no
later than right after what the MANIFEST knows, and each write must follow the one before.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final, NamedTuple

from floruntime.engine.store.errors import StoreDamagedError
from floruntime.engine.store.log_records import Record, records

log = logging.getLogger("floruntime.store")

_BATCH_HEAD_BYTES: Final = 12
"""A batch of writes begins with its sequence number (8 bytes) and how many writes it has (4)."""

# What a record of the MANIFEST may begin with: the tag says what follows.
_COMPARATOR: Final = 1
_LOG_NUMBER: Final = 2
_LAST_SEQUENCE: Final = 4
_PLAIN_NUMBERS: Final = frozenset({_LOG_NUMBER, 3, _LAST_SEQUENCE, 9, 10, 203})
_MAY_BE_SKIPPED: Final = 1 << 13
"""A tag with this bit is followed by a length and so many bytes."""


class Reach(NamedTuple):
    """What the MANIFEST says: rows up to `sequence` are known to it, older logs are done with."""

    sequence: int = 0
    log_number: int = 0


def check_continuity(directory: str) -> None:
    """Refuse the store in `directory` where writes are missing in the middle. It must not be open.

    Raises `StoreDamagedError`. A torn end of the newest log is no damage (nobody was answered, or
    the witness knows better); it is told in the log of the server.
    """
    store = Path(directory)
    manifest = _current_manifest(store)
    if manifest is None:
        return  # RocksDB says better what is missing
    reach = _reach_of(manifest)
    expected: int | None = None
    for path in _logs_from(store, reach.log_number):
        for record in records(path, _BATCH_HEAD_BYTES):
            if record.is_torn:
                _tell_torn(path, record)
            elif len(record.data) == _BATCH_HEAD_BYTES:
                expected = _follow(path, record, expected, reach, manifest)


def _follow(path: Path, record: Record, expected: int | None, reach: Reach, manifest: Path) -> int:
    """The sequence number that must come after `record`. Raises where writes before it are gone."""
    sequence = int.from_bytes(record.data[:8], "little")
    count = int.from_bytes(record.data[8:], "little")
    missing = sequence - (reach.sequence + 1 if expected is None else expected)
    if missing > 0:
        cause = (
            f"{manifest.name} has lost its end, or a log file is missing"
            if expected is None
            else "a log file is missing or damaged before it"
        )
        raise StoreDamagedError(
            f"the store in {path.parent} lacks {missing} writes before those in {path.name}: "
            f"{cause}"
        )
    return sequence + count


def _tell_torn(path: Path, record: Record) -> None:
    cut = path.stat().st_size - record.at
    log.warning(
        "%s ends in an incomplete write: its last %d bytes, from byte %d on, are ignored",
        path,
        cut,
        record.at,
    )


def _current_manifest(store: Path) -> Path | None:
    try:
        name = (store / "CURRENT").read_text("utf-8", "replace").strip()
    except FileNotFoundError:
        return None
    manifest = store / name
    return manifest if name.startswith("MANIFEST-") and manifest.is_file() else None


def _logs_from(store: Path, number: int) -> list[Path]:
    """The logs that are to be replayed, oldest first."""
    return [path for its_number, path in _numbered_logs(store) if its_number >= number]


def _numbered_logs(store: Path) -> list[tuple[int, Path]]:
    found = [(int(path.stem), path) for path in store.glob("*.log") if path.stem.isdecimal()]
    return sorted(found)


def _reach_of(manifest: Path) -> Reach:
    reach = Reach()
    for record in records(manifest):
        if not record.is_torn:
            sequence, log_number = _numbers_of(record.data)
            reach = Reach(max(reach.sequence, sequence), max(reach.log_number, log_number))
    return reach


def _numbers_of(edit: bytes) -> Reach:
    """Last sequence and log number of one record of a MANIFEST; 0 where it does not say."""
    found = {_LAST_SEQUENCE: 0, _LOG_NUMBER: 0}
    at = 0
    try:
        while at < len(edit):
            tag, at = _varint(edit, at)
            if tag in _PLAIN_NUMBERS:
                found[tag], at = _varint(edit, at)
            elif tag == _COMPARATOR or tag & _MAY_BE_SKIPPED:
                length, at = _varint(edit, at)
                at += length
            else:
                break  # the numbers come first; what files there are is not our concern
    except IndexError:
        pass  # damaged: RocksDB refuses it
    return Reach(found[_LAST_SEQUENCE], found[_LOG_NUMBER])


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
