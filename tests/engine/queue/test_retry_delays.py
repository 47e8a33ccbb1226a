"""How long a message waits after a failed attempt, where that grows."""

from __future__ import annotations

import pytest

from floruntime.core.backoff import retry_delay_ms
from floruntime.core.queue import QueueConfigure, QueueDequeue, QueueEnqueue, QueueNack
from tests.engine.harness import Engine

SETTINGS = (1_000, "exponential", 3_000)


@pytest.fixture
def jobs(engine: Engine) -> Engine:
    """A queue whose delays grow, with a message."""
    engine.run(
        QueueConfigure(
            "q", retry_delay_ms=1_000, retry_backoff="exponential", retry_delay_max_ms=3_000
        )
    )
    engine.run(QueueEnqueue("q", [b"x"]))
    return engine


def taken(engine: Engine) -> int:
    """The lease of the message, 0 while it is not due."""
    found = engine.run(QueueDequeue("q", visibility_timeout_ms=100)).messages
    return found[0].lease if found else 0


@pytest.mark.parametrize("fails", ["nack", "lease"])
def test_it_grows_with_each_attempt_up_to_the_longest(jobs: Engine, fails: str) -> None:
    for attempt in (1, 2, 3, 4):
        lease = taken(jobs)
        assert lease
        if fails == "nack":
            jobs.run(QueueNack("q", [1], [lease]))
        else:
            jobs.advance(100)
        delay_ms = retry_delay_ms(*SETTINGS, attempt, 1)
        assert min(1_000 * 2 ** (attempt - 1), 3_000) <= delay_ms <= 3_000
        jobs.advance(delay_ms - 1)
        assert not taken(jobs)
        jobs.advance(1)


def test_a_delay_that_is_named_and_a_release_count_as_before(jobs: Engine) -> None:
    jobs.run(QueueNack("q", [1], [taken(jobs)], delay_ms=7))
    jobs.advance(7)
    jobs.run(QueueNack("q", [1], [taken(jobs)], release=True))
    assert taken(jobs)
