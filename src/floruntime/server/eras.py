"""When a server begins a new history, and with which numbers (`engine/system/eras.py` says why).

A store is marked if it went back: a backup is, and a store that lost something. With `async`, the
last answered writes may be lost when the machine stops, but not when the process does. So such a
server marks its store while it runs, with the id of the machine's boot.
"""

from __future__ import annotations

import logging
import secrets
import time
from pathlib import Path
from typing import Final

from floruntime.core.system import HistoryBegin, HistoryEnd
from floruntime.engine.machine import Machine
from floruntime.engine.system import eras
from floruntime.server.commit.commit import Commit

log = logging.getLogger("floruntime.server")

NUMBERS_PER_MS: Final = 1_024
"""No server gives more, so none reaches the number at which a later history begins."""
RUNS_ASYNC: Final = "the machine ended before the last answered writes were on disk"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def begin(commit: Commit, machine: Machine, follows: str, *, keeps_clients: bool = False) -> None:
    """Begin the first history of a store, or the next where it has gone back.

    `follows`: why a store that has none yet is not the first that clients know. `keeps_clients`:
    they are connected to others, and go on: what they send again gets its first answer, if the
    state has it, and is done where it has not.
    """
    row = eras.row_of(commit.queries.view())
    reason = _why_ended(row.ended) if row.eras or row.ended else follows
    if row.eras and not reason:
        unmark_async(commit)
        return
    floor = _floor() if reason else 0
    if reason and machine.index:
        log.warning(
            "a new history begins: %s. Leases, versions and ids that were given after "
            "command %d are no longer valid; clients are notified",
            reason,
            machine.index,
        )
    id = secrets.token_hex(8)
    state = id, floor, machine.index, machine.time_ms, reason
    commit.submit_own(HistoryBegin(*state, keeps_clients=keeps_clients))


def mark_async(commit: Commit) -> None:
    """From now on an end of the machine may lose what was answered."""
    commit.submit_own(HistoryEnd(f"{RUNS_ASYNC}|{_boot_id()}"))


def unmark_async(commit: Commit) -> None:
    """All that was answered is about to be on disk, or was there when the process ended."""
    if eras.row_of(commit.queries.view()).ended:
        commit.submit_own(HistoryEnd(""))


def _why_ended(ended: str) -> str:
    reason, _, boot = ended.partition("|")
    return "" if boot and boot == _boot_id() else reason


def _boot_id() -> str:
    """Which run of this machine it is; empty where the system does not say."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _floor() -> int:
    return time.time_ns() // 1_000_000 * NUMBERS_PER_MS
