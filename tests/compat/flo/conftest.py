"""A client as the first SDK has it, of a server in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import floruntime.compat.flo as flo


@pytest.fixture
async def client() -> AsyncIterator[flo.FloClient]:
    async with flo.FloClient("memory://") as client:
        yield client
