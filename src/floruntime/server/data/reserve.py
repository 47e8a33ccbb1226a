"""A reserve file, which only takes up space, so that some can be freed when the disk is full.

A start has to write (it turns the log into a file), and deletes have to write. So a server keeps
this reserve while there is enough space. It gives the reserve up if it opens its directory on a
full disk, or if nearly nothing is left.
"""

from __future__ import annotations

import contextlib
import logging
import os
from typing import Final

log = logging.getLogger("floruntime.server")

RESERVE_BYTES_MAX: Final = 32 * 1024 * 1024
"""Two memtables: about what a start writes."""
LOW_PART: Final = 8
"""It is this part of what growth stops at, at most."""
PLENTY_FACTOR: Final = 4
"""With so many times what growth stops at, room is kept back."""
GIVEN_UP_PART: Final = 8
"""With less than this part of it left on the disk, a running server gives it up."""


class Reserve:
    """The file `reserve` in a data directory."""

    def __init__(self, directory: str, *, low_bytes: int) -> None:
        self._path = reserve_path(directory)
        self._bytes = min(RESERVE_BYTES_MAX, low_bytes // LOW_PART)
        self._plenty_bytes = PLENTY_FACTOR * low_bytes + self._bytes

    def is_wanted(self, free_bytes: int) -> bool:
        """Whether room should be kept back now, and is not."""
        return (
            self._bytes > 0 and free_bytes >= self._plenty_bytes and not os.path.exists(self._path)
        )

    def make(self) -> None:
        """Keep room back. For a thread: some file systems write all of it."""
        fresh = self._path + ".new"
        try:
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, self._bytes)
            finally:
                os.close(file)
            os.replace(fresh, self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            log.info("the reserve on the disk cannot be kept: %s", error)

    def give_up_if_short(self, free_bytes: int) -> None:
        """Give the room up where next to nothing is left beside it."""
        if free_bytes < self._bytes // GIVEN_UP_PART:
            give_up(self._path)


def reserve_path(directory: str) -> str:
    return os.path.join(directory, "reserve")


def give_up_for_start(directory: str) -> None:
    """Give the room up where the disk has less left than that: a start needs it."""
    path = reserve_path(directory)
    with contextlib.suppress(OSError):
        os.unlink(path + ".new")
    try:
        kept_bytes = os.path.getsize(path)
        status = os.statvfs(directory)
    except OSError:
        return
    if status.f_bavail * status.f_frsize < kept_bytes:
        give_up(path)


def give_up(path: str) -> None:
    """Delete the file, if it is there; nothing else is done about a disk that refuses that."""
    try:
        kept_bytes = os.path.getsize(path)
        os.unlink(path)
    except OSError:
        return
    log.warning(
        "the disk is full: the reserve of %d bytes on it was released. Free space on the "
        "disk, or purge, trim or delete data",
        kept_bytes,
    )
