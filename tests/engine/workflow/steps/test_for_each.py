"""The same for each item of a list: concurrency, failures, outputs, bounds, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from floruntime.core.errors import ConflictError
from floruntime.core.worker import Task
from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.workflow.runs.bodies import ENDED, FOUND, ITEMS, LIVE
from floruntime.engine.workflow.steps.groups import BEGUN_MAX
from tests.engine.harness import Engine
from tests.engine.workflow.calls import Workflows, flow

TO_ENDS = (
    "transitions: {success: flo.Completed, partial: some, failure: flo.Failed, "
    "execution_failure: flo.Cancelled}"
)


def each(more: str = "", *, input: str = "{n: $.item, i: $.index}", **options: Any) -> Workflows:
    return Workflows(
        flow(f"""
start:
  forEach: {{items: $.input.items, run: "@actions/work", inputMapping: {input}{more}}}
  {TO_ENDS}
terminals: {{some: {{status: completed}}}}
output: {{all: $.steps.start.output, count: {{path: $.steps.start.failed_count, default: none}},
          failed: {{path: $.steps.start.failed, default: none}}}}
"""),
        actions=("work",),
        **options,
    )


def work(flows: Workflows, *, failing: tuple[int, ...] = ()) -> int:
    """Do all there is; how many were under way at once, at most."""
    most = 0
    while tasks := list(claimed(flows)):
        most = max(most, len(tasks))
        for task in tasks:
            if number_of(task) in failing:
                flows.fail(task, f"bad {number_of(task)}")
            else:
                try:
                    flows.complete(task, number_of(task) * 10)
                except ConflictError:
                    continue
        flows.engine.tick()
    return most


def claimed(flows: Workflows) -> Iterator[Task]:
    while tasks := flows.claim("work"):
        yield from tasks


def number_of(task: Task) -> int:
    return int(task.payload.split(b":")[1].split(b",")[0])


def test_each_item_is_run_and_the_outputs_stand_in_order() -> None:
    flows = each(", concurrency: 3")
    run_id = flows.start({"items": [5, 1, 3, 2, 4]})
    assert work(flows) == 3
    assert flows.status(run_id) == "completed"
    assert flows.output(run_id) == {"all": [50, 10, 30, 20, 40], "count": 0, "failed": []}


def test_history_tells_the_run_of_each_item_as_it_begins_and_as_it_ends() -> None:
    flows = each(", retry: {maxAttempts: 2, initialDelayMs: 1}")
    run_id = flows.start({"items": [5]})
    [first] = flows.claim("work")
    flows.fail(first, "bad")
    flows.advance(1)
    [last] = flows.claim("work")
    flows.complete(last, 1)
    told = {event.type: event.run_id for event in flows.history(run_id)}
    assert told["branch_started"] == first.run_id
    assert told["branch_completed"] == last.run_id != first.run_id


def test_the_first_failure_takes_the_rest_back() -> None:
    flows = each(", concurrency: 2")
    run_id = flows.start({"items": list(range(5))})
    tasks = flows.claim("work")
    flows.fail(tasks[1], "bad")
    run = flows.run(run_id)
    assert run.status == "failed"
    assert "1 of 5 items failed, item 1: bad" in (run.error or "")
    with pytest.raises(ConflictError):
        flows.complete(tasks[0])
    assert flows.claim("work") == []


def test_with_continue_all_are_run_and_the_failed_ones_are_named() -> None:
    flows = each(", onFailure: continue")
    run_id = flows.start({"items": list(range(12))})
    work(flows, failing=(3, 7))
    run = flows.run(run_id)
    assert (run.status, run.terminal) == ("completed", "some")
    output = flows.output(run_id)
    assert output["all"] == [None if n in (3, 7) else n * 10 for n in range(12)]
    assert output["count"] == 2
    assert output["failed"] == [{"index": 3, "error": "bad 3"}, {"index": 7, "error": "bad 7"}]


def test_all_failing_is_a_failure() -> None:
    flows = each(", onFailure: continue")
    run_id = flows.start({"items": [0, 1]})
    work(flows, failing=(0, 1))
    assert flows.status(run_id) == "failed"


def test_no_items_are_a_success() -> None:
    flows = each()
    run_id = flows.start({"items": []})
    assert flows.status(run_id) == "completed"
    assert flows.output(run_id) == {"all": [], "count": 0, "failed": []}


@pytest.mark.parametrize("items", ["text", 5, None, {"a": 1}, list(range(10_001))])
def test_what_is_no_list_or_too_long_a_one_cannot_be_run(items: Any) -> None:
    flows = each()
    run = flows.run(flows.start({"items": items}))
    assert (run.status, run.terminal) == ("cancelled", "flo.Cancelled")


def test_a_path_that_finds_nothing_cannot_be_run() -> None:
    flows = each()
    assert flows.status(flows.start({})) == "cancelled"


def test_without_collecting_there_is_no_output() -> None:
    flows = each(", collect: false")
    run_id = flows.start({"items": [1, 2]})
    work(flows)
    assert flows.output(run_id) == {"all": [], "count": 0, "failed": []}


def test_outputs_that_are_too_large_together_cannot_be_kept() -> None:
    flows = each(", concurrency: 2")
    run_id = flows.start({"items": [1, 2]})
    for task in flows.claim("work"):
        flows.complete(task, "x" * 600_000)
    run = flows.run(run_id)
    assert run.terminal == "flo.Cancelled"
    assert "bytes together" in (run.error or "")


def test_ten_thousand_items_of_which_two_hundred_begin_in_a_commit() -> None:
    flows = each(", concurrency: 1000, onFailure: continue")
    run_id = flows.start({"items": list(range(10_000))})
    begun = flows.types(run_id).count("branch_started")
    assert begun == BEGUN_MAX
    flows.engine.tick()
    assert flows.types(run_id).count("branch_started") == 1_000
    assert work(flows, failing=(9_999,)) == 1_000
    assert flows.run(run_id).terminal == "some"
    assert flows.output(run_id)["all"] == [n * 10 for n in range(9_999)] + [None]
    assert len(flows.history(run_id)) == 2 * 10_000 + 5


def test_more_than_two_hundred_are_taken_back_by_ticks_and_late_results_are_refused() -> None:
    flows = each(", concurrency: 1000")
    run_id = flows.start({"items": list(range(1_000))})
    flows.engine.tick()
    tasks = list(claimed(flows))
    assert len(tasks) == 1_000
    flows.fail(tasks[0], "bad")
    assert flows.status(run_id) == "failed"
    assert flows.types(run_id).count("branch_cancelled") == 999
    left = sum(key[:2] == LIVE.tag for key in flows.engine.rows())
    assert left == 799
    with pytest.raises(ConflictError):
        flows.complete(tasks[-1])
    flows.engine.tick()
    tags = {key[:2] for key in flows.engine.rows()}
    assert not tags & {LIVE.tag, ENDED.tag, ITEMS.tag, FOUND.tag}


def test_it_goes_on_after_a_restart_at_any_time() -> None:
    flows = each(", concurrency: 4")
    run_id = flows.start({"items": list(range(9))})
    while tasks := flows.claim("work"):
        for task in tasks:
            flows.engine.reopen()
            flows.complete(task, number_of(task) * 10)
    assert flows.output(run_id)["all"] == [n * 10 for n in range(9)]


def test_items_write_two_events_each() -> None:
    flows = each()
    run_id = flows.start({"items": [1, 2]})
    work(flows)
    assert flows.types(run_id) == [
        *("workflow_started", "step_started", "branch_started", "branch_started"),
        *("branch_completed", "branch_completed", "join_reached", "step_completed"),
        "workflow_completed",
    ]
    assert flows.details(run_id, "branch_completed") == ["0: success", "1: success"]


def test_a_mapping_may_look_at_both_the_item_and_the_run() -> None:
    flows = each(
        input="{to: $.item.email, all: $.input.name, at: $.flo.run_id, "
        'price: "$.input.prices[?@.id == $.item.id].cents"}'
    )
    run_id = flows.start(
        {"name": "x", "items": [{"email": "e", "id": 2}], "prices": [{"id": 2, "cents": 5}]}
    )
    payload = flows.claim_one("work").payload
    assert payload == f'{{"to":"e","all":"x","at":"{run_id}","price":[5]}}'.encode()


def test_a_path_that_finds_nothing_in_an_item_fails_that_item() -> None:
    flows = each(", onFailure: continue", input="{to: $.item.email}")
    run_id = flows.start({"items": [{"email": 1}, {}]})
    flows.complete(flows.claim_one("work"))
    assert flows.run(run_id).terminal == "some"
    assert flows.output(run_id)["failed"] == [
        {"index": 1, "error": "path '$.item.email' finds nothing"}
    ]


def test_children_and_plans_are_run_for_items_too() -> None:
    child = flow(
        'start: {run: "@actions/work", transitions: {success: flo.Completed}}', name="child"
    )
    flows = Workflows(
        child,
        flow(
            'start: {forEach: {items: $.input, run: "@workflow/child", inputMapping: $.item}, '
            "transitions: {success: flo.Completed}}"
        ),
        actions=("work",),
    )
    run_id = flows.start([1, 2])
    for task in flows.claim("work"):
        flows.complete(task, {"of": task.payload.decode()})
    assert flows.output(run_id) == [{"of": "1"}, {"of": "2"}]


def test_retries_are_each_items_own() -> None:
    flows = each(", retry: {max_attempts: 2, initial_delay_ms: 50}")
    run_id = flows.start({"items": [1, 2]})
    first, second = flows.claim("work")
    flows.fail(first)
    flows.complete(second, 20)
    flows.advance(50)
    flows.complete(flows.claim_one("work"), 10)
    assert flows.output(run_id)["all"] == [10, 20]


def test_a_history_that_grows_too_long_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floruntime.engine.workflow.steps.groups.EVENTS_MAX", 10)
    flows = each(", concurrency: 2")
    run_id = flows.start({"items": list(range(50))})
    work(flows)
    run = flows.run(run_id)
    assert run.status == "failed"
    assert "its history has" in (run.error or "")


class CountingStore(MemoryStore):
    """Counts what is read and written, in rows and bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.count = self.size_bytes = 0
        read = self.get

        def get(key: bytes, /) -> bytes | None:
            self.count += 1
            return read(key)

        self.get = get

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        for key, value in super().scan(start, end, reverse=reverse):
            self.count += 1
            yield key, value

    def write(self, changes: Any) -> None:
        self.count += len(changes.rows)
        self.size_bytes += sum(len(row or b"") for row in changes.rows.values())
        super().write(changes)


def cost_of_one(items: int) -> tuple[int, int]:
    store = CountingStore()
    flows = each(", concurrency: 5", engine=Engine(store))
    flows.start({"items": [{"n": 10**9 + n} for n in range(items)]})
    first, *_ = flows.claim("work")
    store.count = store.size_bytes = 0
    flows.complete(first, 5)
    return store.count, store.size_bytes


def test_an_item_costs_the_same_among_ten_and_among_ten_thousand() -> None:
    count, size_bytes = cost_of_one(10)
    many_count, many_size_bytes = cost_of_one(10_000)
    assert many_count <= count + 2
    assert many_size_bytes <= size_bytes * 1.2
