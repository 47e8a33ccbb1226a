"""Jobs on the dead letters of a group: requeue or delete all that match, in the order of deaths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.core import limits
from floruntime.core.jobs import BulkJob, DeadBulkOperation
from floruntime.core.stream import GroupBulk
from floruntime.engine.state.tx import Tx
from floruntime.engine.stream.group.dead import delete_one, letters, requeue_one
from floruntime.engine.stream.group.rows import (
    DEAD_RECORD,
    group_state,
    open_by_id,
    the_group,
)
from floruntime.engine.system.jobs import Asked, Job, JobKind, Seen, begin

KIND: Final = "group"


def bulk(tx: Tx, request: GroupBulk) -> BulkJob:
    limits.check_text("error_contains", request.error_contains)
    _, group = the_group(tx, request.stream, request.group)
    state = group_state(tx, group)
    asked = Asked(
        KIND,
        request.operation,
        f"{request.stream} {request.group}",
        request.limit,
        request.dry_run,
        state.dead,
        group.id,
        state.dead_total,
    )
    return begin(tx, request, asked)


def _walk(tx: Tx, job: Job, position: bytes) -> Iterator[Seen]:
    request: GroupBulk = job.request
    opened = open_by_id(tx, job.owner)
    if opened is None:
        return
    first = int.from_bytes(position, "big") + 1 if position else opened.state.dead_floor
    for number, letter in letters(tx, job.owner, first):
        if number >= job.end:
            return
        part = request.error_contains
        matches = part is None or (letter.error is not None and part in letter.error)
        item = number if matches else None
        yield Seen(number.to_bytes(8, "big"), item, len(letter.payload))


def _act(tx: Tx, job: Job, number: int) -> bool:
    request: GroupBulk = job.request
    opened = open_by_id(tx, job.owner)
    if opened is None:
        return False
    if tx.get(DEAD_RECORD, DEAD_RECORD.key(job.owner, number)) is None:
        return False
    if request.operation is DeadBulkOperation.REQUEUE_DEAD:
        done = requeue_one(opened, number)
        opened.touch()
    else:
        done = delete_one(opened, number)
    opened.save()
    return done


JOB_KIND: Final = JobKind(GroupBulk, _walk, _act)
