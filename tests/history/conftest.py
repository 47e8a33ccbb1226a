"""Each data directory of history, opened by today's server at the time at which it was left."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from floruntime import FloClient
from floruntime.testing import FloTestServer
from tests.history.directories import HERE, unpack

ARCHIVES = sorted(HERE.glob("*/*.tar.xz"))


@dataclass(frozen=True)
class Left:
    """The running server, an admin's client, and what was noted of each primitive."""

    server: FloTestServer
    client: FloClient
    notes: dict[str, Any]


@pytest.fixture(params=ARCHIVES, ids=lambda path: f"{path.parent.name}-{path.name.split('.')[0]}")
def archive(request: pytest.FixtureRequest) -> Path:
    """One archive of history."""
    path = request.param
    assert isinstance(path, Path)
    return path


@pytest.fixture
def directory(archive: Path, tmp_path: Path) -> Path:
    """A copy of a data directory of history."""
    unpack(archive, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def notes(archive: Path) -> dict[str, Any]:
    """What was noted as the directory was written."""
    found = json.loads(archive.with_name(archive.name.replace(".tar.xz", ".json")).read_text())
    assert isinstance(found, dict)
    return found


@pytest.fixture
async def left(directory: Path, notes: dict[str, Any]) -> AsyncIterator[Left]:
    """A copy of a data directory, opened."""
    async with FloTestServer(str(directory), start_ms=1) as server:
        assert server.now_ms == notes["now_ms"]
        async with server.client(token=notes["token"], timeout_ms=60_000) as client:
            yield Left(server, client, notes)
