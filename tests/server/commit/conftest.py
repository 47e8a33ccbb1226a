"""The tests of the commit run on each journal."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.server.commit.commit_rig import CommitRig
from tests.server.commit.journals import JOURNALS


@pytest.fixture(params=list(JOURNALS))
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[CommitRig]:
    """A commit on each journal in turn."""
    async with CommitRig(JOURNALS[request.param]()) as rig:
        yield rig
