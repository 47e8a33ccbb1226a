"""Limits of actions and of their keys: who is let in, who waits, and when that changes."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import ActionGetLimits, ActionInvoke, Limits, LimitsReply
from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.core.system import Tick
from floruntime.core.worker import Task, WorkerAwait, WorkerComplete
from floruntime.engine.action.key_rows import FRONT, KEY, KEY_LINE, KEYED_RUN
from floruntime.engine.action.keys import KEYS_PER_TICK_MAX
from floruntime.engine.action.rate_window import CLAIMED_AT
from tests.engine.action.calls import RESIZE, Actions, ids
from tests.engine.harness import Engine


def limited(**held_to: Any) -> Actions:
    return Actions(limits=Limits(**held_to), retry_delay_ms=0)


def info(actions: Actions, **options: Any) -> LimitsReply:
    return actions.engine.query(ActionGetLimits(RESIZE, **options))


def keys_of(tasks: list[Task]) -> list[str]:
    return [task.payload.decode() for task in tasks]


def put(actions: Actions, *keys: str, **options: Any) -> list[str]:
    """A run of each key, which is its payload, too."""
    return [actions.invoke(key.encode(), key=key[0], **options) for key in keys]


# So many at once


def test_no_more_runs_than_allowed_are_leased_at_once() -> None:
    actions = limited(running=2)
    runs = [actions.invoke() for _ in range(4)]
    tasks = actions.claim(10)
    assert ids(tasks) == runs[:2]
    assert actions.claim(10) == []
    actions.complete(tasks[0])
    assert ids(actions.claim(10)) == runs[2:3]


@pytest.mark.parametrize("how", ["complete", "fail", "release", "lost", "cancel"])
def test_a_place_is_free_at_once_however_its_run_ends(how: str) -> None:
    for held_to in (Limits(running=1), Limits(running_per_key=1)):
        actions = Actions(limits=held_to, max_retries=0, timeout_ms=100)
        runs = put(actions, "a1", "a2")
        task = actions.claim_one()
        assert actions.claim(5) == []
        match how:
            case "complete":
                actions.complete(task)
            case "fail":
                actions.fail(task)
            case "release":
                actions.release(task)
            case "cancel":
                actions.cancel(task.run_id)
            case _:
                actions.engine.advance(100)
        [next_task] = actions.claim(5)
        assert next_task.run_id == (runs[0] if how == "release" else runs[1])


def test_a_key_holds_up_nobody_of_another_key() -> None:
    actions = limited(running_per_key=1)
    put(actions, "a1", "a2", "b1", "c1", "b2")
    tasks = actions.claim(10)
    assert keys_of(tasks) == ["a1", "b1", "c1"]
    actions.complete(tasks[1])
    assert keys_of(actions.claim(10)) == ["b2"]


def test_the_order_within_a_key_is_priority_due_time_arrival() -> None:
    actions = limited(running_per_key=1)
    put(actions, "a1")
    put(actions, "a2", priority=20)
    put(actions, "a3", priority=1)
    put(actions, "a4")
    order = []
    while tasks := actions.claim(10):
        order += keys_of(tasks)
        actions.complete(tasks[0])
    assert order == ["a3", "a1", "a4", "a2"]


def test_runs_without_a_key_are_held_to_the_limits_of_the_action_alone() -> None:
    actions = limited(running=3, running_per_key=1, rate_per_key=1)
    runs = [actions.invoke() for _ in range(4)]
    assert ids(actions.claim(10)) == runs[:3]


def test_labels_and_keys_go_together() -> None:
    actions = limited(running_per_key=1)
    actions.register_worker("eu", labels={"region": "eu"})
    put(actions, "a1", labels={"region": "eu"})
    put(actions, "a2", "b1")
    tasks = actions.claim(10)
    assert keys_of(tasks) == ["a2", "b1"]
    assert actions.claim(10, worker="eu") == []
    actions.complete(tasks[0])
    assert actions.claim(10) == []
    assert keys_of(actions.claim(10, worker="eu")) == ["a1"]


# So many in a window


def test_a_window_slides() -> None:
    actions = limited(rate=2, rate_period_ms=1_000)
    for _ in range(5):
        actions.invoke()
    assert len(actions.claim(10)) == 2
    actions.engine.advance(999)
    assert actions.claim(10) == []
    actions.engine.advance(1)
    assert len(actions.claim(1)) == 1
    actions.engine.advance(500)
    assert len(actions.claim(10)) == 1
    assert actions.claim(10) == []
    actions.engine.advance(500)
    assert len(actions.claim(10)) == 1


def test_a_window_of_each_key() -> None:
    actions = limited(rate_per_key=1, rate_period_ms=1_000)
    put(actions, "a1", "a2", "b1")
    assert keys_of(actions.claim(10)) == ["a1", "b1"]
    actions.engine.advance(999)
    assert actions.claim(10) == []
    actions.engine.advance(1)
    assert keys_of(actions.claim(10)) == ["a2"]


def test_what_is_handed_back_has_counted_for_the_rate() -> None:
    actions = limited(rate=1)
    actions.invoke()
    actions.release(actions.claim_one())
    assert actions.claim() == []
    actions.engine.advance(1_000)
    assert actions.claim_one().attempt == 1


@pytest.mark.parametrize("held_to", [Limits(rate=1), Limits(rate_per_key=1)])
def test_who_waits_is_asked_the_moment_a_window_lets_in(held_to: Limits) -> None:
    actions = Actions(limits=held_to)
    put(actions, "a1", "a2")
    actions.claim_one()
    assert actions.claim() == []
    actions.engine.now_ms += 1_000
    touched = actions.engine.outcome(Tick()).touched
    assert ("default", f"due/{RESIZE}", "*") in touched


def test_who_waits_is_asked_the_moment_a_place_is_free() -> None:
    for held_to in (Limits(running=1), Limits(running_per_key=1)):
        actions = Actions(limits=held_to)
        put(actions, "a1", "a2")
        task = actions.claim_one()
        outcome = actions.engine.outcome(WorkerComplete("w", task.run_id, task.lease))
        assert ("default", f"due/{RESIZE}", "*") in outcome.touched


# Fairness


def test_keys_take_turns() -> None:
    actions = limited(fair=True)
    put(actions, "a1", "a2", "a3", "a4", "b1", "c1", "b2")
    assert keys_of(actions.claim(10)) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_a_flood_of_one_key_does_not_hold_up_another() -> None:
    actions = limited(fair=True, running=1)
    put(actions, *[f"a{number}" for number in range(5)])
    order = []
    for number in range(4):
        task = actions.claim_one()
        order.append(task.payload.decode())
        actions.complete(task)
        if number == 1:
            put(actions, "b1")
    assert order == ["a0", "a1", "a2", "b1"] or order == ["a0", "a1", "b1", "a2"]


def test_a_blocked_key_comes_back_to_its_place() -> None:
    actions = limited(fair=True, running_per_key=1)
    put(actions, "a1", "a2", "b1", "b2", "c1", "c2")
    first = {task.payload.decode(): task for task in actions.claim(10)}
    assert list(first) == ["a1", "b1", "c1"]
    for payload in ("c1", "b1", "a1"):
        actions.complete(first[payload])
    assert keys_of(actions.claim(10)) == ["a2", "b2", "c2"]


def test_runs_without_a_key_are_one_key_in_a_fair_line() -> None:
    actions = limited(fair=True)
    for number in range(3):
        actions.invoke(b"-%d" % number)
    put(actions, "a1")
    assert keys_of(actions.claim(10)) == ["-0", "a1", "-1", "-2"]


def test_a_fair_line_is_kept_for_each_priority() -> None:
    actions = limited(fair=True)
    put(actions, "a1", "b1")
    put(actions, "b2", priority=1)
    assert keys_of(actions.claim(10)) == ["b2", "a1", "b1"]


# Changes


def test_limits_hold_from_the_next_claim_on_and_others_stay() -> None:
    actions = Actions(max_retries=7)
    put(actions, "a1", "a2", "b1", "b2", "c1")
    actions.register(limits=Limits(running_per_key=1), key_path="$.k")
    tasks = actions.claim(10)
    assert keys_of(tasks) == ["a1", "b1", "c1"]
    registered = actions.register()
    assert registered.limits == Limits(running_per_key=1)
    assert (registered.max_retries, registered.key_path) == (7, "$.k")
    assert actions.claim(10) == []
    lifted = actions.register(limits=Limits(), key_path="")
    assert (lifted.limits, lifted.key_path) == (Limits(), None)
    actions.engine.tick()
    assert keys_of(actions.claim(10)) == ["a2", "b2"]


def test_a_lower_limit_lets_nobody_in_until_enough_have_ended() -> None:
    actions = limited(running_per_key=3)
    put(actions, "a1", "a2", "a3", "a4")
    tasks = actions.claim(3)
    actions.register(limits=Limits(running_per_key=1))
    for task in tasks[:2]:
        actions.complete(task)
        assert actions.claim(5) == []
    actions.complete(tasks[2])
    assert keys_of(actions.claim(5)) == ["a4"]


@pytest.mark.parametrize("fair", [False, True])
def test_other_limits_reach_more_keys_than_one_tick_looks_at(fair: bool) -> None:
    keys = [f"{number:03}" for number in range(2 * KEYS_PER_TICK_MAX + 50)]
    actions = limited(running_per_key=2, fair=fair)
    for key in keys * 3:
        actions.invoke(key.encode(), key=key)
    first = actions.claim(len(keys))
    assert sorted(keys_of(first)) == keys
    actions.register(limits=Limits(running_per_key=1, fair=fair))
    assert actions.claim(1_000) == []  # before any tick, too: a lower limit holds at once
    actions.engine.tick()
    assert actions.claim(1_000) == []
    for task in first:
        actions.complete(task)
    assert sorted(keys_of(actions.claim(1_000))) == keys
    actions.register(limits=Limits(fair=fair))
    actions.engine.tick()
    assert sorted(keys_of(actions.claim(1_000))) == keys


def test_fairness_can_be_turned_on_and_off_while_runs_wait() -> None:
    actions = Actions()
    put(actions, "a1", "a2", "a3", "b1")
    actions.register(limits=Limits(fair=True))
    actions.engine.tick()
    assert keys_of(actions.claim(2)) == ["a1", "b1"]
    actions.register(limits=Limits())
    actions.engine.tick()
    put(actions, "b2")
    assert keys_of(actions.claim(5)) == ["a2", "a3", "b2"]


def test_a_key_is_taken_from_the_payload() -> None:
    actions = Actions(limits=Limits(running_per_key=1), key_path="$.account")
    found = {
        b'{"account": "acme"}': "acme",
        b'{"account": 42}': "42",
        b'{"account": true}': None,
        b'{"account": 1.5}': None,
        b'{"account": ""}': None,
        b'{"account": "%s"}' % (b"x" * 256): None,
        b'{"other": 1}': None,
        b"no json": None,
    }
    for payload, key in found.items():
        assert actions.run(actions.invoke(payload)).key == key
    assert actions.run(actions.invoke(b'{"account": "acme"}', key="own")).key == "own"


# What is told, and what is left


def test_what_limits_hold_up_is_told() -> None:
    actions = limited(running=3, running_per_key=1, rate_per_key=2, rate_period_ms=1_000)
    put(actions, "a1", "a2", "b1", "b2", "c1", "d1")
    actions.invoke()
    actions.claim(2)
    told = info(actions)
    assert (told.running, told.waiting) == (2, 5)
    shown = {each.key: (each.running, each.waiting, each.blocked_by) for each in told.items}
    assert shown == {
        "a": (1, 1, "running_per_key"),
        "b": (1, 1, "running_per_key"),
        "c": (0, 1, None),
        "d": (0, 1, None),
    }
    actions.claim(2)
    assert [each.blocked_by for each in info(actions).items] == [
        *["running_per_key"] * 3,
        "running",
    ]
    page = info(actions, limit=1)
    assert [each.key for each in page.items] == ["a"]
    assert info(actions, cursor=page.cursor).items[0].key == "b"
    with pytest.raises(NotFoundError):
        actions.engine.query(ActionGetLimits("none"))


def test_nothing_is_left_of_keys_that_are_idle() -> None:
    actions = limited(running_per_key=1, rate_per_key=3, fair=True)
    put(actions, "a1", "a2", "b1")
    actions.invoke()
    while tasks := actions.claim(10):
        for task in tasks:
            actions.complete(task)
    actions.engine.advance(1_000)
    left = {key[:2] for key in actions.engine.rows()}
    assert not left & {each.tag for each in (KEY, KEYED_RUN, FRONT, KEY_LINE, CLAIMED_AT)}


@pytest.mark.parametrize(
    ("held_to", "error"),
    [
        (Limits(running=0), "limits.running is 0"),
        (Limits(running_per_key=0), "limits.running_per_key is 0"),
        (Limits(rate=0), "limits.rate is 0"),
        (Limits(rate=10_001), "limits.rate is 10001"),
        (Limits(rate_per_key=10_001), "limits.rate_per_key is 10001"),
        (Limits(rate_period_ms=0), "limits.rate_period_ms is 0"),
    ],
)
def test_limits_that_can_never_be_right(held_to: Limits, error: str) -> None:
    with pytest.raises(BadRequestError, match=error):
        limited().register(limits=held_to)


def test_keys_and_paths_that_can_never_be_right() -> None:
    actions = Actions()
    with pytest.raises(BadRequestError, match=r"key_path '\$\.\.a' must name one place"):
        actions.register(key_path="$..a")
    for key in ("", "x" * 256, "a\n"):
        with pytest.raises(BadRequestError, match="key"):
            actions.invoke(key=key)
    actions.invoke(key="x" * 255)


# What it costs


def key_rows(actions: Actions) -> dict[bytes, bytes]:
    return {key: row for key, row in actions.engine.rows().items() if key[:2] == KEY.tag}


class Counting(Engine):
    """An engine that counts what is asked of its store."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        get, scan = self.store.get, self.store.scan

        def counted_get(key: bytes) -> bytes | None:
            self.asked += 1
            return get(key)

        def counted_scan(start: bytes, end: bytes, *, reverse: bool = False) -> Any:
            self.asked += 1
            for each in scan(start, end, reverse=reverse):
                self.asked += 1
                yield each

        self.store.get = counted_get  # type: ignore[method-assign]  # it counts
        self.store.scan = counted_scan  # type: ignore[method-assign]  # it counts

    def cost(self, command: Any) -> tuple[int, int]:
        """What it asks of the store, and how many rows it writes."""
        self.asked = 0
        self.hold = True
        self.run(command)
        self.hold = False
        changes = self.machine.take()
        self.store.write(changes)
        return self.asked, len(changes.rows)


@pytest.mark.parametrize("fair", [False, True])
def test_costs_do_not_grow_with_keys_that_wait(fair: bool) -> None:
    def costs(waiting: int) -> list[tuple[int, int]]:
        engine = Counting()
        actions = Actions(engine, limits=Limits(running_per_key=1, fair=fair))
        engine.hold = True
        for number in range(waiting):
            actions.invoke(key=f"k{number:06}")
            actions.invoke(key=f"k{number:06}")
        engine.hold = False
        engine.flush()
        for _ in range(5):
            actions.claim(1)  # blocked keys, too
        engine.reopen()
        actions.invoke(key="a mark of new runs is looked for once")
        actions.claim(1)
        return [
            engine.cost(WorkerAwait("w", [RESIZE], 1)),
            engine.cost(ActionInvoke(RESIZE, key="k000000")),
            engine.cost(ActionInvoke(RESIZE, key="another")),
            engine.cost(WorkerAwait("w", [RESIZE], 3)),
        ]

    assert costs(10) == costs(3_000)


# What it costs


def test_a_claim_under_a_key_and_its_end_write_the_row_of_the_key_once() -> None:
    actions = limited(running_per_key=1)
    put(actions, "a1", "a2", "a3", "b1", "b2", "b3")
    tasks = actions.claim(10)
    before = key_rows(actions)
    for task in tasks:
        actions.complete(task)
    assert key_rows(actions) == before
    told = {each.key: (each.running, each.blocked_by) for each in info(actions).items}
    assert told == {"a": (0, None), "b": (0, None)}
    actions.engine.reopen()
    assert keys_of(actions.claim(10)) == ["a2", "b2"]
