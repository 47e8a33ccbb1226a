"""What every test of the engine begins with."""

from __future__ import annotations

import pytest

from tests.engine.harness import Engine


@pytest.fixture
def engine() -> Engine:
    """The state machine over memory, with nothing in it."""
    return Engine()
