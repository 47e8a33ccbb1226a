"""Debounced invocations: one run, which waits for a pause and takes the newest payload."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import InvokeResult
from floruntime.core.errors import BadRequestError
from tests.engine.action.calls import Actions
from tests.engine.harness import START_MS


def put(actions: Actions, payload: bytes = b"in", **options: Any) -> InvokeResult:
    given = {"debounce_key": "doc", "debounce_ms": 100, **options}
    return actions.invoke_fully(payload, **given)


def test_invocations_that_keep_coming_are_one_run_of_the_newest() -> None:
    actions = Actions()
    first = put(actions, b"1", priority=20, key="a")
    assert first.created
    actions.engine.advance(60)
    assert put(actions, b"2", priority=1, key="b", labels={"r": "eu"}) == InvokeResult(
        first.run_id, False
    )
    actions.engine.advance(60)
    put(actions, b"x" * 1_000, priority=3)
    actions.engine.advance(99)
    assert actions.claim() == []
    actions.engine.advance(1)
    run = actions.run(first.run_id)
    assert (run.input, run.priority, run.key, run.labels) == (b"x" * 1_000, 3, None, {})
    assert actions.claim_one().payload == b"x" * 1_000


def test_keys_and_actions_are_apart() -> None:
    actions = Actions()
    actions.register("other")
    runs = {
        put(actions).run_id,
        put(actions, debounce_key="else").run_id,
        put(actions, name="other").run_id,
    }
    assert len(runs) == 3


def test_it_is_put_off_no_longer_than_the_most() -> None:
    actions = Actions()
    run_id = put(actions, debounce_max_ms=250).run_id
    for _ in range(3):
        actions.engine.advance(80)
        put(actions, b"%d" % actions.now_ms, debounce_max_ms=250)
    actions.engine.advance(9)
    assert actions.claim() == []
    actions.engine.advance(1)
    assert actions.now_ms == START_MS + 250
    assert put(actions, b"last", debounce_max_ms=250).run_id == run_id
    assert actions.claim_one().payload == b"last"


@pytest.mark.parametrize("how", ["claimed", "cancelled", "timed out", "released"])
def test_one_that_has_begun_or_ended_is_left_alone(how: str) -> None:
    actions = Actions(run_timeout_ms=1_000)
    first = put(actions, b"1")
    actions.engine.advance(100)
    match how:
        case "claimed":
            actions.claim_one()
        case "released":
            actions.release(actions.claim_one())
        case "cancelled":
            actions.cancel(first.run_id)
        case _:
            actions.engine.advance(1_000)
    second = put(actions, b"2")
    assert second.created
    assert second.run_id != first.run_id
    assert actions.run(first.run_id).input == b"1"


def test_one_that_is_due_and_waits_for_a_worker_waits_again() -> None:
    actions = Actions()
    put(actions, b"1", key="a")
    actions.engine.advance(100)
    put(actions, b"2", key="a")
    assert actions.claim() == []
    actions.engine.advance(100)
    assert actions.claim_one().payload == b"2"


def test_nothing_is_left_of_a_key() -> None:
    actions = Actions()
    put(actions)
    actions.engine.advance(100)
    actions.complete(actions.claim_one())
    assert not [key for key in actions.engine.rows() if key[:2] == b"ad"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"debounce_ms": None}, "needs debounce_ms"),
        ({"debounce_ms": 0}, "debounce_ms is 0"),
        ({"debounce_max_ms": 0}, "debounce_max_ms is 0"),
        ({"debounce_key": None}, "debounce_ms goes with a debounce_key"),
        ({"debounce_key": ""}, "debounce_key"),
        ({"idempotency_key": "k"}, "exclude each other"),
        ({"delay_ms": 5}, "exclude each other"),
    ],
)
def test_what_can_never_be_right(options: dict[str, Any], error: str) -> None:
    with pytest.raises(BadRequestError, match=error):
        put(Actions(), **options)
