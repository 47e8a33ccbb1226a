"""In which order a plan tries its executors."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engine.workflow.steps.plan_flows import SELECTIONS, Plans, executor, planned

RANKED = (executor("a"), executor("b", "priority: 5"), executor("c", "priority: -1"))


def orders(flows: Plans, runs: int) -> list[str]:
    """In which order each of so many runs tries all executors, as one text."""
    return orders_of(flows, *(f"r{n}" for n in range(runs)))


def orders_of(flows: Plans, *run_ids: str) -> list[str]:
    return ["".join(flows.order(flows.start(run_id=run_id))) for run_id in run_ids]


def test_without_priorities_the_definitions_order_counts() -> None:
    assert orders(Plans(planned("c", "a", "b")), 2) == ["cab", "cab"]


def test_a_higher_priority_is_preferred() -> None:
    assert orders(Plans(planned(*RANKED)), 2) == ["bac", "bac"]


def test_round_robin_begins_with_the_next_one_each_time() -> None:
    flows = Plans(planned("a", "b", "c", selection="round-robin"))
    assert orders(flows, 5) == ["abc", "bca", "cab", "abc", "bca"]


def test_round_robin_goes_round_by_preference() -> None:
    assert orders(Plans(planned(*RANKED, selection="round-robin")), 4) == [
        "bac",
        "acb",
        "cba",
        "bac",
    ]


def test_round_robin_counts_over_versions_and_restarts() -> None:
    flows = Plans(planned("a", "b", "c", selection="round-robin"))
    assert orders(flows, 1) == ["abc"]
    flows.sync(planned("a", "b", "c", selection="round-robin", version="2"))
    flows.engine.reopen()
    assert "".join(flows.order(flows.start())) == "bca"


def test_random_differs_by_run_and_is_the_same_for_the_same_run() -> None:
    first = orders(Plans(planned("a", "b", "c", selection="random")), 60)
    again = orders(Plans(planned("a", "b", "c", selection="random")), 60)
    assert first == again
    counts = Counter(first)
    assert len(counts) == 6
    assert min(counts.values()) >= 3


def test_random_differs_by_attempt_of_the_step() -> None:
    flows = Plans(
        planned(
            "a",
            "b",
            "c",
            selection="random",
            step="retry: {max_attempts: 20, initial_delay_ms: 0}",
            transitions="success: flo.Completed",
        )
    )
    flows.start(run_id="r")
    seen = set()
    for _ in range(20):
        seen.add("".join(flows.go_wrong() for _ in range(3)))
        flows.engine.tick()
    assert len(seen) == 6


def test_random_takes_each_executor_first_about_as_often() -> None:
    first = Counter(order[0] for order in orders(Plans(planned("a", "b", selection="random")), 200))
    assert 70 <= first["a"] <= 130


def health_plan() -> Plans:
    health = "health: {min_samples: 2, window_ms: 1000}"
    return Plans(planned("a", "b", "c", selection="health-weighted", plan=health))


def test_while_nothing_is_known_preference_counts() -> None:
    assert orders(Plans(planned(*RANKED, selection="health-weighted")), 2) == ["bac", "bac"]


def test_who_fails_comes_later() -> None:
    flows = health_plan()
    for _ in range(2):
        flows.start()
        assert flows.go_wrong() == "a"
        assert flows.succeed() == "b"
    flows.start()
    assert flows.succeed() == "b"
    flows.start()
    assert flows.go_wrong() == "b"
    assert flows.succeed() == "c"


def test_who_succeeds_for_the_business_comes_before_who_only_answers() -> None:
    flows = health_plan()
    for _ in range(2):
        flows.start()
        assert flows.succeed(outcome="declined") == "a"
    flows.start()
    assert flows.succeed() == "b"


def test_health_is_forgotten_after_the_window() -> None:
    flows = health_plan()
    for _ in range(2):
        flows.start()
        assert flows.go_wrong() == "a"
        assert flows.succeed() == "b"
    flows.advance(1000)
    flows.start()
    assert flows.succeed() == "b"
    flows.advance(1)
    flows.start()
    assert flows.succeed() == "a"


def test_an_open_breaker_counts_for_a_tenth_and_a_half_open_one_for_half() -> None:
    breaker = "breaker: {failure_threshold: 2, cooldown_ms: 500}"
    flows = Plans(
        planned(
            executor("a", breaker),
            executor("b"),
            selection="health-weighted",
            plan="health: {min_samples: 100}",
        )
    )
    for _ in range(2):
        flows.start()
        assert flows.go_wrong() == "a"
        assert flows.succeed() == "b"
    run_id = flows.start()
    assert flows.succeed() == "b"  # the score is 0.1 to 1
    assert "plan_breaker_skip" not in flows.types(run_id)
    flows.advance(500)
    flows.start()
    assert flows.succeed() == "b"  # half to 1


@pytest.mark.parametrize("selection", SELECTIONS)
def test_the_choice_is_kept_with_the_run(selection: str) -> None:
    """What happens to others meanwhile, or a restart, changes nothing for a run under way."""
    document = planned("a", "b", "c", selection=selection)
    [undisturbed] = orders_of(Plans(document), "kept")
    flows = Plans(document)
    run_id = flows.start(run_id="kept")
    first = flows.call()
    for n in range(12):
        other_id = flows.start(run_id=f"other-{n}")
        while flows.status(other_id) == "running":
            flows.go_wrong()
    flows.engine.reopen()
    flows.fail(first)
    assert first.action + "".join(flows.order(run_id)) == undisturbed
