from __future__ import annotations

import pytest

from floruntime.server.data.disk import LOOK_S_MAX, LOOK_S_MIN, DiskWatch, Looks


class Disk:
    def __init__(self, free: int) -> None:
        self.free = free

    def free_bytes(self) -> int:
        return self.free


def watch(disk: Disk) -> DiskWatch:
    return DiskWatch(disk.free_bytes, low_bytes=100, resume_bytes=200)


def test_there_is_room_until_less_than_the_low_mark_is_free() -> None:
    disk = Disk(100)
    watched = watch(disk)
    assert not watched.check()
    assert watched.may_grow
    disk.free = 99
    assert watched.check()
    assert not watched.may_grow


def test_growth_goes_on_by_itself_only_at_the_resume_mark() -> None:
    disk = Disk(0)
    watched = watch(disk)
    watched.check()
    for free, changes, may_grow in ((150, False, False), (199, False, False), (200, True, True)):
        disk.free = free
        assert watched.check() is changes
        assert watched.may_grow is may_grow
    disk.free = 150
    assert not watched.check()  # between the marks nothing changes
    assert watched.may_grow


@pytest.mark.parametrize(("low", "resume"), [(-1, 5), (6, 5)])
def test_marks_in_the_wrong_order_are_refused(low: int, resume: int) -> None:
    with pytest.raises(ValueError, match=f"low_bytes {low} and resume_bytes {resume}"):
        DiskWatch(lambda: 0, low_bytes=low, resume_bytes=resume)


def test_it_is_looked_at_the_sooner_the_faster_it_fills() -> None:
    now_s = [0.0]
    looks = Looks(low_bytes=1_000, now_s=lambda: now_s[0])
    assert looks.next_s(101_000) == LOOK_S_MAX
    now_s[0] = 1.0
    assert looks.next_s(100_000) == LOOK_S_MAX, "99 seconds are left"
    now_s[0] = 2.0
    assert looks.next_s(51_000) == pytest.approx(50_000 / 49_000 / 4)
    now_s[0] = 3.0
    assert looks.next_s(1_100) == LOOK_S_MIN
    now_s[0] = 4.0
    assert looks.next_s(5_000) == LOOK_S_MAX, "it has more room than before"
