"""What waits in several states, told as of one."""

from __future__ import annotations

from collections import Counter

from floruntime.server.metrics.queues import Counts
from floruntime.server.metrics.waiting import REST, Group, Queue, Runs, Waiting, together


def test_what_has_a_name_stands_side_by_side_and_the_rest_is_added_up() -> None:
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
    both = together([ours, theirs])
    assert both.queues == [
        ours.queues[0],
        Queue(REST, Counts(2, 3, 4, 5, 6, 7), 900),
        theirs.queues[0],
    ]
    assert both.groups == [ours.groups[0], Group(("", "", ""), 11, 22, 33)]
    assert both.actions == [ours.actions[0], Runs(REST, {"pending": 7, "done": 1})]
    assert both.workflows == theirs.workflows
    assert both.workers == {("a", "healthy"): 1, ("b", "healthy"): 2}


def test_one_state_is_told_as_it_is() -> None:
    alone = Waiting(queues=[Queue(("a", "q"), Counts(ready=1), 50)])
    assert together([alone]) is alone
