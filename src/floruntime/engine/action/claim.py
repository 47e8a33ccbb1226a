"""Claiming runs: among the due runs of the requested actions, the first in order.

A worker without a registration may claim too; it has no labels. A draining worker is given nothing,
and its waits end. Runs that were delivered to a closed connection are released without counting an
attempt.

A run claimed by `WorkerTurn` is *reserved* until its worker reports that it has begun, or sends its
result. A run that was lost before may have been what ended its worker. So it is delivered alone, to
a free place, and counts as begun at once. Then it takes no other run with it, and cannot come back
forever without counting an attempt.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.system import Delivery
from floruntime.core.worker import Task, TurnReply, WorkerAwait, WorkerExchange, WorkerTurn
from floruntime.engine.action.due_runs import (
    Line,
    due_topic,
    is_spent,
    matching_lines,
    numbers_in_order,
)
from floruntime.engine.action.limits import is_limited
from floruntime.engine.action.offers import Offers
from floruntime.engine.action.rows import OpenAction, copy_of, find_action_in
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    NUMBER_FROM,
    ActionRunRow,
    action_run_id,
    action_run_number,
    input_of,
    own_handler_key,
)
from floruntime.engine.action.run_state import (
    OpenActionRun,
    begin_reserved,
    find_action_run,
    lease_to,
)
from floruntime.engine.action.settle import check_result, release_held, settle
from floruntime.engine.action.workers import Ends, check_actions, worker_in
from floruntime.engine.state.dispatch import RecallRule, WaitRule
from floruntime.engine.state.tx import Topic, Tx
from floruntime.engine.system.namespaces import namespace_id

PRIMITIVE = "action"


def await_tasks(tx: Tx, request: WorkerAwait) -> list[Task]:
    check_actions(request.actions)
    limits.check_range("count", request.count, 1, limits.MANY_MAX)
    limits.check_block(request.block_ms)
    return _claim(tx, namespace_id(tx), request, Share(request.count))


PASSED_OVER_MAX: Final = 100
"""So many runs that go alone are passed over in one claim, at most."""


class Share(NamedTuple):
    """What a worker may have: up to `limit` runs. `places`: how many of them begin with the claim;
    the others are reserved until the worker reports their begin. `None`: all begin with the claim.
    """

    limit: int
    places: int | None = None


def exchange(tx: Tx, request: WorkerExchange) -> list[Task]:
    of_namespace_id = namespace_id(tx)
    _settle_all(tx, of_namespace_id, request, _checked(tx, request))
    if not request.count:
        return []
    return _claim(tx, of_namespace_id, request, Share(request.count))


def turn(tx: Tx, request: WorkerTurn) -> TurnReply:
    if request.begun:
        limits.check_range("the length of begun", len(request.begun), 0, limits.MANY_MAX)
    limits.check_range("places", request.places, 0, request.count)
    begun = [action_run_number(each.run_id) for each in request.begun]
    of_namespace_id = namespace_id(tx)
    stale = _settle_all(tx, of_namespace_id, request, _checked(tx, request))
    for number, each in zip(begun, request.begun, strict=True):
        _begin(tx, of_namespace_id, number, each.lease)
    if not request.count:
        return TurnReply([], stale)
    share = Share(request.count, request.places)
    return TurnReply(_claim(tx, of_namespace_id, request, share), stale)


def _checked(tx: Tx, request: WorkerExchange | WorkerTurn) -> list[int]:
    """The numbers of the runs that results are of; refuses what can never be right."""
    limits.check_name("worker_id", request.worker_id)
    if request.results:
        limits.check_range("the length of results", len(request.results), 0, limits.MANY_MAX)
    if request.count:
        limits.check_range("count", request.count, 0, limits.MANY_MAX)
        limits.check_block(request.block_ms)
        check_actions(request.actions)
    else:
        limits.check_range("block_ms of an exchange that claims nothing", request.block_ms, 0, 0)
    return [check_result(tx, result) for result in request.results]


def _settle_all(
    tx: Tx, of_namespace_id: int, request: WorkerExchange | WorkerTurn, numbers: list[int]
) -> list[int]:
    """Take all results; the places of those that were stale."""
    if not numbers:
        return []
    ends = Ends()
    stale = [
        place
        for place, (number, result) in enumerate(zip(numbers, request.results, strict=True))
        if not settle(tx, of_namespace_id, number, result, ends)
    ]
    ends.count(tx, of_namespace_id)
    return stale


def _begin(tx: Tx, of_namespace_id: int, number: int, lease: int) -> None:
    run = find_action_run(tx, of_namespace_id, number)
    if run is not None and run.row.is_reserved and run.is_held_as(lease):
        begin_reserved(run)


Claim = WorkerAwait | WorkerExchange | WorkerTurn


def _claim(tx: Tx, of_namespace_id: int, request: Claim, share: Share) -> list[Task]:
    worker_id, actions = request.worker_id, request.actions
    worker = worker_in(tx, of_namespace_id, worker_id)
    labels = {} if worker is None else worker.labels
    if worker is not None and worker.draining:
        tx.end_waits((tx.namespace, "worker", worker_id))
        return []
    opened = _with_due_runs(tx, of_namespace_id, actions)
    if not opened:
        return []
    if any(is_limited(action.row) for action in opened.values()):
        tasks = _claim_one_by_one(tx, of_namespace_id, opened, labels, worker_id, share)
    else:
        tasks = _claim_together(tx, of_namespace_id, opened, labels, worker_id, share)
    if tasks:
        _note_delivery(tx, of_namespace_id, tasks)
    return tasks


def _claim_together(
    tx: Tx,
    of_namespace_id: int,
    opened: Opened,
    labels: dict[str, str],
    worker_id: str,
    share: Share,
) -> list[Task]:
    """Claim runs that no limit can block: read all, then write."""
    lines = [line for action in opened.values() for line in matching_lines(tx, action.row, labels)]
    if not lines:
        return []
    tasks: list[Task] = []
    found = _first_of(tx, of_namespace_id, lines, share)
    for place, (number, row, payload) in enumerate(found):
        run = OpenActionRun(tx, opened[row.action_id], of_namespace_id, number, copy_of(row))
        lease_to(run, worker_id, is_reserved=share.places is not None and place >= share.places)
        run.save_row()
        tasks.append(_task(run, payload))
    for action_id in dict.fromkeys(row.action_id for _, row, _ in found):
        opened[action_id].save()
    return tasks


def _claim_one_by_one(
    tx: Tx,
    of_namespace_id: int,
    opened: Opened,
    labels: dict[str, str],
    worker_id: str,
    share: Share,
) -> list[Task]:
    """Claim runs under limits, one at a time: each claim may block its key, or the action."""
    offers = Offers(tx, opened, labels)
    tasks: list[Task] = []
    taken_of: Opened = {}
    bytes_left = limits.REPLY_BYTES_MAX
    while len(tasks) < share.limit and (offer := offers.best()) is not None:
        row = tx.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, offer.number))
        assert row is not None, "what stands in a line is there"
        goes_alone = share.places is not None and row.losses > 0
        is_over = 0 < row.ends_at_ms <= tx.now_ms  # timed out; the next tick says so
        if is_over or (goes_alone and (tasks or not share.places)):
            offers.pass_over(offer)
            continue
        payload = input_of(tx, of_namespace_id, offer.number, row)
        bytes_left -= len(payload)
        if bytes_left < 0 and tasks:
            break
        run = OpenActionRun(tx, offer.action, of_namespace_id, offer.number, copy_of(row))
        is_reserved = share.places is not None and not row.losses
        lease_to(run, worker_id, is_reserved=is_reserved, opened=offer.key)
        run.save_row()
        taken_of[row.action_id] = offer.action
        offers.taken(offer)
        tasks.append(_task(run, payload))
        if goes_alone:
            break
    for action in taken_of.values():
        action.save()
    return tasks


Opened = dict[int, OpenAction]
"""Actions with due runs, by their numbers."""


def _with_due_runs(tx: Tx, of_namespace_id: int, names: list[str]) -> Opened:
    opened = {}
    for name in dict.fromkeys(names):
        action = find_action_in(tx, of_namespace_id, name)
        if action is not None and (action.row.ready or action.row.lines or action.row.fronts):
            opened[action.row.id] = action
    return opened


def _first_of(
    tx: Tx, of_namespace_id: int, lines: list[Line], share: Share
) -> list[tuple[int, ActionRunRow, bytes]]:
    """The next runs with their inputs: as many as are asked for and fit a reply.

    Where runs may be reserved, one that was lost before goes alone or, for now, not at all.
    """
    bytes_left = limits.REPLY_BYTES_MAX
    taken: list[tuple[int, ActionRunRow, bytes]] = []
    passed_over = 0
    for number in numbers_in_order(tx, lines):
        row = tx.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number))
        assert row is not None, "what stands in a line is there"
        if 0 < row.ends_at_ms <= tx.now_ms:
            continue  # timed out; the next tick says so
        goes_alone = share.places is not None and row.losses > 0
        if goes_alone and (taken or not share.places):
            passed_over += 1
            if passed_over == PASSED_OVER_MAX:
                break
            continue
        payload = input_of(tx, of_namespace_id, number, row)
        bytes_left -= len(payload)
        if bytes_left < 0 and taken:
            break
        taken.append((number, row, payload))
        if len(taken) == share.limit or goes_alone:
            break
    return taken


def _task(run: OpenActionRun, payload: bytes) -> Task:
    row, run_id = run.row, action_run_id(run.number)
    return Task(
        run_id,
        run.action.name,
        payload,
        row.attempt,
        row.lease,
        row.created_at_ms,
        row.expires_at_ms,
        row.caller_run_id,
        row.labels,
        row.expires_at_ms - run.tx.now_ms,
        row.handler_key or own_handler_key(run_id, row),
        row.traceparent,
    )


def _note_delivery(tx: Tx, of_namespace_id: int, tasks: list[Task]) -> None:
    tx.delivery = Delivery(PRIMITIVE, of_namespace_id, _memo(tasks))


# Waiting, and being asked again


def _topics(namespace: str, request: Claim) -> list[Topic]:
    due = [due_topic(namespace, name) for name in dict.fromkeys(request.actions)]
    return [*due, (namespace, "worker", request.worker_id)]


def _without_results(request: WorkerExchange) -> WorkerExchange:
    """What an exchange waits for: its results were settled as it came."""
    return replace(request, results=[])


def _without_news(request: WorkerTurn) -> WorkerTurn:
    """What a turn waits for: its news was taken as it came."""
    return replace(request, results=[], begun=[])


def _has_answer(reply: TurnReply) -> bool:
    return bool(reply.tasks or reply.stale)


AWAIT_WAIT: Final = WaitRule(_topics, bool, is_spent=is_spent)
EXCHANGE_WAIT: Final = WaitRule(_topics, bool, is_spent=is_spent, rest=_without_results)
TURN_WAIT: Final = WaitRule(_topics, _has_answer, is_spent=is_spent, rest=_without_news)


def _memo(tasks: list[Task]) -> list[list[int]]:
    return [[int(task.run_id[NUMBER_FROM:]), task.lease] for task in tasks]


def _recall(tx: Tx, request: Claim, memo: list[list[int]]) -> list[Task]:
    """Of the runs handed out then, those that are still held under the same lease."""
    of_namespace_id = namespace_id(tx)
    tasks = [
        task
        for number, lease in memo
        if (task := _still_held(tx, of_namespace_id, number, lease)) is not None
    ]
    if tasks:
        _note_delivery(tx, of_namespace_id, tasks)
    return tasks


def _still_held(tx: Tx, of_namespace_id: int, number: int, lease: int) -> Task | None:
    run = find_action_run(tx, of_namespace_id, number)
    if run is None or run.row.lease != lease or not run.is_held:
        return None
    return _task(run, input_of(tx, of_namespace_id, number, run.row))


def _memo_of_turn(reply: TurnReply) -> list[Any]:
    return [_memo(reply.tasks), reply.stale]


def _recall_turn(tx: Tx, request: WorkerTurn, memo: list[Any]) -> TurnReply:
    tasks, stale = memo
    return TurnReply(_recall(tx, request, tasks), stale)


TASKS_RECALL: Final = RecallRule(_memo, _recall)
TURN_RECALL: Final = RecallRule(_memo_of_turn, _recall_turn)


def hand_back(tx: Tx, delivery: Delivery) -> None:
    """Release what went to a connection that was already gone."""
    for number, lease in delivery.items:
        run = find_action_run(tx, delivery.owner_id, number)
        if run is not None:
            release_held(run, lease)
