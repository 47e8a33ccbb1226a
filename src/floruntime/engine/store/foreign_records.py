"""Damage on which RocksDB's recovery would never end.

A record of a kind that only recycled log files have makes its reader (rocksdict 0.3.29) go round
and round. Ours are never recycled, so such a record is damage. It is given the kind of an ordinary
record before RocksDB looks: then its checksum is wrong, and recovery stops there, as at all other
damage; the witness knows whether that loses anything. (Where only the kind was damaged, it is whole
again.) Bytes that recovery does not reach may be changed too, which harms nothing.

A log is made of blocks, in which records follow each other: checksum (4 bytes), length (2), kind
(1), and so many bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

log = logging.getLogger("floruntime.store")

_BLOCK_BYTES: Final = 32 * 1024
_HEADER_BYTES: Final = 7
_KIND_AT: Final = 6
_ORDINARY: Final = 1
_RECYCLED: Final = frozenset({5, 6, 7, 8, 11})


def disarm_logs(directory: str) -> None:
    """Let recovery of the store in `directory` stop at foreign records. It must not be open."""
    for path in sorted(Path(directory).glob("*.log")):
        positions = list(_foreign_kinds(path))
        if positions:
            log.warning(
                "%s is damaged at byte %d; recovery stops there", path, positions[0] - _KIND_AT
            )
            with path.open("r+b") as file:
                for position in positions:
                    file.seek(position)
                    file.write(bytes([_ORDINARY]))


def _foreign_kinds(path: Path) -> Iterator[int]:
    """Where in the file the kinds of foreign records stand."""
    with path.open("rb") as file:
        block_at = 0
        while block := file.read(_BLOCK_BYTES):
            at = 0
            while at + _HEADER_BYTES <= len(block):
                kind = block[at + _KIND_AT]
                if kind in _RECYCLED:
                    yield block_at + at + _KIND_AT
                at += _HEADER_BYTES + int.from_bytes(block[at + 4 : at + 6], "little")
            block_at += len(block)
