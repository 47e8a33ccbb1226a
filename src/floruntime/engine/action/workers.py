"""The registry of workers: which there are, what they can do, and whether they are healthy.

A worker can claim runs without being registered. A registration gives it labels, a place in the
listing, and a way to be drained from outside. Registering again ends a drain. Only leases decide
what a worker holds: neither a missing heartbeat nor deregistering takes a run away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.errors import NotFoundError
from floruntime.core.types import Value
from floruntime.core.worker import (
    Heartbeat,
    WorkerDeregister,
    WorkerDrain,
    WorkerGetInfo,
    WorkerHeartbeat,
    WorkerInfo,
    WorkerList,
    WorkerListReply,
    WorkerRegister,
)
from floruntime.engine.action.rows import ACTION, ActionRow
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    ActionRunStatus,
    action_run_number,
    with_status,
)
from floruntime.engine.state.index_walk import number_at
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import ensure_namespace, namespace_id


class WorkerRow(Value, frozen=True):
    """`id`: tells this registration from later ones under the same name."""

    id: int
    actions: list[str]
    concurrency: int
    labels: dict[str, str]
    metadata: dict[str, str]
    registered_at_ms: int
    last_heartbeat_ms: int
    draining: bool = False
    done: int = 0
    failed: int = 0


WORKER: Final[Table[WorkerRow]] = Table(
    b"wk", WorkerRow, namespace_id="u64", tail="worker id", cached=True
)


def _key(view: View, worker_id: str) -> bytes:
    return WORKER.key(namespace_id(view), tail=limits.check_name("worker_id", worker_id))


def find_worker(view: View, worker_id: str) -> WorkerRow | None:
    """The worker's registration, if it has one."""
    return worker_in(view, namespace_id(view), worker_id)


def worker_in(view: View, of_namespace_id: int, worker_id: str) -> WorkerRow | None:
    """The same, where the namespace's number is at hand."""
    tail = limits.check_name("worker_id", worker_id)
    return view.get(WORKER, WORKER.key(of_namespace_id, tail=tail))


def _the_worker(view: View, worker_id: str) -> WorkerRow:
    row = find_worker(view, worker_id)
    if row is None:
        raise NotFoundError(f"worker {limits.shown(worker_id)} is not registered")
    return row


def register(tx: Tx, request: WorkerRegister) -> WorkerInfo:
    _check(request)
    of_namespace_id = ensure_namespace(tx).id
    old = find_worker(tx, request.worker_id)
    row = WorkerRow(
        tx.next_id() if old is None else old.id,
        request.actions,
        request.concurrency,
        request.labels,
        request.metadata,
        tx.now_ms,
        tx.now_ms,
        done=0 if old is None else old.done,
        failed=0 if old is None else old.failed,
    )
    tx.put(WORKER, _key(tx, request.worker_id), row)
    if old is None:
        _forget_later(tx, of_namespace_id, request.worker_id, row)
    if request.labels != ({} if old is None else old.labels):
        tx.end_waits(
            (tx.namespace, "worker", request.worker_id)
        )  # it asks again, with its labels of now
    return _info(tx, request.worker_id, row, _running_of(tx, request.worker_id))


def _check(request: WorkerRegister) -> None:
    limits.check_name("worker_id", request.worker_id)
    check_actions(request.actions)
    limits.check_range("concurrency", request.concurrency, 1, limits.WORKER_CONCURRENCY_MAX)
    limits.check_labels(request.labels)
    limits.check_metadata(request.metadata)


def check_actions(actions: list[str]) -> None:
    """The actions that a worker takes runs of: 1 to 1,000 names."""
    limits.check_many("actions", len(actions))
    for name in actions:
        limits.check_name("action", name)


def heartbeat(tx: Tx, request: WorkerHeartbeat) -> Heartbeat:
    limits.check_range(
        "the length of running", len(request.running), 0, limits.WORKER_CONCURRENCY_MAX
    )
    to_stop = [run_id for run_id in request.running if _is_to_stop(tx, request.worker_id, run_id)]
    row = find_worker(tx, request.worker_id)
    if row is None:
        return Heartbeat(False, False, to_stop)
    tx.put(WORKER, _key(tx, request.worker_id), replace(row, last_heartbeat_ms=tx.now_ms))
    return Heartbeat(True, row.draining, to_stop)


def _is_to_stop(view: View, worker_id: str, run_id: str) -> bool:
    """Whether work on a run is in vain: it was cancelled, timed out, or is not this worker's."""
    number = action_run_number(run_id)
    run = view.get(ACTION_RUN, ACTION_RUN.key(namespace_id(view), number)) if number else None
    if run is None:
        return True
    if run.status == ActionRunStatus.RUNNING:
        return run.worker_id != worker_id
    return run.status not in (ActionRunStatus.COMPLETED, ActionRunStatus.FAILED)


def drain(tx: Tx, request: WorkerDrain) -> WorkerInfo:
    """The worker is given no more work, its wait ends, and its next heartbeat tells it why."""
    row = _the_worker(tx, request.worker_id)
    if not row.draining:
        row = replace(row, draining=True)
        tx.put(WORKER, _key(tx, request.worker_id), row)
    tx.end_waits((tx.namespace, "worker", request.worker_id))
    return _info(tx, request.worker_id, row, _running_of(tx, request.worker_id))


def deregister(tx: Tx, request: WorkerDeregister) -> bool:
    if find_worker(tx, request.worker_id) is None:
        return False
    tx.delete(WORKER, _key(tx, request.worker_id))
    tx.end_waits((tx.namespace, "worker", request.worker_id))
    return True


class Ends:
    """Attempts that workers have ended within one command; each worker's row is written once."""

    __slots__ = ("_done", "_failed")

    def __init__(self) -> None:
        self._done: dict[str | None, int] = {}
        self._failed: dict[str | None, int] = {}

    def add(self, worker_id: str | None, *, is_done: bool) -> None:
        """A worker ended an attempt: it was done, or failed."""
        counts = self._done if is_done else self._failed
        counts[worker_id] = counts.get(worker_id, 0) + 1

    def count(self, tx: Tx, of_namespace_id: int) -> None:
        """Write them. A worker that is not registered counts none."""
        for worker_id in self._done | self._failed:
            if worker_id is None:
                continue
            key = WORKER.key(of_namespace_id, tail=limits.check_name("worker_id", worker_id))
            row = tx.get(WORKER, key)
            if row is not None:
                done = row.done + self._done.get(worker_id, 0)
                failed = row.failed + self._failed.get(worker_id, 0)
                tx.put(WORKER, key, replace(row, done=done, failed=failed))


def _forget_later(tx: Tx, of_namespace_id: int, worker_id: str, row: WorkerRow) -> None:
    due_ms = row.last_heartbeat_ms + limits.WORKER_FORGET_MS
    timers.set_timer(tx, due_ms, timers.WORKER_FORGET, of_namespace_id, row.id, worker_id)


def forget(tx: Tx, due_ms: int, of_namespace_id: int, row_id: int, worker_id: Any) -> None:
    """Drop a worker that was not heard of for a day; come again for one that was."""
    key = WORKER.key(of_namespace_id, tail=limits.check_name("worker_id", worker_id))
    row = tx.get(WORKER, key)
    if row is None or row.id != row_id:
        return
    if row.last_heartbeat_ms + limits.WORKER_FORGET_MS <= tx.now_ms:
        tx.delete(WORKER, key)
    else:
        _forget_later(tx, of_namespace_id, worker_id, row)


# Looking


def workers_of(view: View) -> Iterator[WorkerRow]:
    """Every worker that is registered in the view's namespace."""
    return (row for _, row in view.scan(WORKER, *WORKER.range(namespace_id(view))))


def is_well(view: View, worker: WorkerRow) -> bool:
    """Whether it was heard of lately."""
    return view.now_ms - worker.last_heartbeat_ms < limits.WORKER_UNHEALTHY_MS


def worker_info(view: View, request: WorkerGetInfo) -> WorkerInfo:
    row = _the_worker(view, request.worker_id)
    return _info(view, request.worker_id, row, _running_of(view, request.worker_id))


def list_workers(view: View, request: WorkerList) -> WorkerListReply:
    running = Counter(_holders(view))

    def shown(id: str, row: WorkerRow) -> WorkerInfo:
        return _info(view, id, row, running[id])

    owner = namespace_id(view)
    return WorkerListReply(*page_by_name(view, "workers", WORKER, owner, request, shown))


def _running_of(view: View, worker_id: str) -> int:
    return sum(holder == worker_id for holder in _holders(view))


def _holders(view: View) -> Iterator[str | None]:
    """The worker of each running run. Looked up, not counted: only listings want to know."""
    of_namespace_id = namespace_id(view)
    actions: list[ActionRow] = [row for _, row in view.scan(ACTION, *ACTION.range(of_namespace_id))]
    for action in actions:
        if action.running:
            lane = with_status(action, ActionRunStatus.RUNNING).lane(0, limits.UINT_MAX)
            for position in lane.positions(view, None, is_falling=False):
                run = view.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number_at(position)))
                yield None if run is None else run.worker_id


def _info(view: View, worker_id: str, row: WorkerRow, running: int) -> WorkerInfo:
    return WorkerInfo(
        worker_id,
        row.actions,
        row.concurrency,
        row.labels,
        row.metadata,
        row.registered_at_ms,
        row.last_heartbeat_ms,
        is_well(view, row),
        row.draining,
        running,
        row.done,
        row.failed,
    )
