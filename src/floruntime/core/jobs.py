"""Background jobs: one operation on everything that matches, done in bounded parts.

Each tick does one part.
"""

from __future__ import annotations

from enum import StrEnum

from floruntime.core import defaults
from floruntime.core.types import Command, Query, Value


class JobStatus(StrEnum):
    """The status of a job. The last two are final."""

    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class BulkJob(Value, frozen=True):
    """One operation on everything that matches, and its progress.

    - `matched`: what has been found to match so far; it grows while the job runs.
    - `done`, `failed`: how many of those the operation was applied to, and refused for. With
      `dry_run` both stay 0.
    - `looked_at`, `expected`: how much was looked at, of about how much in total.
    - `about`: the action, the queue, or the stream and its group; `None` means all of the
      namespace.
    - `error`: the error of the last item that failed.
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
    """The operation on every dead letter that matches."""

    REQUEUE_DEAD = "requeue_dead"
    DELETE_DEAD = "delete_dead"


class JobListReply(Value, frozen=True):
    items: list[BulkJob]
    cursor: str | None


class JobGet(Query[BulkJob], tag=92, frozen=True):
    """With `block_ms`, wait until the job has ended. Answers the job as it is then."""

    job_id: str
    block_ms: int = 0


class JobList(Query[JobListReply], tag=93, frozen=True):
    """List jobs, newest first."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class JobCancel(Command[BulkJob], tag=94, frozen=True):
    """End the job; what it has done is not undone."""

    job_id: str
