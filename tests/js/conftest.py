"""What the tests of JavaScript have in common: the packages, built."""

from __future__ import annotations

import fcntl

import pytest
from scripts.javascript import build, node_is_missing

from tests.js.missing import leave_out


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    """js/ with what it needs, built: once, for all processes that run tests."""
    leave_out("build and tests of the JavaScript packages", node_is_missing())
    place = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        place = place.parent  # which is theirs together
    with (place / "js-is-built").open("a") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        if mark.seek(0, 2) == 0:
            build()
            mark.write("yes")
