"""Jobs on the dead letters of a queue: requeue or delete all that match, in the order of deaths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.jobs import BulkJob, DeadBulkOperation
from floruntime.core.queue import QueueBulk
from floruntime.engine.queue.dead_letters import (
    DEAD_LETTER,
    DEAD_ORDER,
    DeadLetterRow,
    DeathReason,
    find_dead,
    remove_dead,
    requeue_one,
)
from floruntime.engine.queue.rows import find_queue, find_queue_row
from floruntime.engine.state.tx import Tx
from floruntime.engine.system.jobs import Asked, Job, JobKind, Seen, begin

KIND: Final = "queue"


def bulk(tx: Tx, request: QueueBulk) -> BulkJob:
    if request.reason is not None and request.reason not in set(DeathReason):
        raise BadRequestError(
            f"reason is {limits.shown(request.reason)}; it must be one of: {', '.join(DeathReason)}"
        )
    limits.check_text("error_contains", request.error_contains)
    row = find_queue_row(tx, request.queue)
    asked = Asked(
        KIND,
        request.operation,
        request.queue,
        request.limit,
        request.dry_run,
        0 if row is None else row.dead,
        0 if row is None else row.id,
    )
    return begin(tx, request, asked)


def _walk(tx: Tx, job: Job, position: bytes) -> Iterator[Seen]:
    request: QueueBulk = job.request
    row = find_queue_row(tx, request.queue)
    if row is None or row.id != job.owner:
        return
    first = max(int.from_bytes(position, "big") + 1, row.dead_floor)
    span = DEAD_ORDER.key(row.dead_id, first), DEAD_ORDER.key(row.dead_id, job.end)
    for key, seq in tx.scan(DEAD_ORDER, *span):
        letter = tx.get(DEAD_LETTER, DEAD_LETTER.key(row.dead_id, seq))
        assert letter is not None, "the order of deaths names only what is there"
        place = DEAD_ORDER.unpack(key)[1].to_bytes(8, "big")
        yield Seen(place, seq if _matches(request, letter) else None, len(letter.payload))


def _matches(request: QueueBulk, letter: DeadLetterRow) -> bool:
    if request.reason is not None and letter.reason != request.reason:
        return False
    part = request.error_contains
    return part is None or (letter.error is not None and part in letter.error)


def _act(tx: Tx, job: Job, seq: int) -> bool:
    request: QueueBulk = job.request
    queue = find_queue(tx, request.queue)
    if queue is None or find_dead(queue, seq) is None:
        return False
    if request.operation is DeadBulkOperation.REQUEUE_DEAD:
        requeue_one(queue, seq)
        queue.touch()
    else:
        remove_dead(queue, seq)
    queue.save()
    return True


JOB_KIND: Final = JobKind(QueueBulk, _walk, _act)
