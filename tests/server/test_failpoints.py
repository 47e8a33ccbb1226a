"""The places at which a test has the process killed."""

from __future__ import annotations

import os
import signal

import pytest

from floruntime.server.failpoints import fail_point_from


def test_without_a_setting_nothing_happens() -> None:
    for setting in (None, ""):
        assert fail_point_from(setting) is None


def test_the_process_is_killed_at_the_named_place_the_named_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    step = fail_point_from("after_write:2")
    assert step is not None
    for name in ("before_write", "after_write", "after_sync", "before_write"):
        step(name)
    assert killed == []
    step("after_write")
    assert killed == [(os.getpid(), signal.SIGKILL)]


@pytest.mark.parametrize("setting", ["somewhere:1", "after_write", "after_write:0", "after_sync:x"])
def test_a_bad_setting_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="FLO_FAIL_POINT"):
        fail_point_from(setting)
