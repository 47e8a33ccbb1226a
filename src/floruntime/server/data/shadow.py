"""Reads a store without writing a byte where it is stored, so it may be on a read-only disk.

Even when RocksDB only reads, it writes logs and settings of its own beside the rows, and damaged
logs are repaired before it reads (`engine/store/foreign_records.py`). So it gets a directory of
links instead; logs, which may be repaired, are copied.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from floruntime.engine.store.rocks import RocksStore
from floruntime.server.data.causes import cannot_open
from floruntime.server.data.data_dir import store_path
from floruntime.server.open_files import store_files_max

PREFIX: Final = "flo-verify-"
_SHADOW: Final = re.compile(rf"\S*/{PREFIX}[^/\s]+/")
_NOT_READ: Final = frozenset({"LOCK", "LOG"})


@contextmanager
def reading_store(path: str, place: str | None = None) -> Iterator[RocksStore]:
    """The store of the data directory `path` as it stands, to be read within the block; it lies at
    `place`, if that is told.

    Raises a `StoreError` that says why it cannot be opened.
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX) as shadow:
        try:
            _link_files(Path(place or store_path(path)), Path(shadow))
            store = RocksStore(shadow, read_only=True, files_max=store_files_max())
        except Exception as error:
            told = cannot_open(path, error)
            if told is error:
                raise
            raise type(told)(as_where_it_lies(str(told))) from error
        try:
            yield store
        finally:
            store.close()


def as_where_it_lies(text: str) -> str:
    """What RocksDB says, with the file that is meant: the links are gone by then."""
    return _SHADOW.sub("store/", text)


def _link_files(store: Path, shadow: Path) -> None:
    for file in store.iterdir():
        if file.name in _NOT_READ or file.name.startswith("LOG.old"):
            continue
        if file.suffix in (".log", ".json"):
            shutil.copyfile(file, shadow / file.name)
        else:
            with file.open("rb"):  # who may not read it hears of the file itself
                os.symlink(file, shadow / file.name)
