"""The transitions of a run from one status to the next: each defined once, for every caller.

Each run has at most one timer, for the next thing that happens to it without a command: falling
due, losing its lease, timing out as a whole, being deleted. The timer acts on the row that it
finds.

A failed attempt is followed by another while `attempt <= max_retries`. The delay is
`retry_delay_ms * 2^(attempt-1)` plus up to a tenth, at most one hour. If the worker was lost, up to
the whole delay is added instead of a tenth. So runs that were lost together, one of which may have
been the cause, come back one by one. The added part is a stable hash of run id and attempt.

A run that was only reserved when its worker was lost has had no attempt. It is due again at once,
in its old place.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

from floruntime.core import limits
from floruntime.core.types import Value
from floruntime.engine.action.attempts import forget_attempts, keep_attempt
from floruntime.engine.action.debounce_rows import stop_debouncing
from floruntime.engine.action.keys import OpenKey, give_up_place, serve, stand, withdraw
from floruntime.engine.action.rows import OpenAction, copy_of, find_action_by_id
from floruntime.engine.action.run_rows import (
    ACTION_INPUT,
    ACTION_OUTPUT,
    ACTION_RUN,
    ACTION_RUN_BY_STATUS,
    ACTION_RUN_ENDED,
    ACTION_RUN_MARKS,
    ActionRunRow,
    ActionRunStatus,
    action_run_id,
    action_run_number,
    ended_key,
    unknown_action_run,
)
from floruntime.engine.action.schedule_rows import place_is_free
from floruntime.engine.state.dispatch import rules_of
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.large_documents import forget_document, keep_document
from floruntime.engine.state.leases import Lease, extended
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import namespace_id

WORKER_LOST: Final = "worker_lost"
RAN_TOO_LONG: Final = "timeout"
NON_RETRYABLE: Final = "non_retryable"
ACTION_DELETED: Final = "action_deleted"

FAILURE_SCATTER: Final = 100
LOSS_SCATTER: Final = 1_000
"""How much is added to a delay at most, per mille, after a worker was lost."""

#: The outcome of a run that ended without one of its handler's own.
OUTCOMES: Final[dict[ActionRunStatus, str | None]] = {
    ActionRunStatus.FAILED: "failure",
    ActionRunStatus.TIMED_OUT: "timeout",
    ActionRunStatus.CANCELLED: None,
}


class ActionKeyRow(Value, frozen=True):
    """The run of an idempotency key. `expires_at_ms` is 0 while the run has not ended."""

    number: int
    expires_at_ms: int


ACTION_KEY: Final[Table[ActionKeyRow]] = Table(
    b"ak", ActionKeyRow, action_id="u64", tail="idempotency key"
)


class OpenActionRun:
    """A run and its action within one command: rows of its own to change, and `save`."""

    __slots__ = ("action", "namespace_id", "number", "row", "tx")

    def __init__(
        self, tx: Tx, action: OpenAction, of_namespace_id: int, number: int, row: ActionRunRow
    ) -> None:
        self.tx = tx
        self.action = action
        self.namespace_id = of_namespace_id
        self.number = number
        self.row = row

    @property
    def id(self) -> str:
        return action_run_id(self.number)

    @property
    def key(self) -> bytes:
        return ACTION_RUN.key(self.namespace_id, self.number)

    def save(self) -> None:
        """Write the run and its action."""
        self.tx.put(ACTION_RUN, ACTION_RUN.key(self.namespace_id, self.number), self.row)
        self.action.save()

    def save_row(self) -> None:
        """Write only the run; the caller writes its action."""
        self.tx.put(ACTION_RUN, ACTION_RUN.key(self.namespace_id, self.number), self.row)

    @property
    def held(self) -> Lease:
        """Its latest lease, which is out while the run is running and its end still counts."""
        row = self.row
        is_out = (
            row.status == ActionRunStatus.RUNNING
            and self.action.row.is_registered
            and (not row.workflow_run or self._is_wanted)
        )
        return Lease(row.lease, row.expires_at_ms if is_out else 0)

    @property
    def is_held(self) -> bool:
        """Whether a lease on it still stands."""
        return self.held.stands(self.tx.now_ms)

    def is_held_as(self, lease: int) -> bool:
        """Whether this lease on it still stands."""
        return self.held.stands_as(lease, self.tx.now_ms)

    @property
    def _is_wanted(self) -> bool:
        """Whether the workflow run that requested it still waits for its end."""
        wanted = rules_of(self.tx).action_run_wanted
        return wanted(self.tx, self.namespace_id, self.row.workflow_run)


def find_action_run(tx: Tx, of_namespace_id: int, number: int) -> OpenActionRun | None:
    """The run with this number, in any namespace, but not in a deleted one."""
    row = tx.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, number)) if number else None
    if row is None:
        return None
    action = find_action_by_id(tx, row.action_id)
    if action is None:
        return None
    return OpenActionRun(tx, action, of_namespace_id, number, copy_of(row))


def the_action_run(tx: Tx, run_id: str) -> OpenActionRun:
    """The run with this id; raises `NotFoundError`."""
    run = find_action_run(tx, namespace_id(tx), action_run_number(run_id))
    if run is None:
        raise unknown_action_run(tx, run_id)
    return run


# Transitions. Each saves, except `lease_to`: its caller leases many runs and saves the action once.


def start_waiting(run: OpenActionRun, due_ms: int) -> None:
    """Let a run that is in no line be claimed from `due_ms` on."""
    row = run.row
    assert row.status == ActionRunStatus.PENDING, "nobody has a lease on it"
    assert not row.is_ready, "it stands in no line"
    row.due_ms = due_ms
    if due_ms <= run.tx.now_ms:
        stand(run.action, run.number, row)
        if row.timer_ms != row.ends_at_ms:
            arm_action_run(run, row.ends_at_ms)
    else:
        arm_action_run(run, min(due_ms, row.ends_at_ms or due_ms))
    run.save()


def lease_to(
    run: OpenActionRun,
    worker_id: str,
    *,
    is_reserved: bool = False,
    opened: OpenKey | None = None,
) -> None:
    """Lease a ready run to a worker, for the action's `timeout_ms`. The caller saves both.

    `is_reserved`: its handler begins later, and the worker will report that. `opened`: the run's
    key, if it is already open.
    """
    row, tx = run.row, run.tx
    assert row.is_ready, "what is handed out stood in a line"
    serve(run.action, run.number, row, opened)
    if row.debounce_key is not None:
        stop_debouncing(tx, row)
    set_status(run, ActionRunStatus.RUNNING)
    row.attempt += 1
    row.lease = tx.next_id()
    row.worker_id = worker_id
    row.is_reserved = is_reserved
    row.progress = row.progress_note = None
    row.begun_at_ms = 0 if is_reserved else tx.now_ms
    if row.started_at_ms is None:
        row.started_at_ms = tx.now_ms
    _extend(run, run.action.row.settings.timeout_ms)


def begin_reserved(run: OpenActionRun) -> None:
    """The handler of a reserved run has begun: its attempt counts from now on."""
    run.row.is_reserved = False
    run.row.begun_at_ms = run.tx.now_ms
    run.save()


def extend_lease(run: OpenActionRun, for_ms: int) -> None:
    """Extend the lease to `for_ms` from now, unless it is longer; never beyond the run's end."""
    _extend(run, for_ms)
    run.save()


def _extend(run: OpenActionRun, for_ms: int) -> None:
    row = run.row
    row.expires_at_ms = extended(row.expires_at_ms, run.tx.now_ms, for_ms, row.ends_at_ms)
    arm_action_run(run, row.expires_at_ms)


def release(run: OpenActionRun) -> None:
    """Put a running run back in its old place, without counting an attempt."""
    row = run.row
    assert row.attempt > 0, "what is taken back was handed out"
    row.attempt -= 1
    if not row.attempt:
        row.started_at_ms = None
    _take_back(run)
    start_waiting(run, row.due_ms)


def fail_attempt(run: OpenActionRun, error: str | None, reason: str | None, *, retry: bool) -> None:
    """An attempt failed: wait for the next one, or end the run."""
    row, settings = run.row, run.action.row.settings
    row.error, row.reason = error, reason
    if reason == WORKER_LOST:
        row.losses += 1
    if not retry or row.attempt > settings.max_retries:
        end_run(run, ActionRunStatus.FAILED, error=error, reason=reason if retry else NON_RETRYABLE)
        return
    keep_attempt(run.tx, run.namespace_id, run.number, row)
    _take_back(run)
    scatter = LOSS_SCATTER if reason == WORKER_LOST else FAILURE_SCATTER
    run_id = action_run_id(run.number)
    delay_ms = attempt_delay_ms(settings.retry_delay_ms, row.attempt, run_id, scatter)
    start_waiting(run, run.tx.now_ms + delay_ms)


def attempt_delay_ms(
    retry_delay_ms: int, attempt: int, run_id: str, scatter: int = FAILURE_SCATTER
) -> int:
    """The delay after this attempt (see the head of this module). `scatter`: per mille."""
    longest_ms = limits.RETRY_DELAY_MS_MAX
    delay_ms = min(retry_delay_ms << min(attempt - 1, 64), longest_ms)
    share = zlib.crc32(f"{run_id}/{attempt}".encode()) % 1001
    return min(delay_ms + delay_ms * share * scatter // 1_000_000, longest_ms)


def _take_back(run: OpenActionRun) -> None:
    set_status(run, ActionRunStatus.PENDING)
    run.row.worker_id = None
    run.row.expires_at_ms = run.row.begun_at_ms = 0
    run.row.is_reserved = False


def end_run(
    run: OpenActionRun,
    status: ActionRunStatus,
    *,
    outcome: str | None = None,
    output: bytes = b"",
    error: str | None = None,
    reason: str | None = None,
) -> None:
    """End the run, finally. Everything that ends a run calls this."""
    row, tx = run.row, run.tx
    assert not row.is_finished, "a run ends once"
    assert (outcome is None) == (status != ActionRunStatus.COMPLETED), "a completion has an outcome"
    if row.is_reserved and status in (ActionRunStatus.COMPLETED, ActionRunStatus.FAILED):
        row.is_reserved, row.begun_at_ms = False, tx.now_ms  # its end is the first that is heard
    if row.is_ready:
        withdraw(run.action, run.number, row)
    if row.debounce_key is not None:
        stop_debouncing(tx, row)
    set_status(run, status)
    assert row.is_finished, "it ends for good"
    row.completed_at_ms = tx.now_ms
    tx.put(ACTION_RUN_ENDED, ended_key(run.number, row), True)
    row.expires_at_ms = 0
    row.outcome = outcome if status == ActionRunStatus.COMPLETED else OUTCOMES[status]
    row.error, row.reason = error, reason
    if output:
        row.output = keep_document(tx, ACTION_OUTPUT, run.namespace_id, run.number, output)
    arm_action_run(run, tx.now_ms + run.action.row.settings.retention_ms)
    run.save()
    run_ended(run, output)


def run_ended(run: OpenActionRun, output: bytes) -> None:
    """Everything that follows from a run's end, and the only place that knows it. Call it last."""
    tx, row = run.tx, run.row
    if row.idempotency_key is not None:
        _expire_key(tx, row.action_id, run.number, row.idempotency_key)
    if row.is_scheduled:
        place_is_free(tx, row.action_id)
    tx.touch((run.action.namespace, "run", action_run_id(run.number)))
    rules_of(tx).action_run_ended(run, output)


def _expire_key(tx: Tx, action_id: int, number: int, idempotency_key: str) -> None:
    tail = limits.check_name("idempotency_key", idempotency_key)
    expires_at_ms = tx.now_ms + limits.IDEMPOTENCY_MS
    tx.put(ACTION_KEY, ACTION_KEY.key(action_id, tail=tail), ActionKeyRow(number, expires_at_ms))
    timers.set_timer(tx, expires_at_ms, timers.ACTION_KEY, action_id, number, tail)


def forget_key(tx: Tx, due_ms: int, action_id: int, number: int, tail: bytes) -> None:
    key = ACTION_KEY.key(action_id, tail=tail)
    row = tx.get(ACTION_KEY, key)
    if row is not None and row.number == number and 0 < row.expires_at_ms <= tx.now_ms:
        tx.delete(ACTION_KEY, key)


def revive_key(run: OpenActionRun) -> None:
    """Give a run that goes on its idempotency key back, unless the key was forgotten meanwhile."""
    row, tx = run.row, run.tx
    if row.idempotency_key is None:
        return
    tail = limits.check_name("idempotency_key", row.idempotency_key)
    key = ACTION_KEY.key(row.action_id, tail=tail)
    known = tx.get(ACTION_KEY, key)
    if known is not None and known.number == run.number and tx.now_ms < known.expires_at_ms:
        tx.put(ACTION_KEY, key, ActionKeyRow(run.number, 0))
    else:
        row.idempotency_key = None


def set_status(run: OpenActionRun, status: ActionRunStatus) -> None:
    """Move the run in the index, and count it."""
    row, tx, number = run.row, run.tx, run.number
    before, action_id, key_of = row.status, row.action_id, ACTION_RUN_BY_STATUS.key
    assert status != before, "a transition leads elsewhere"
    was_finished = before >= ActionRunStatus.COMPLETED
    is_finished = status >= ActionRunStatus.COMPLETED
    tx.delete(ACTION_RUN_BY_STATUS, key_of(action_id, before, number))
    tx.put(ACTION_RUN_BY_STATUS, key_of(action_id, status, number), True)
    ACTION_RUN_MARKS.note(tx, action_id, status, number)
    if row.is_counted:
        count_end(run, -1)
    if was_finished:
        tx.delete(ACTION_RUN_ENDED, ended_key(number, row))
    row.status = status
    if row.is_scheduled:
        run.action.row.scheduled += was_finished - is_finished
    tx.move_run(action_id, before, status)
    _count(run, before, status)
    if before == ActionRunStatus.RUNNING:
        give_up_place(run.action, row)
    if is_finished:
        count_end(run, 1)


def _count(run: OpenActionRun, left: ActionRunStatus, came: ActionRunStatus) -> None:
    """Count a run that changed its status; only unfinished statuses are told apart."""
    row, number = run.action.row, run.number
    if left == ActionRunStatus.PENDING:
        row.count_pending(number, -1)
    elif left == ActionRunStatus.RUNNING:
        row.count_running(number, -1)
    if came == ActionRunStatus.RUNNING:
        row.count_running(number, 1)
    elif came == ActionRunStatus.PENDING:
        row.count_pending(number, 1)


def count_end(run: OpenActionRun, change: int) -> None:
    """Count a run that ended (1), or that is no longer kept as ended (-1)."""
    ended = list(run.action.row.ended)
    ended[run.row.status - ActionRunStatus.COMPLETED] += change
    run.action.row.ended = (ended[0], ended[1], ended[2], ended[3])
    run.row.is_counted = change > 0


# Time


def arm_action_run(run: OpenActionRun, due_ms: int) -> None:
    """Set the run's timer to `due_ms`; 0: none."""
    row, tx = run.row, run.tx
    if row.timer_ms == due_ms:
        return
    if row.timer_ms:
        timers.cancel_timer(tx, row.timer_ms, timers.ACTION_RUN, run.namespace_id, run.number)
    if due_ms:
        timers.set_timer(tx, due_ms, timers.ACTION_RUN, run.namespace_id, run.number)
    row.timer_ms = due_ms


def on_run_timer(tx: Tx, due_ms: int, of_namespace_id: int, number: int, data: Any) -> None:
    run = find_action_run(tx, of_namespace_id, number)
    if run is None or run.row.timer_ms != due_ms:
        return
    run.row.timer_ms = 0
    with tx.within(run.action.namespace):
        _time_has_come(run)


def _time_has_come(run: OpenActionRun) -> None:
    row, now_ms = run.row, run.tx.now_ms
    if row.is_finished:
        _forget(run)
    elif row.ends_at_ms and row.ends_at_ms <= now_ms:
        end_run(run, ActionRunStatus.TIMED_OUT, error=row.error, reason=RAN_TOO_LONG)
    elif row.status == ActionRunStatus.RUNNING:
        _lose(run)
    else:
        start_waiting(run, row.due_ms)


def _lose(run: OpenActionRun) -> None:
    """Its worker was lost. A run that it had only reserved never began."""
    if run.row.is_reserved:
        run.row.losses += 1
        release(run)
    else:
        fail_attempt(run, None, WORKER_LOST, retry=True)


def delete_run(run: OpenActionRun) -> None:
    """Delete an ended run before its time, together with its idempotency key."""
    row, tx = run.row, run.tx
    assert row.is_finished, "what goes on is not deleted"
    arm_action_run(run, 0)
    if row.idempotency_key is not None:
        tail = limits.check_name("idempotency_key", row.idempotency_key)
        key = ACTION_KEY.key(row.action_id, tail=tail)
        known = tx.get(ACTION_KEY, key)
        if known is not None and known.number == run.number:
            tx.delete(ACTION_KEY, key)
    _forget(run)


def _forget(run: OpenActionRun) -> None:
    tx, row = run.tx, run.row
    tx.delete(ACTION_RUN, run.key)
    forget_attempts(tx, run.namespace_id, run.number, row)
    forget_document(tx, ACTION_INPUT, run.namespace_id, run.number, row.input)
    forget_document(tx, ACTION_OUTPUT, run.namespace_id, run.number, row.output)
    tx.delete(ACTION_RUN_BY_STATUS, ACTION_RUN_BY_STATUS.key(row.action_id, row.status, run.number))
    tx.delete(ACTION_RUN_ENDED, ended_key(run.number, row))
    tx.move_run(row.action_id, row.status, None)
    if row.is_counted:
        count_end(run, -1)
    run.action.row.runs -= 1
    run.action.save()
