from __future__ import annotations

import pytest

from floruntime.server.data.disk import DiskWatch


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
