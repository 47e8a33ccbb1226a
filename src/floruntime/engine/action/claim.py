"""Claiming runs: among what is due of the wanted actions, the first in order.

A worker without a registration may claim too; it has no labels. One that drains is given nothing,
and its waits end. What was handed to a connection that was gone is released, with no attempt
counted.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.system import Delivery
from floruntime.core.worker import Task, WorkerAwait, WorkerExchange
from floruntime.engine.action.due_runs import (
    Line,
    due_topic,
    is_spent,
    matching_lines,
    numbers_in_order,
)
from floruntime.engine.action.rows import OpenAction, copy_of, find_action
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    ActionRunRow,
    action_run_id,
    input_of,
    own_action_run_number,
)
from floruntime.engine.action.run_state import OpenActionRun, find_action_run, lease_to
from floruntime.engine.action.settle import check_result, release_held, settle
from floruntime.engine.action.workers import check_actions, find_worker
from floruntime.engine.state.dispatch import RecallRule, WaitRule
from floruntime.engine.state.tx import Topic, Tx
from floruntime.engine.system.namespaces import namespace_id

PRIMITIVE = "action"


def await_tasks(tx: Tx, request: WorkerAwait) -> list[Task]:
    check_actions(request.actions)
    limits.check_range("count", request.count, 1, limits.MANY_MAX)
    limits.check_block(request.block_ms)
    return _claim(tx, request.worker_id, request.actions, request.count)


def exchange(tx: Tx, request: WorkerExchange) -> list[Task]:
    limits.check_name("worker_id", request.worker_id)
    limits.check_range("the length of results", len(request.results), 0, limits.MANY_MAX)
    limits.check_range("count", request.count, 0, limits.MANY_MAX)
    limits.check_block(request.block_ms)
    numbers = [check_result(tx, result) for result in request.results]
    if request.count:
        check_actions(request.actions)
    else:
        limits.check_range("block_ms of an exchange that claims nothing", request.block_ms, 0, 0)
    of_namespace_id = namespace_id(tx)
    for number, result in zip(numbers, request.results, strict=True):
        settle(tx, of_namespace_id, number, result)
    if not request.count:
        return []
    return _claim(tx, request.worker_id, request.actions, request.count)


def _claim(tx: Tx, worker_id: str, actions: list[str], count: int) -> list[Task]:
    worker = find_worker(tx, worker_id)
    labels = {} if worker is None else worker.labels
    if worker is not None and worker.draining:
        tx.end_waits((tx.namespace, "worker", worker_id))
        return []
    opened = _with_due_runs(tx, actions)
    lines = [line for action in opened.values() for line in matching_lines(tx, action.row, labels)]
    if not lines:
        return []
    of_namespace_id = namespace_id(tx)
    tasks: list[Task] = []
    for number, row, payload in _first_of(tx, of_namespace_id, lines, count):
        run = OpenActionRun(tx, opened[row.action_id], of_namespace_id, number, copy_of(row))
        lease_to(run, worker_id)
        tasks.append(_task(run, payload))
    _note_delivery(tx, of_namespace_id, tasks)
    return tasks


def _with_due_runs(tx: Tx, names: list[str]) -> dict[int, OpenAction]:
    opened = {}
    for name in dict.fromkeys(names):
        action = find_action(tx, name)
        if action is not None and (action.row.ready or action.row.lines):
            opened[action.row.id] = action
    return opened


def _first_of(
    tx: Tx, of_namespace_id: int, lines: list[Line], count: int
) -> list[tuple[int, ActionRunRow, bytes]]:
    """The next runs with their inputs: as many as are asked for and fit a reply."""
    bytes_left = limits.REPLY_BYTES_MAX
    taken: list[tuple[int, ActionRunRow, bytes]] = []
    for number in numbers_in_order(tx, lines):
        row = tx.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number))
        assert row is not None, "what stands in a line is there"
        if 0 < row.ends_at_ms <= tx.now_ms:
            continue  # timed out; the next tick says so
        payload = input_of(tx, of_namespace_id, number, row)
        bytes_left -= len(payload)
        if bytes_left < 0 and taken:
            break
        taken.append((number, row, payload))
        if len(taken) == count:
            break
    return taken


def _task(run: OpenActionRun, payload: bytes) -> Task:
    row = run.row
    return Task(
        action_run_id(run.number),
        run.action.name,
        payload,
        row.attempt,
        row.lease,
        row.created_at_ms,
        row.expires_at_ms,
        row.caller_run_id,
        row.labels,
    )


def _note_delivery(tx: Tx, of_namespace_id: int, tasks: list[Task]) -> None:
    if tasks:
        tx.delivery = Delivery(PRIMITIVE, of_namespace_id, _memo(tasks))


# Waiting, and being asked again


def _topics(namespace: str, request: WorkerAwait | WorkerExchange) -> list[Topic]:
    due = [due_topic(namespace, name) for name in dict.fromkeys(request.actions)]
    return [*due, (namespace, "worker", request.worker_id)]


def _without_results(request: WorkerExchange) -> WorkerExchange:
    """What an exchange waits for: its results were settled as it came."""
    return replace(request, results=[])


AWAIT_WAIT: Final = WaitRule(_topics, bool, is_spent=is_spent)
EXCHANGE_WAIT: Final = WaitRule(_topics, bool, is_spent=is_spent, rest=_without_results)


def _memo(tasks: list[Task]) -> list[list[int]]:
    return [[own_action_run_number(task.run_id), task.lease] for task in tasks]


def _recall(tx: Tx, request: WorkerAwait | WorkerExchange, memo: list[list[int]]) -> list[Task]:
    """Of the runs handed out then, those that are still held under the same lease."""
    of_namespace_id = namespace_id(tx)
    tasks = [
        task
        for number, lease in memo
        if (task := _still_held(tx, of_namespace_id, number, lease)) is not None
    ]
    _note_delivery(tx, of_namespace_id, tasks)
    return tasks


def _still_held(tx: Tx, of_namespace_id: int, number: int, lease: int) -> Task | None:
    run = find_action_run(tx, of_namespace_id, number)
    if run is None or run.row.lease != lease or not run.is_held:
        return None
    return _task(run, input_of(tx, of_namespace_id, number, run.row))


TASKS_RECALL: Final = RecallRule(_memo, _recall)


def hand_back(tx: Tx, delivery: Delivery) -> None:
    """Release what went to a connection that was already gone."""
    for number, lease in delivery.items:
        run = find_action_run(tx, delivery.owner_id, number)
        if run is not None:
            release_held(run, lease)
