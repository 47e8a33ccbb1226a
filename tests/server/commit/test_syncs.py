"""Who syncs: a thread beside the event loop, or, where that is calm, the loop itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from floruntime.server.commit.syncs import QUICK_S, SMALL_ANSWERS_MAX, Syncs

LEARNING_SYNCS = 20


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
    """Sync as often as it takes to know that the disk is quick."""
    for _ in range(LEARNING_SYNCS):
        assert syncs.sync(1) is None
    assert syncs.may_be_here(1)


async def test_the_loop_syncs_small_batches_once_it_knows_the_disk_as_quick(syncs: Syncs) -> None:
    assert not syncs.may_be_here(1)
    syncs.sync(1)
    assert not syncs.may_be_here(1)
    calm_down(syncs)
    assert syncs.may_be_here(SMALL_ANSWERS_MAX)
    assert syncs.may_be_here(0)
    assert not syncs.may_be_here(SMALL_ANSWERS_MAX + 1)
    assert syncs.may_be_here(SMALL_ANSWERS_MAX), "a large batch tells nothing of the disk"


async def test_a_sync_that_the_disk_held_up_does_not_make_it_slow(disk: Disk, syncs: Syncs) -> None:
    calm_down(syncs)
    disk.takes_s = 1000 * QUICK_S
    syncs.sync(1)
    assert syncs.may_be_here(1)
    syncs.sync(1)
    assert not syncs.may_be_here(1), "twice in a row does"


async def test_a_slow_disk_is_left_to_the_thread_until_it_is_quick_again(
    disk: Disk, syncs: Syncs
) -> None:
    calm_down(syncs)
    disk.takes_s = QUICK_S * 1.5
    for _ in range(LEARNING_SYNCS):
        syncs.sync(1)
    assert not syncs.may_be_here(1)
    disk.takes_s = QUICK_S / 4
    calm_down(syncs)


async def test_what_goes_wrong_is_told_from_either_place(disk: Disk, syncs: Syncs) -> None:
    disk.error = OSError("gone")
    assert syncs.sync(1) is disk.error
    told: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    syncs.request(2, told.set_result)
    assert await told is disk.error
