"""What is asked again while NATS is silent, and for how long."""

from __future__ import annotations

import asyncio

import pytest

from floruntime.server.cluster.board.board import BoardSilentError
from floruntime.server.cluster.copies.replica import TooFarBehindError
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.requests.patiently import AGAIN_S, patiently
from tests.client.virtual_time import virtual


class Silent:
    """Fails so many times, and then answers."""

    def __init__(self, times: int, error: Exception) -> None:
        self._times = times
        self._error = error
        self.asked = 0

    async def ask(self) -> str:
        self.asked += 1
        if self.asked <= self._times:
            raise self._error
        return "answer"


@pytest.mark.parametrize("kind", [BoardSilentError, LogSilentError, TooFarBehindError])
@virtual
async def test_it_is_asked_until_there_is_an_answer(kind: type[Exception]) -> None:
    silent = Silent(3, kind("not yet"))
    begun_s = asyncio.get_running_loop().time()
    assert await patiently(silent.ask, 60.0) == "answer"
    assert silent.asked == 4
    assert asyncio.get_running_loop().time() - begun_s == pytest.approx(3 * AGAIN_S)


@virtual
async def test_and_no_longer_than_that() -> None:
    silent = Silent(1_000, BoardSilentError("not yet"))
    with pytest.raises(BoardSilentError, match="not yet"):
        await patiently(silent.ask, 10 * AGAIN_S)
    assert silent.asked in (11, 12)


@virtual
async def test_who_has_no_time_asks_once() -> None:
    silent = Silent(1, BoardSilentError("not yet"))
    with pytest.raises(BoardSilentError):
        await patiently(silent.ask, -1.0)
    assert silent.asked == 1


@virtual
async def test_what_is_no_silence_is_told_at_once() -> None:
    silent = Silent(1, ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        await patiently(silent.ask, 60.0)
    assert silent.asked == 1
