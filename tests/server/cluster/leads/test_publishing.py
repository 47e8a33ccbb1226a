"""A message that nobody acknowledged is settled by the log, whatever it did meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from floruntime.server.cluster.leads import publishing
from floruntime.server.cluster.leads.publishing import OvertakenError, publish
from tests.server.cluster.memory_log import MemoryLog
from tests.until import until


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "AGAIN_S", 0)


def leads() -> bool:
    return True


async def test_an_answer_that_was_lost_is_found_in_the_log() -> None:
    log = MemoryLog()
    log.silent_appends = 1
    await publish(log, b"mine", 0, leads)
    assert log.bodies == [b"mine"]
    assert log.appends == 2  # the second one was refused, and the log showed the first


async def test_what_did_not_land_is_sent_again_and_lands_once() -> None:
    log = MemoryLog()
    log.silent_appends, log.lands = 2, False
    await publish(log, b"mine", 0, leads)
    log.land_late()
    assert log.bodies == [b"mine"]


async def test_whoever_was_overtaken_hears_of_it() -> None:
    log = MemoryLog()
    log.land(b"another's", 0)
    with pytest.raises(OvertakenError, match="message 1"):
        await publish(log, b"mine", 0, leads)


async def test_overtaken_so_long_ago_that_the_log_was_trimmed_since() -> None:
    """Nothing stands there any more, and nothing ever will."""
    log = MemoryLog()
    for sequence in range(3):
        log.land(b"another's", sequence)
    await log.trim(2)
    with pytest.raises(OvertakenError, match="message 1 was written, and is dropped"):
        await publish(log, b"mine", 0, lambda: log.appends < 50)


async def test_overtaken_while_the_answer_was_out() -> None:
    log = MemoryLog()
    log.silent_appends, log.lands = 1, False
    sending = asyncio.ensure_future(publish(log, b"mine", 0, leads))
    await until(lambda: log.appends)
    log.land(b"another's", 0)
    log.land_late()
    with pytest.raises(OvertakenError):
        await sending
    assert log.bodies == [b"another's"]


async def test_nothing_is_sent_once_the_lease_is_over() -> None:
    log = MemoryLog()
    with pytest.raises(OvertakenError, match="lease"):
        await publish(log, b"mine", 0, lambda: False)
    assert not log.appends


async def test_a_log_that_is_cut_off_is_tried_until_the_lease_is_over() -> None:
    log = MemoryLog()
    log.is_cut = True
    with pytest.raises(OvertakenError):
        await publish(log, b"mine", 0, lambda: log.appends < 5)
    assert not log.bodies
    assert log.appends == 5
