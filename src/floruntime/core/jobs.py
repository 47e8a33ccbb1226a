"""Jobs: one operation on everything that matches, as rows, a bounded piece of it per tick."""

from __future__ import annotations

from enum import StrEnum

from floruntime.core import defaults
from floruntime.core.types import Command, Query, Value


class JobStatus(StrEnum):
    """Where a job stands. The last two are final."""

    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class BulkJob(Value, frozen=True):
    """One operation on everything that matches, and how far it is.

    `matched` grows as it walks: what was found to match when its turn came. `done` and `failed` are
    those of them that the operation was made on, and that it was refused for; with `dry_run` both
    stay 0. `looked_at` of about `expected` are behind it. `about`: what it is about (an action, a
    queue, a stream and its group; `None`: all of the namespace's). `error`: of what failed last.
    """

    job_id: str
    operation: str
    status: JobStatus
    matched: int
    done: int
    failed: int
    created_at_ms: int
    kind: str = ""
    about: str | None = None
    dry_run: bool = False
    ended_at_ms: int | None = None
    looked_at: int = 0
    expected: int = 0
    error: str | None = None


class DeadBulkOperation(StrEnum):
    """What is done to every dead letter that matches."""

    REQUEUE_DEAD = "requeue_dead"
    DELETE_DEAD = "delete_dead"


class JobListReply(Value, frozen=True):
    items: list[BulkJob]
    cursor: str | None


class JobGet(Query[BulkJob], tag=92, frozen=True):
    """With `block_ms`, waits until the job has ended; answers it as it stands in any case."""

    job_id: str
    block_ms: int = 0


class JobList(Query[JobListReply], tag=93, frozen=True):
    """Newest first."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class JobCancel(Command[BulkJob], tag=94, frozen=True):
    """What is done stays done."""

    job_id: str
