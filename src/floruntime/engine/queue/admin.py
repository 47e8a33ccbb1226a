"""Administration of queues: settings, counts, listing, purging, deleting."""

from __future__ import annotations

from floruntime.core import limits
from floruntime.core.backoff import check_retry
from floruntime.core.queue import (
    QueueConfig,
    QueueConfigure,
    QueueDelete,
    QueueGetStats,
    QueueList,
    QueueListReply,
    QueuePause,
    QueuePromote,
    QueuePurge,
    QueueStats,
)
from floruntime.engine.queue.dead_letters import evict
from floruntime.engine.queue.messages import make_due, oldest
from floruntime.engine.queue.rows import QUEUE, QueueRow, ensure_queue, find_queue, find_queue_row
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.tombstones import forget_gaps
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system.namespaces import namespace_id


def configure(tx: Tx, request: QueueConfigure) -> QueueConfig:
    """Settings apply from now on: to deliveries that end later, and to later dedup keys."""
    _check_settings(request)
    queue = ensure_queue(tx, request.queue)
    old = queue.row.config
    queue.row.config = config = QueueConfig(
        _set_or(request.max_attempts, old.max_attempts),
        _set_or(request.retry_delay_ms, old.retry_delay_ms),
        _set_or(request.dlq_limit, old.dlq_limit),
        _set_or(request.dedup_window_ms, old.dedup_window_ms),
        old.retry_backoff if request.retry_backoff is None else request.retry_backoff,
        _set_or(request.retry_delay_max_ms, old.retry_delay_max_ms),
    )
    check_retry(config.retry_delay_ms, config.retry_backoff, config.retry_delay_max_ms)
    evict(queue)
    queue.save()
    return config


def _check_settings(request: QueueConfigure) -> None:
    if request.max_attempts is not None:
        limits.check_range("max_attempts", request.max_attempts, 1, limits.ATTEMPTS_MAX)
    if request.dlq_limit is not None:
        limits.check_range("dlq_limit", request.dlq_limit, 0, limits.UINT_MAX)
    if request.dedup_window_ms is not None:
        limits.check_duration("dedup_window_ms", request.dedup_window_ms)


def _set_or(setting: int | None, old: int) -> int:
    return old if setting is None else setting


def purge(tx: Tx, request: QueuePurge) -> int:
    """Delete all messages but dead letters, whatever they wait for. Dedup keys stay."""
    queue = find_queue(tx, request.queue)
    if queue is None:
        return 0
    row = queue.row
    purged = row.ready + row.delayed + row.leased + row.waiting
    if purged:
        forget_gaps(tx, row.messages_id)
        row.messages_id = queue.new_part(row.messages_id)
        row.ready = row.delayed = row.leased = row.waiting = 0
        row.oldest_seq = row.next_seq
        queue.save()
    return purged


def pause(tx: Tx, request: QueuePause) -> QueueStats:
    """Deliver nothing, or go on. A queue that is yet to come may be paused, too."""
    queue = ensure_queue(tx, request.queue)
    if queue.row.paused != request.paused:
        queue.row.paused = request.paused
        queue.save()
        if not request.paused:
            queue.touch()
    return _stats(tx, request.queue, queue.row)


def promote(tx: Tx, request: QueuePromote) -> int:
    """Let what is delayed be due now."""
    limits.check_numbers("seqs", request.seqs, 1)
    queue = find_queue(tx, request.queue)
    if queue is None:
        return 0
    promoted = sum([make_due(queue, seq) for seq in dict.fromkeys(request.seqs)])
    if promoted:
        queue.save()
        queue.touch()
    return promoted


def delete(tx: Tx, request: QueueDelete) -> bool:
    """Delete the queue with all it holds; those who wait on it go on waiting for a new one."""
    queue = find_queue(tx, request.queue)
    if queue is None:
        return False
    forget_gaps(tx, queue.row.messages_id)
    queue.unlink()
    return True


def stats(view: View, request: QueueGetStats) -> QueueStats:
    row = find_queue_row(view, request.queue)
    if row is None:
        return QueueStats(request.queue, 0, 0, 0, 0, 0, 0, 0)
    return _stats(view, request.queue, row)


def _stats(view: View, name: str, row: QueueRow) -> QueueStats:
    return QueueStats(
        name,
        row.ready,
        row.delayed,
        row.leased,
        row.dead,
        _oldest_age_ms(view, row),
        row.enqueued_total,
        row.acked_total,
        row.dead_evicted_total,
        row.paused,
        row.waiting,
    )


def _oldest_age_ms(view: View, row: QueueRow) -> int:
    if not row.ready + row.delayed + row.leased:
        return 0
    found = oldest(view, row.messages_id, row.oldest_seq, row.next_seq)
    return 0 if found is None else max(0, view.now_ms - found[1].enqueued_at_ms)


def list_queues(view: View, request: QueueList) -> QueueListReply:
    def shown(name: str, row: QueueRow) -> QueueStats:
        return _stats(view, name, row)

    owner = namespace_id(view)
    return QueueListReply(
        *page_by_name(view, "queues", QUEUE, owner, request, shown, primitive="queue")
    )
