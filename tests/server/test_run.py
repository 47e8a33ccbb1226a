"""How the process of a server ends."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.engine.store.errors import StoreFailedError
from floruntime.server import run


class Failing:
    """A server whose last sync fails."""

    async def stop(self) -> None:
        raise StoreFailedError("the sync failed")


async def test_a_last_sync_that_fails_ends_the_process_as_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[BaseException] = []
    monkeypatch.setattr(run, "_end_at_once", ends.append)
    server: Any = Failing()
    await run._stop(server)
    assert [str(error) for error in ends] == ["the sync failed"]
