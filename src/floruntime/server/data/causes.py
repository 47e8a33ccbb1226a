"""Why a store cannot be opened: because of its environment, or because it is damaged.

A full disk, too few open files, files of another user or a read-only disk say nothing about the
data, so nobody should then be told to restore a backup. RocksDB tells these causes apart only in
its messages.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from floruntime.engine.store.errors import StoreDamagedError, StoreError, StoreUnusableError

_REMEDIES: Final = {
    errno.ENOSPC: "the disk is full: free some space on it, then start again",
    errno.EDQUOT: "the disk quota is used up: free some space, then start again",
    errno.EMFILE: "this process may not open enough files: raise its limit (`ulimit -n 65536`, "
    "LimitNOFILE= of systemd), then start again",
    errno.ENFILE: "this machine has too many open files: raise fs.file-max, then start again",
    errno.EACCES: (
        "the user of this process may not use these files: start it as their owner, or make it "
        "their owner with chown"
    ),
    errno.EPERM: (
        "the user of this process may not use these files: start it as their owner, or make it "
        "their owner with chown"
    ),
    errno.EROFS: "the disk cannot be written: mount it for writing, then start again",
    errno.ENOMEM: "there is no memory left: give this process more, then start again",
    errno.EIO: "the disk answers with errors: look at the system's log, and copy the data away",
    errno.ENAMETOOLONG: "the path is too long: choose a shorter one",
}
_CODES: Final = {os.strerror(code): code for code in _REMEDIES}
_LOCK_WORDS: Final = "lock hold by"


def cannot_open(path: str, error: Exception) -> StoreError:
    """Why the store in the data directory `path` cannot be opened, and what to do about it."""
    if isinstance(error, StoreError):
        return error
    code = _code_of(error)
    if code is not None:
        return StoreUnusableError(
            f"the store in {path} cannot be opened ({error}). Nothing is damaged: {_REMEDIES[code]}"
        )
    if _LOCK_WORDS in str(error):
        return StoreUnusableError(
            f"the store in {path} is in use by another process ({error}); stop that first"
        )
    reason = str(error).rstrip(". ")
    return StoreDamagedError(f"the store in {path} cannot be opened: {reason}. Restore a backup")


def cannot_use(path: str, error: OSError) -> StoreError:
    """Why the file or directory `path` itself cannot be used."""
    reason = error.strerror or str(error)
    remedy = _REMEDIES.get(error.errno or 0)
    name = str(error.filename or path)
    what = f"the data directory {path}" if name == path else name
    return StoreUnusableError(f"cannot use {what}: {reason}" + (f"; {remedy}" if remedy else ""))


def _code_of(error: Exception) -> int | None:
    if isinstance(error, OSError) and error.errno in _REMEDIES:
        return error.errno
    text = str(error)
    return next((code for reason, code in _CODES.items() if reason in text), None)
