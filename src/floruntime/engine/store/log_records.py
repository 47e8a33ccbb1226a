"""Reads the records of RocksDB's log files, as far as we need them.

A file consists of blocks, in which fragments follow each other: checksum (4 bytes), length (2),
kind (1), and the data. A record is one whole fragment, or a first one, middle ones, and a last. The
logs of writes and the MANIFEST both have this format.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

BLOCK_BYTES: Final = 32 * 1024
HEADER_BYTES: Final = 7
KIND_AT: Final = 6
ZERO, WHOLE, FIRST, MIDDLE, LAST = range(5)


class Fragment(NamedTuple):
    """A fragment at byte `at` of its file. `is_torn`: the file ends within it."""

    at: int
    kind: int
    data: bytes
    is_torn: bool


class Record(NamedTuple):
    """A record that begins at byte `at` of its file. `is_torn`: its end is missing."""

    at: int
    data: bytes
    is_torn: bool


def fragments(path: Path) -> Iterator[Fragment]:
    """All fragments of the file, one block in memory at a time."""
    with path.open("rb") as file:
        block_at = 0
        while block := file.read(BLOCK_BYTES):
            at = 0
            while at + HEADER_BYTES <= len(block):
                length = int.from_bytes(block[at + 4 : at + KIND_AT], "little")
                end = at + HEADER_BYTES + length
                data = block[at + HEADER_BYTES : end]
                yield Fragment(block_at + at, block[at + KIND_AT], data, end > len(block))
                at = end
            block_at += len(block)


def records(path: Path, head_bytes: int | None = None) -> Iterator[Record]:
    """All records of the file in order, up to the first byte that belongs to none.

    `head_bytes`: keep no more than so many bytes of each. A last record without its end is torn.
    """
    begun: Record | None = None
    for fragment in fragments(path):
        if fragment.kind in (WHOLE, FIRST):
            begun = Record(fragment.at, fragment.data[:head_bytes], False)
        elif fragment.kind in (MIDDLE, LAST) and begun is not None:
            if head_bytes is None or len(begun.data) < head_bytes:
                begun = begun._replace(data=(begun.data + fragment.data)[:head_bytes])
        elif fragment.kind == ZERO:
            break  # space that was reserved and never written
        else:
            continue
        if fragment.is_torn:
            break
        if begun is not None and fragment.kind in (WHOLE, LAST):
            yield begun
            begun = None
    if begun is not None:
        yield begun._replace(is_torn=True)
