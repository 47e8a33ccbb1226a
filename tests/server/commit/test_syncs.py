"""Who syncs: a thread beside the event loop, or, where that is calm, the loop itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from floruntime.server.commit.syncs import (
    CALM_BATCHES_MIN,
    QUICK_S,
    SMALL_ANSWERS_MAX,
    Syncs,
)


class Disk:
    """Counts syncs; each takes `takes_s` on its clock."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.takes_s = QUICK_S / 4
        self.error: Exception | None = None

    def sync(self, index: int) -> None:
        self.now_s += self.takes_s
        if self.error is not None:
            raise self.error


@pytest.fixture
async def disk() -> Disk:
    return Disk()


@pytest.fixture
async def syncs(disk: Disk) -> AsyncIterator[Syncs]:
    syncs = Syncs(disk.sync, now_s=lambda: disk.now_s)
    syncs.start()
    yield syncs
    syncs.stop()


def calm_down(syncs: Syncs) -> None:
    for _ in range(CALM_BATCHES_MIN):
        syncs.may_be_here(1)
        assert syncs.sync(1) is None


async def test_the_loop_syncs_once_enough_small_batches_were_quick(syncs: Syncs) -> None:
    for _ in range(CALM_BATCHES_MIN):
        assert not syncs.may_be_here(SMALL_ANSWERS_MAX)
        syncs.sync(1)
    assert syncs.may_be_here(SMALL_ANSWERS_MAX)
    assert syncs.may_be_here(0)


async def test_one_slow_sync_gives_the_work_back_to_the_thread(disk: Disk, syncs: Syncs) -> None:
    calm_down(syncs)
    disk.takes_s = QUICK_S * 2
    syncs.sync(1)
    assert not syncs.may_be_here(1)
    disk.takes_s = 0
    for _ in range(CALM_BATCHES_MIN - 1):
        syncs.sync(1)
    assert not syncs.may_be_here(1)


async def test_a_large_batch_gives_the_work_back_to_the_thread(syncs: Syncs) -> None:
    calm_down(syncs)
    assert not syncs.may_be_here(SMALL_ANSWERS_MAX + 1)
    assert not syncs.may_be_here(1)


async def test_what_goes_wrong_is_told_from_either_place(disk: Disk, syncs: Syncs) -> None:
    disk.error = OSError("gone")
    assert syncs.sync(1) is disk.error
    told: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    syncs.request(2, told.set_result)
    assert await told is disk.error
