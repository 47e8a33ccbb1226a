"""What counts as the same answer, and what does not."""

from __future__ import annotations

import pytest

from floruntime.core import wire
from floruntime.core.errors import ConflictError, FloError, NotFoundError
from floruntime.core.kv import KvGetEntry, KvIncr, KvMget
from floruntime.core.system import Batch, GetServerInfo
from floruntime.core.types import Request
from tests.history.continued import difference, kind_of_reply

ENTRY = ["key", b"value", 7, 1_000, None]


def told(request: Request[object], then: object, now: object) -> str | None:
    bodies = [wire.encode_answer(1, result) for result in (then, now)]
    return difference(kind_of_reply(request), *bodies)


def test_the_same_and_what_has_more_fields_goes_on() -> None:
    assert told(KvGetEntry("key"), ENTRY, ENTRY) is None
    assert told(KvGetEntry("key"), ENTRY, [*ENTRY, "a field of later"]) is None
    assert told(KvMget(["key", "no"]), [ENTRY, None], [[*ENTRY, 1], None]) is None
    assert told(Batch([KvIncr("key")]), [7], [7]) is None


@pytest.mark.parametrize(
    "now", [["key", b"value", 8, 1_000, None], ENTRY[:4], None, b"value", [*ENTRY[:4], 2_000]]
)
def test_another_value_and_a_lost_field_do_not(now: object) -> None:
    assert told(KvGetEntry("key"), ENTRY, now)
    assert told(KvMget(["key"]), [ENTRY], [now])


def test_another_number_of_items_does_not() -> None:
    assert told(KvMget(["key"]), [ENTRY], [ENTRY, ENTRY])
    assert told(Batch([KvIncr("key")]), [7], [8])


def test_what_another_server_tells_of_itself_may_differ() -> None:
    then = ["0.1.0", "sync", [1, 2, 3], 5]
    assert told(GetServerInfo(), then, ["2.0", "sync", [1, 2, 3], 6]) is None
    assert told(GetServerInfo(), then, ["0.1.0", "async", [1, 2, 3], 5])


def test_a_refusal_may_be_put_better_but_stays_the_same_refusal() -> None:
    def refused(then: FloError, now: FloError) -> str | None:
        bodies = [wire.encode_error(1, error) for error in (then, now)]
        return difference(kind_of_reply(KvIncr("key")), *bodies)

    then = ConflictError("words", index=1, current_version=5)
    assert refused(then, ConflictError("better words", index=1, current_version=5)) is None
    for now in (
        NotFoundError("words", index=1, current_version=5),
        ConflictError("words", index=2, current_version=5),
        ConflictError("words", index=1, current_version=6),
        ConflictError("words", ran="maybe", index=1, current_version=5),
    ):
        assert refused(then, now)
