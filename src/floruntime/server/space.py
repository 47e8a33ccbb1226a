"""The disk of a running server: refuses growth in time, and frees space when it is short."""

from __future__ import annotations

import asyncio
import logging

from floruntime.server.commit.commit import Commit
from floruntime.server.data.disk import DiskWatch, Looks
from floruntime.server.data.reserve import Reserve
from floruntime.server.data.storage import Storage

log = logging.getLogger("floruntime.server")

GIVE_BACK_FACTOR = 2
"""Below this many times what growth resumes at, deleted space is given back at once."""
GIVE_BACK_S = 1.0
"""How often at most: each time makes a file."""


class Space:
    """Looks at the disk behind `storage` from the first `check` until `stop`."""

    def __init__(self, commit: Commit, storage: Storage, *, low_bytes: int) -> None:
        self._commit = commit
        self._storage = storage
        self._disk = DiskWatch(
            lambda: storage.free_bytes() or 0, low_bytes=low_bytes, resume_bytes=2 * low_bytes
        )
        path = storage.path
        self._reserve = None if path is None else Reserve(path, low_bytes=low_bytes)
        self._keeping_back: asyncio.Task[None] | None = None
        self._looks = Looks(low_bytes=low_bytes)
        self._timer: asyncio.TimerHandle | None = None
        self._looked_at = -1
        self._giving_back: asyncio.Task[None] | None = None
        self._given_back_at, self._given_back_s = -1, 0.0

    def check(self) -> None:
        """Look at the disk now, and again soon."""
        if self._timer is not None:
            self._timer.cancel()
        free_bytes = self._storage.free_bytes()
        if free_bytes is None:
            return
        if self._disk.check():
            self._commit.may_grow = self._disk.may_grow
            log.warning("%s of disk are free: growth is %s", _mib(free_bytes), self._verdict())
        self._keep_back(free_bytes)
        if free_bytes < GIVE_BACK_FACTOR * self._disk.resume_bytes:
            self._give_back()
        self._look_again(free_bytes)

    def _verdict(self) -> str:
        if self._disk.may_grow:
            return "allowed again"
        low, resume = _mib(self._disk.low_bytes), _mib(self._disk.resume_bytes)
        return (
            f"refused below {low} (disk_low_bytes), and until {resume} are free. Free space "
            "on the disk, or purge, trim or delete data"
        )

    def _look_again(self, free_bytes: int) -> None:
        """Soon; where nothing was written since the last look and there is room, at a write."""
        changes, before = self._commit.changes_total, self._looked_at
        self._looked_at = changes
        if changes == before and self._disk.may_grow and self._commit.tells_of_work:
            self._timer, self._commit.on_work = None, self._work_begins
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._looks.next_s(free_bytes), self.check)

    def catch_up(self) -> None:
        """Look at the disk now, where nobody does: somebody asks how it stands."""
        if self._commit.on_work is not None:
            self.check()

    def _work_begins(self) -> None:
        self._commit.on_work = None
        self.check()

    def _keep_back(self, free_bytes: int) -> None:
        """Keep room back where there is plenty, and give it up where there is next to none."""
        reserve = self._reserve
        if reserve is None or (self._keeping_back is not None and not self._keeping_back.done()):
            return
        reserve.give_up_if_short(free_bytes)
        if reserve.is_wanted(free_bytes):
            making = asyncio.to_thread(reserve.make)
            self._keeping_back = asyncio.get_running_loop().create_task(making)

    def _give_back(self) -> None:
        """Space is short: let what was deleted since the last time give back its own."""
        changes, now_s = self._commit.changes_total, asyncio.get_running_loop().time()
        is_soon = now_s < self._given_back_s + GIVE_BACK_S
        if self._giving_back is not None or is_soon or changes == self._given_back_at:
            return
        self._given_back_at, self._given_back_s = changes, now_s
        self._commit.let_go()
        self._giving_back = asyncio.get_running_loop().create_task(self._give_back_in_thread())

    async def _give_back_in_thread(self) -> None:
        try:
            await asyncio.to_thread(self._storage.give_back)
        except Exception as error:  # the binding's own; a store that failed is told elsewhere
            log.error("the space of deleted data cannot be freed: %s", error)
        finally:
            self._giving_back = None

    async def stop(self) -> None:
        """Look no more."""
        self._commit.on_work = None
        if self._timer is not None:
            self._timer.cancel()
        under_way = [task for task in (self._giving_back, self._keeping_back) if task is not None]
        if under_way:
            await asyncio.wait(under_way)


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 20):,.1f} MiB"
