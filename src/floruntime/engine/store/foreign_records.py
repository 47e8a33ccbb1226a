"""Repairs a kind of damage on which RocksDB's recovery would never end.

If a log record has a kind that only recycled log files use, its reader (rocksdict 0.3.29) loops
forever. Our log files are never recycled, so such a record is damage. Before RocksDB reads the
file, the record is given the kind of an ordinary record. Then its checksum is wrong, and recovery
stops there, as at all other damage; the witness knows whether that loses anything. (If only the
kind was damaged, the record is whole again.) Bytes that recovery does not reach may be changed too,
which is harmless.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from floruntime.engine.store.log_records import KIND_AT, WHOLE, fragments

log = logging.getLogger("floruntime.store")

_RECYCLED: Final = frozenset({5, 6, 7, 8, 11})


def disarm_logs(directory: str) -> None:
    """Let recovery of the store in `directory` stop at foreign records. It must not be open."""
    for path in sorted(Path(directory).glob("*.log")):
        positions = [
            fragment.at + KIND_AT for fragment in fragments(path) if fragment.kind in _RECYCLED
        ]
        if positions:
            log.warning(
                "%s is damaged at byte %d; recovery stops there", path, positions[0] - KIND_AT
            )
            with path.open("r+b") as file:
                for position in positions:
                    file.seek(position)
                    file.write(bytes([WHOLE]))
