"""What several tests of the server share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def quiet() -> Iterator[None]:
    """Nothing is logged: these tests provoke what a server warns of."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
