"""Jobs: an operation on everything that matches, a bounded piece of it per tick.

A job walks an index over what was there when it began. It acts on each item that matches at the
moment when the walk reaches it. Its *kind* says what it walks over and what it does (`engine/rules`
names the kinds):

- `walk` gives what comes behind a position, in the order of an index that does not change as things
  are acted on: each row looked at, with the position to go on from, and what to act on there, or
  `None` where nothing matches. It must end: at `end` of the job, by default its own number, one of
  the machine's ids, which everything that comes later lies behind. It only reads; a tick stops it
  after so many rows.
- `act` does the operation on one of these; false where it no longer fits, which is neither done nor
  failed. It may refuse by a `FloError`, before it has written anything; that counts as failed.

`begin` is called by the command that asks for a job, once it has checked it. The request is kept
with the job and handed to `walk` and `act`, so no kind keeps state of its own.

A job is under way while its timer is set, so it goes on after a restart. It does not delay others:
other commands run between its ticks, and a large job leaves pauses. Jobs are kept for 30 days after
they ended, at most 1,000 for each namespace. Above that, the oldest that has ended is deleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from floruntime.core import limits
from floruntime.core.errors import ConflictError, FloError, NotFoundError, OverloadedError
from floruntime.core.jobs import BulkJob, JobCancel, JobGet, JobList, JobListReply, JobStatus
from floruntime.core.types import Request
from floruntime.engine.state.dispatch import WaitRule, rules_of, storage_full
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.pages import page_by_key
from floruntime.engine.state.tx import Topic, Tx, View
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import ensure_namespace, id_of, namespace_id

ITEMS_PER_TICK_MAX = 3
"""What one tick of a job acts on at most: it is over in less than a millisecond."""
ROWS_PER_TICK_MAX = 500
"""What one tick of a job looks at at most."""
AT_ONCE_ROWS = 1_000
"""So many rows a job looks at tick after tick; a small one is over at once."""
PAUSE_MS = 3
"""What a larger job leaves between its ticks for others: it does some 900 items a second."""
WITHOUT_GROWTH = frozenset(("cancel", "delete", "delete_dead", "delete_prefix", "pause", "resume"))
"""What a job may do while the disk is nearly full; the others add something."""
LATE_FACTOR = 1
LATE_MS_MAX = 100
"""A tick that came late tells of a busy server: the pause after it is longer by so many times as
much as it was late, up to so much.
"""
BYTES_PER_TICK_MAX = 4 * limits.MIB
"""A tick of a job ends, with at least one row, when what it read of values reaches this size."""


class JobRow(msgspec.Struct, array_like=True, gc=False):
    """A job. `request`: what was asked for, as it travels. `owner`: a number of what it walks over,
    so that another one of the same name is left alone; 0: it needs none. `end`: where it stops.
    `position`: where it goes on; empty: at the beginning. `limit`: of what it matches, 0: none.
    """

    kind: str
    namespace: str
    operation: str
    about: str | None
    request: bytes
    owner: int
    end: int
    limit: int
    dry_run: bool
    created_at_ms: int
    status: JobStatus = JobStatus.RUNNING
    position: bytes = b""
    matched: int = 0
    done: int = 0
    failed: int = 0
    looked_at: int = 0
    expected: int = 0
    ended_at_ms: int | None = None
    error: str | None = None


JOB: Final[Table[JobRow]] = Table(b"jb", JobRow, namespace_id="u64", number="u64")


class Seen(NamedTuple):
    """One row that was looked at: where it lies, what to act on there, how much was read for it."""

    position: bytes
    item: Any = None
    size_bytes: int = 0


class Job(NamedTuple):
    """A job as its kind sees it."""

    number: int
    owner: int
    end: int
    request: Any


class JobKind(NamedTuple):
    """How a kind of job works: see the head of this module."""

    request: type[Request[Any]]
    walk: Callable[[Tx, Job, bytes], Iterator[Seen]]
    act: Callable[[Tx, Job, Any], bool]


class Asked(NamedTuple):
    """What is to be a job. `expected`: about how many rows it will look at."""

    kind: str
    operation: str
    about: str | None
    limit: int | None
    dry_run: bool
    expected: int
    owner: int = 0
    end: int = 0


def begin(tx: Tx, request: Request[Any], asked: Asked) -> BulkJob:
    """Begin a job of the command's namespace, if there is room for what it does."""
    if not (tx.may_grow or asked.dry_run or asked.operation in WITHOUT_GROWTH):
        raise storage_full()
    limits.check_optional("limit", asked.limit, 1, limits.UINT_MAX)
    of_namespace_id = ensure_namespace(tx).id
    _make_room(tx, of_namespace_id)
    number = tx.next_id()
    row = JobRow(
        asked.kind,
        tx.namespace,
        asked.operation,
        asked.about,
        msgspec.msgpack.encode(request),
        asked.owner,
        asked.end or number,
        asked.limit or 0,
        asked.dry_run,
        tx.now_ms,
        expected=asked.expected,
    )
    tx.put(JOB, JOB.key(of_namespace_id, number), row)
    timers.set_timer(tx, tx.now_ms, timers.JOB_STEP, of_namespace_id, number)
    return _shown(number, row)


def _make_room(tx: Tx, of_namespace_id: int) -> None:
    """Of a thousand jobs the oldest that has ended makes room for one more."""
    kept = list(tx.scan(JOB, *JOB.range(of_namespace_id)))
    if len(kept) < limits.JOBS_MAX:
        return
    ended = (key for key, row in kept if row.status != JobStatus.RUNNING)
    oldest = next(ended, None)
    if oldest is None:
        raise OverloadedError(f"{len(kept)} jobs are running; wait until one has ended")
    tx.delete(JOB, oldest)


# Its way


def step(tx: Tx, due_ms: int, of_namespace_id: int, number: int, data: Any) -> None:
    """Go a piece of the way; the next tick goes on."""
    key = JOB.key(of_namespace_id, number)
    row = tx.get(JOB, key)
    if row is None or row.status != JobStatus.RUNNING:
        return
    if id_of(tx, row.namespace) != of_namespace_id:
        return  # gone with its namespace
    row = _copy(row)
    with tx.within(row.namespace):
        if _go_on(tx, number, row):
            pause_ms = _pause_ms(tx.now_ms - due_ms) if row.looked_at >= AT_ONCE_ROWS else 0
            timers.set_timer(tx, tx.now_ms + pause_ms, timers.JOB_STEP, of_namespace_id, number)
        else:
            _end(tx, of_namespace_id, number, row, JobStatus.COMPLETED)
    tx.put(JOB, key, row)


def _pause_ms(late_ms: int) -> int:
    return PAUSE_MS + LATE_FACTOR * min(late_ms, LATE_MS_MAX)


def _go_on(tx: Tx, number: int, row: JobRow) -> bool:
    """Whether there is more to do after this piece."""
    kind: JobKind = rules_of(tx).jobs[row.kind]
    job = Job(number, row.owner, row.end, msgspec.msgpack.decode(row.request, type=kind.request))
    left = row.limit - row.matched if row.limit else ITEMS_PER_TICK_MAX
    piece = _read(kind.walk(tx, job, row.position), min(ITEMS_PER_TICK_MAX, left))
    for seen in piece.rows:
        row.looked_at += 1
        row.position = seen.position
        if seen.item is not None:
            row.matched += 1
            if not row.dry_run:
                _act(tx, kind, job, row, seen.item)
    return piece.has_more and not (row.limit and row.matched >= row.limit)


class _Piece(NamedTuple):
    rows: list[Seen]
    has_more: bool


def _read(rows: Iterator[Seen], items_max: int) -> _Piece:
    """Read all of one piece before anything is written."""
    read: list[Seen] = []
    items = size_bytes = 0
    for seen in rows:
        read.append(seen)
        items += seen.item is not None
        size_bytes += seen.size_bytes
        if items == items_max or len(read) == ROWS_PER_TICK_MAX or size_bytes >= BYTES_PER_TICK_MAX:
            return _Piece(read, True)
    return _Piece(read, False)


def _act(tx: Tx, kind: JobKind, job: Job, row: JobRow, item: Any) -> None:
    try:
        if kind.act(tx, job, item):
            row.done += 1
        else:
            row.matched -= 1
    except FloError as error:
        row.failed += 1
        row.error = error.message


def _end(tx: Tx, of_namespace_id: int, number: int, row: JobRow, status: JobStatus) -> None:
    row.status = status
    row.ended_at_ms = tx.now_ms
    timers.set_timer(tx, tx.now_ms + limits.JOB_KEPT_MS, timers.JOB_FORGET, of_namespace_id, number)
    tx.touch((tx.namespace, "job", job_id(number)))


def forget(tx: Tx, due_ms: int, of_namespace_id: int, number: int, data: Any) -> None:
    tx.delete(JOB, JOB.key(of_namespace_id, number))


# What a person asks

_MADE_ID: Final = re.compile("job-([1-9][0-9]{0,18})")


def job_id(number: int) -> str:
    """The id of the job with this number."""
    return f"job-{number}"


def _number_of(id: str) -> int:
    match = _MADE_ID.fullmatch(id)
    if match is None:
        limits.check_name("job_id", id)
        return 0
    number = int(match[1])
    return number if number <= limits.UINT_MAX else 0


def _the_job(view: View, id: str) -> tuple[int, JobRow]:
    number = _number_of(id)
    row = view.get(JOB, JOB.key(namespace_id(view), number)) if number else None
    if row is None:
        raise NotFoundError(f"job {limits.shown(id)} does not exist")
    return number, row


def get(view: View, request: JobGet) -> BulkJob:
    limits.check_block(request.block_ms)
    return _shown(*_the_job(view, request.job_id))


def cancel(tx: Tx, request: JobCancel) -> BulkJob:
    """Do no more; what is done stays done."""
    number, row = _the_job(tx, request.job_id)
    if row.status != JobStatus.RUNNING:
        raise ConflictError(f"job {request.job_id} is {row.status} already")
    row = _copy(row)
    of_namespace_id = namespace_id(tx)
    _end(tx, of_namespace_id, number, row, JobStatus.CANCELLED)
    tx.put(JOB, JOB.key(of_namespace_id, number), row)
    return _shown(number, row)


def list_jobs(view: View, request: JobList) -> JobListReply:
    def shown(key: bytes, row: JobRow) -> BulkJob:
        return _shown(JOB.unpack(key)[1], row)

    owner = namespace_id(view)
    return JobListReply(*page_by_key(view, "jobs", JOB, owner, request, shown, newest_first=True))


def _shown(number: int, row: JobRow) -> BulkJob:
    return BulkJob(
        job_id(number),
        row.operation,
        row.status,
        row.matched,
        row.done,
        row.failed,
        row.created_at_ms,
        row.kind,
        row.about,
        row.dry_run,
        row.ended_at_ms,
        row.looked_at,
        max(row.expected, row.looked_at),
        row.error,
    )


def _copy(row: Any) -> JobRow:
    return row.__copy__()  # type: ignore[no-any-return]  # msgspec gives every struct this


def _topics(namespace: str, request: JobGet) -> tuple[Topic]:
    return ((namespace, "job", request.job_id),)


def _has_ended(job: BulkJob) -> bool:
    return job.status is not JobStatus.RUNNING


def _as_it_stands(view: View, request: JobGet) -> JobGet:
    return request


GET_WAIT: Final = WaitRule(_topics, _has_ended, renew=_as_it_stands)
