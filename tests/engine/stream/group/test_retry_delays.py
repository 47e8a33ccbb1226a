"""How long a record waits after a failed delivery; and settings of groups that change."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.backoff import retry_delay_ms
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.stream import (
    GroupConfigure,
    GroupCreate,
    GroupNack,
    GroupRead,
    StreamAppend,
    StreamRecord,
)
from tests.engine.harness import Engine

GROWING: dict[str, Any] = {
    "retry_delay_ms": 1_000,
    "retry_backoff": "exponential",
    "retry_delay_max_ms": 3_000,
}


def taken(engine: Engine) -> StreamRecord | None:
    """The record, if it is due."""
    return next(iter(engine.run(GroupRead("s", "g", "c")).records), None)


def nack(engine: Engine, record: StreamRecord, **options: Any) -> None:
    engine.run(GroupNack("s", "g", [record.id], [record.lease], **options))


@pytest.mark.parametrize("fails", ["nack", "lease"])
def test_it_grows_with_each_delivery_up_to_the_longest(engine: Engine, fails: str) -> None:
    engine.run(GroupCreate("s", "g", ack_timeout_ms=100, **GROWING))
    [appended] = engine.run(StreamAppend("s", [b"x"]))
    for attempt in (1, 2, 3, 4):
        record = taken(engine)
        assert record is not None
        assert record.attempt == attempt
        if fails == "nack":
            nack(engine, record)
        else:
            engine.advance(100)
        delay_ms = retry_delay_ms(1_000, "exponential", 3_000, attempt, appended.id)
        engine.advance(delay_ms - 1)
        assert taken(engine) is None
        engine.advance(1)


def test_a_delay_that_is_named_and_a_release_count_as_before(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", **GROWING))
    engine.run(StreamAppend("s", [b"x"]))
    record = taken(engine)
    assert record is not None
    nack(engine, record, delay_ms=7)
    engine.advance(7)
    record = taken(engine)
    assert record is not None
    nack(engine, record, release=True)
    assert taken(engine) is not None


def test_what_is_named_is_set_and_the_rest_stays(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", max_deliver=3))
    info = engine.run(GroupConfigure("s", "g", **GROWING))
    assert (info.max_deliver, info.retry_delay_ms, info.retry_backoff) == (3, 1_000, "exponential")
    info = engine.run(GroupConfigure("s", "g", ack_timeout_ms=5, consumer_timeout_ms=6))
    assert (info.ack_timeout_ms, info.consumer_timeout_ms) == (5, 6)
    assert info.retry_delay_max_ms == 3_000
    engine.run(
        GroupCreate("s", "g", ack_timeout_ms=5, max_deliver=3, consumer_timeout_ms=6, **GROWING)
    )
    with pytest.raises(ConflictError, match="retry_backoff='exponential'"):
        engine.run(GroupCreate("s", "g", max_deliver=3))


@pytest.mark.parametrize(
    "setting",
    [
        {"max_deliver": 0},
        {"ack_timeout_ms": 0},
        {"retry_backoff": "linear"},
        {"retry_backoff": "exponential", "retry_delay_ms": 2, "retry_delay_max_ms": 1},
    ],
)
def test_what_cannot_be_is_refused(engine: Engine, setting: dict[str, Any]) -> None:
    engine.run(GroupCreate("s", "g"))
    with pytest.raises(BadRequestError, match=next(iter(setting))[:5]):
        engine.run(GroupConfigure("s", "g", **setting))
    with pytest.raises(BadRequestError):
        engine.run(GroupCreate("s", "h", **setting))


def test_a_group_that_is_not_there_is_not_made(engine: Engine) -> None:
    with pytest.raises(NotFoundError):
        engine.run(GroupConfigure("s", "g"))
