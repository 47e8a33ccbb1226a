"""What waits in several states, told as of one."""

from __future__ import annotations

from collections import Counter

import pytest

from floruntime.server.metrics import waiting
from floruntime.server.metrics.queues import Counts
from floruntime.server.metrics.together import together
from floruntime.server.metrics.waiting import REST, Group, Queue, Runs, Waiting


async def test_what_has_a_name_stands_side_by_side_and_the_rest_is_added_up() -> None:
    ours = Waiting(
        queues=[Queue(("a", "q"), Counts(ready=1), 50), Queue(REST, Counts(1, 2, 3, 4, 5, 6), 900)],
        groups=[Group(("a", "s", "g"), 1, 1, 1), Group(("", "", ""), 1, 2, 3)],
        actions=[Runs(("a", "greet"), {"pending": 1}), Runs(REST, {"pending": 2, "done": 1})],
        workers=Counter({("a", "healthy"): 1}),
    )
    theirs = Waiting(
        queues=[Queue(("b", "q"), Counts(ready=2), 10), Queue(REST, Counts(1, 1, 1, 1, 1, 1), 70)],
        groups=[Group(("", "", ""), 10, 20, 30)],
        actions=[Runs(REST, {"pending": 5})],
        workflows=[Runs(("b", "fulfil"), {"running": 1})],
        workers=Counter({("b", "healthy"): 2}),
    )
    both = await together([ours, theirs])
    assert both.queues == [
        theirs.queues[0],
        ours.queues[0],
        Queue(REST, Counts(2, 3, 4, 5, 6, 7), 900),
    ]
    assert both.groups == [ours.groups[0], Group(("", "", ""), 11, 22, 33)]
    assert both.actions == [ours.actions[0], Runs(REST, {"pending": 7, "done": 1})]
    assert both.workflows == theirs.workflows
    assert both.workers == {("a", "healthy"): 1, ("b", "healthy"): 2}


async def test_one_state_is_told_as_it_is() -> None:
    alone = Waiting(queues=[Queue(("a", "q"), Counts(ready=1), 50)])
    assert await together([alone]) is alone


async def test_of_all_together_the_largest_are_told_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "SERIES_MAX", 2)
    sizes = ([9, 1], [5, 7])
    several = [
        Waiting(
            queues=[Queue((of, f"q{n}"), Counts(ready=n), n * 10) for n in numbers],
            groups=[Group((of, "s", f"g{n}"), n, 1, 0) for n in numbers],
            actions=[Runs((of, f"a{n}"), {"pending": n}) for n in numbers],
            workers=Counter({(f"{of}{n}", "healthy"): n for n in numbers}),
        )
        for of, numbers in zip("ab", sizes, strict=True)
    ]
    both = await together(several)
    assert [each.labels for each in both.queues] == [("a", "q9"), ("b", "q7"), REST]
    assert both.queues[-1] == Queue(REST, Counts(ready=6), 50)
    assert both.groups[-1] == Group(("", "", ""), 6, 2, 0)
    assert both.actions[-1] == Runs(REST, {"pending": 6})
    assert both.workers == {("a9", "healthy"): 9, ("b7", "healthy"): 7, ("", "healthy"): 6}
