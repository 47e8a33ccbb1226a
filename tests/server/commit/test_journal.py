"""What every journal promises: an order, what is applied, what may be told, and one loss."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from floruntime.engine.store import Changes
from tests.server.commit.journals import JOURNALS, TriedJournal
from tests.until import until

END = b"cl"
"""Behind the keys of these batches; a log keeps its position there."""
FIRST = Changes({b"a": b"1", b"b": b"1"}, [])
SECOND = Changes({b"c": b"2"}, [(b"a", b"b")])


class Told:
    """What a journal tells whoever began it."""

    def __init__(self) -> None:
        self.durable = 0
        self.lost: list[BaseException] = []

    def is_durable(self) -> None:
        self.durable += 1

    async def until(self, durable: int, lost: int = 0) -> None:
        await until(lambda: (self.durable, len(self.lost)) == (durable, lost))


@pytest.fixture(params=list(JOURNALS))
async def tried(request: pytest.FixtureRequest) -> TriedJournal:
    return JOURNALS[request.param]()


@pytest.fixture
async def told(tried: TriedJournal) -> AsyncIterator[Told]:
    told = Told()
    tried.journal.begin(told.is_durable, told.lost.append)
    yield told
    tried.release()
    tried.journal.stop()


async def test_a_batch_is_applied_at_once_and_readable_once_it_is_durable(
    tried: TriedJournal, told: Told
) -> None:
    journal = tried.journal
    before = journal.readable()
    tried.hold()
    assert not journal.append(FIRST, 1, 1)
    assert journal.applied.get(b"a") == b"1"
    assert list(journal.applied.scan(b"", END)) == [(b"a", b"1"), (b"b", b"1")]
    assert list(journal.readable().scan(b"", END)) == []
    assert told.durable == 0
    tried.release()
    await told.until(durable=1)
    assert list(journal.readable().scan(b"", END)) == [(b"a", b"1"), (b"b", b"1")]
    assert tried.durable_index == 1
    assert before.get(b"a") is None


async def test_batches_follow_each_other(tried: TriedJournal, told: Told) -> None:
    journal = tried.journal
    journal.append(FIRST, 1, 3)
    await told.until(durable=1)
    tried.hold()
    journal.append(SECOND, 2, 3)
    assert list(journal.applied.scan(b"", END, reverse=True)) == [(b"c", b"2"), (b"b", b"1")]
    assert list(journal.readable().scan(b"", END)) == [(b"a", b"1"), (b"b", b"1")]
    tried.release()
    await told.until(durable=2)
    assert list(journal.readable().scan(b"", END)) == [(b"b", b"1"), (b"c", b"2")]


async def test_a_loss_is_told_once_and_its_batch_never_shows(
    tried: TriedJournal, told: Told
) -> None:
    error = OSError("gone")
    tried.hold()
    tried.journal.append(FIRST, 1, 1)
    tried.lose(error)
    tried.release()
    await told.until(durable=0, lost=1)
    assert told.lost == [error]
    assert tried.journal.readable().get(b"a") is None
