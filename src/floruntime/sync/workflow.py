"""`Workflow`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from floruntime.client.api.base.values import Payload
from floruntime.client.api.workflow.filters import SearchTerm, WorkflowStatuses
from floruntime.client.api.workflow.workflow import Workflow as AsyncWorkflow
from floruntime.core import defaults
from floruntime.core.action import RunOrder
from floruntime.core.jobs import BulkJob
from floruntime.core.types import Page
from floruntime.core.workflow import (
    DefinitionInfo,
    DefinitionVersion,
    HistoryEvent,
    Problem,
    ScheduleInfo,
    SyncResult,
    WorkflowBulkOperation,
    WorkflowRun,
)
from floruntime.sync.history_follower import HistoryFollower
from floruntime.sync.standing import PartOf


class Workflow(PartOf[AsyncWorkflow]):
    """The workflows of one client.

    The name of a workflow and the id of a run are 1 to 255 bytes of UTF-8 without control
    characters; another one is a `BadRequestError`. Every method takes `namespace` and `timeout_ms`,
    by default the client's own.
    """

    @property
    def _of(self) -> AsyncWorkflow:
        return self._bridge.client.workflow

    def start(
        self,
        name: str,
        input: Any = None,
        *,
        version: str | None = None,
        idempotency_key: str | None = None,
        run_id: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> str:
        """Start a run; its id.

        `input`: bytes and text are JSON text, anything else is encoded as JSON; `null` by default;
        at most the server's `value_bytes_max` (1 MiB unless configured). `version`: one that was
        synced; by default the current one. `idempotency_key`: a name (1 to 255 bytes) that makes
        one run: the same key and input answer that run's id again; by default every call makes a
        run. The definition says whether keys are taken. `run_id`: an id of one's own that was never
        used; by default the server makes one.

        Raises `NotFoundError` where there is no such workflow or version, `ConflictError` where it
        is disabled, the id is used or the key stands for another input, `BadRequestError` on an
        input that is no JSON or that the definition refuses.
        """
        return self._bridge.run(
            self._of.start(
                name,
                input,
                version=version,
                idempotency_key=idempotency_key,
                run_id=run_id,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def signal(
        self,
        run_id: str,
        type: str,
        data: Any = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> None:
        """Deliver a signal, which one wait for this `type` consumes; an early one is kept for it.

        `data`: bytes and text as they are, anything else as JSON; empty by default. It is the
        output of the wait's step. A run keeps up to 1,000 signals that nothing has waited for.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it has ended,
        `BadRequestError` where it keeps 1,000 already.
        """
        self._bridge.run(
            self._of.signal(run_id, type, data, namespace=namespace, timeout_ms=timeout_ms)
        )

    def cancel(
        self,
        run_id: str,
        reason: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> WorkflowRun:
        """End the run, its children too; an action at work is told.

        `reason`: a text of up to 4 KiB for people; by default none.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it has ended.
        """
        return self._bridge.run(
            self._of.cancel(run_id, reason, namespace=namespace, timeout_ms=timeout_ms)
        )

    def retry(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkflowRun:
        """Let a failed run go on from the step that failed.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it did not fail, or
        has compensated anything: then use `start`, or `fork`.
        """
        return self._bridge.run(self._of.retry(run_id, namespace=namespace, timeout_ms=timeout_ms))

    def fork(
        self,
        run_id: str,
        from_step: str,
        *,
        input: Any = None,
        version: str | None = None,
        new_run_id: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> str:
        """Start a new run that begins at a step, and knows what another run knew; its id.

        The outputs and outcomes of all other steps are copied as they stand; signals, waits and
        counts are not. The old run, in whatever status, is left alone. `from_step`: a step of the
        version, which need not have run. `input`: as of `start`; by default that of the old run.
        `version`: one that was synced; by default that of the old run. `new_run_id`: an id that was
        never used; by default the server makes one.

        Raises `NotFoundError` where there is no such run or version, `BadRequestError` where there
        is no such step, `ConflictError` where the workflow is disabled, the id is used, or the step
        comes after one that the old run has compensated.
        """
        return self._bridge.run(
            self._of.fork(
                run_id,
                from_step,
                input=input,
                version=version,
                new_run_id=new_run_id,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def pause(
        self,
        run_id: str,
        reason: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> WorkflowRun:
        """Begin no step, attempt, poll, item or compensation until `resume`.

        What was invoked goes on, and its end is kept; signals are kept. Durations stand still;
        `until` of a sleep and the actions' own time-outs do not. A paused run counts for `overlap`.
        Pausing what is paused does nothing. `reason`: a text of up to 4 KiB for people; by default
        none.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it has ended or is
        compensating.
        """
        return self._bridge.run(
            self._of.pause(run_id, reason, namespace=namespace, timeout_ms=timeout_ms)
        )

    def resume(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkflowRun:
        """Let a paused run go on with what has come meanwhile. Of one that is not, nothing happens.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it has ended or is
        compensating.
        """
        return self._bridge.run(self._of.resume(run_id, namespace=namespace, timeout_ms=timeout_ms))

    def schedules(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[ScheduleInfo]:
        """A page of the schedules, by the name of their workflow.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._bridge.run(
            self._of.schedules(
                limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def pause_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ScheduleInfo:
        """Let the schedule of workflow `name` start no runs; times that pass are not made up for.

        Raises `NotFoundError` where it has no schedule.
        """
        return self._bridge.run(
            self._of.pause_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def resume_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ScheduleInfo:
        """Let the schedule of workflow `name` go on with its next time.

        Raises `NotFoundError` where it has no schedule.
        """
        return self._bridge.run(
            self._of.resume_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def trigger_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> str:
        """Start one of the schedule's runs now, with its input, beside its times; the run's id.

        Raises `NotFoundError` where it has no schedule, `ConflictError` where the workflow is
        disabled.
        """
        return self._bridge.run(
            self._of.trigger_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def sync(
        self,
        yaml: Payload,
        *,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> SyncResult:
        """Take a definition over; done on every start of an application it costs nothing.

        `yaml`: at most 2 MiB. A new name is `created`, a new version `updated`, the same text
        `unchanged`. `dry_run`: only tell what would be done; then a version that is known with
        another content is `refused` in the answer (`.refusal`, and `.current`, the text that is
        there).

        Raises `BadRequestError` with `.problems` where it is not valid, and `ConflictError` where
        its version is known with another content.
        """
        return self._bridge.run(
            self._of.sync(yaml, dry_run=dry_run, namespace=namespace, timeout_ms=timeout_ms)
        )

    def sync_bytes(
        self,
        data: Payload,
        *,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> SyncResult:
        """`sync`, of bytes. `dry_run`: only tell what would be done.

        Raises `BadRequestError` and `ConflictError` as `sync` does.
        """
        return self._bridge.run(
            self._of.sync_bytes(data, dry_run=dry_run, namespace=namespace, timeout_ms=timeout_ms)
        )

    def sync_file(
        self,
        path: str | PathLike[str],
        *,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> SyncResult:
        """`sync`, of a file. Its problems name it (`.file`). `dry_run`: only tell what would be
        done.

        Raises `BadRequestError` and `ConflictError` as `sync` does, and `OSError` where the file
        cannot be read.
        """
        return self._bridge.run(
            self._of.sync_file(path, dry_run=dry_run, namespace=namespace, timeout_ms=timeout_ms)
        )

    def sync_dir(
        self,
        path: str | PathLike[str],
        *,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> list[SyncResult]:
        """`sync` of every `*.yaml` and `*.yml` in a directory, in one commit: all, or none.

        By name; hidden files and subdirectories are left out. They are at most 2 MiB together.
        Problems name their file (`.file`). `dry_run`: only tell what would be done.

        Raises `BadRequestError` and `ConflictError` as `sync` does, and `OSError` where a file
        cannot be read.
        """
        return self._bridge.run(
            self._of.sync_dir(path, dry_run=dry_run, namespace=namespace, timeout_ms=timeout_ms)
        )

    def sync_files(
        self,
        paths: Sequence[str | PathLike[str]],
        *,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> list[SyncResult]:
        """`sync` of several files in one commit: all, or none; a result for each, in order.

        They are at most 2 MiB together. `dry_run`: only tell what would be done.

        Raises `BadRequestError` and `ConflictError` as `sync` does, and `OSError` where a file
        cannot be read.
        """
        return self._bridge.run(
            self._of.sync_files(paths, dry_run=dry_run, namespace=namespace, timeout_ms=timeout_ms)
        )

    def validate(
        self, yaml: Payload, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> list[Problem]:
        """What a `sync` would complain about, errors and warnings; nothing is taken over.

        Warnings are also about what the definition runs and the namespace does not have yet.

        Raises `BadRequestError` on a text of more than 2 MiB; what is wrong with the definition is
        no error, it is in the answer.
        """
        return self._bridge.run(self._of.validate(yaml, namespace=namespace, timeout_ms=timeout_ms))

    def list_definitions(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[DefinitionInfo]:
        """A page of the workflows, each with its current version, by name.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._bridge.run(
            self._of.list_definitions(
                limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def list_versions(
        self,
        name: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[DefinitionVersion]:
        """A page of the versions of workflow `name` that are kept, the last synced first.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `NotFoundError` where there is no such workflow, `BadRequestError` on a cursor of
        another listing.
        """
        return self._bridge.run(
            self._of.list_versions(
                name, limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def get_definition(
        self,
        name: str,
        *,
        version: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bytes | None:
        """The YAML as it was synced; `None` where there is no such workflow or version.

        `version`: one that was synced; by default the current one.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._bridge.run(
            self._of.get_definition(
                name, version=version, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def use(
        self,
        name: str,
        version: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> DefinitionInfo:
        """Make a version that was synced the current one: the way back from a bad one.

        New runs are of it, and its schedule and trigger hold; runs that are under way stay on the
        version that they began with. A sync of a new version makes that the current one.

        Raises `NotFoundError` where there is no such workflow or version.
        """
        return self._bridge.run(
            self._of.use(name, version, namespace=namespace, timeout_ms=timeout_ms)
        )

    def disable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> DefinitionInfo:
        """Start no more runs: no call, no schedule, no trigger does. Those that are there go on.

        Raises `NotFoundError` where there is no such workflow.
        """
        return self._bridge.run(self._of.disable(name, namespace=namespace, timeout_ms=timeout_ms))

    def enable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> DefinitionInfo:
        """Let it start again. Its schedule goes on with its next time, its trigger where it was.

        Raises `NotFoundError` where there is no such workflow.
        """
        return self._bridge.run(self._of.enable(name, namespace=namespace, timeout_ms=timeout_ms))

    def status(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkflowRun:
        """The run as it stands.

        Raises `NotFoundError` where there is none.
        """
        return self._bridge.run(self._of.status(run_id, namespace=namespace, timeout_ms=timeout_ms))

    def wait(
        self,
        run_id: str,
        *,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> WorkflowRun:
        """The run once it has ended, or as it stands when the time is up.

        `block_ms`: how long to wait, 30,000 unless given, 300,000 at most. It is one long poll,
        which a lost connection takes up again for the time that is left.

        Raises `NotFoundError` where there is no such run.
        """
        return self._bridge.run(
            self._of.wait(run_id, block_ms=block_ms, namespace=namespace, timeout_ms=timeout_ms)
        )

    def history(
        self,
        run_id: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[HistoryEvent]:
        """A page of what has happened to the run, oldest first.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `NotFoundError` where there is no such run, `BadRequestError` on a cursor of another
        listing.
        """
        return self._bridge.run(
            self._of.history(
                run_id, limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def follow(
        self, run_id: str, *, after: int = 0, namespace: str | None = None
    ) -> HistoryFollower:
        """Every event of the run as it happens, to the run's end, over lost connections too.

        `after`: begin after the event of this sequence; 0, the default, begins with the first. No
        event is missed or doubled.

        A step raises `NotFoundError` where there is no such run, and what the connection raises
        until it has begun.
        """
        return HistoryFollower(
            self._bridge, lambda: self._of.follow(run_id, after=after, namespace=namespace)
        )

    def list_runs(
        self,
        *,
        workflow_name: str | None = None,
        name: str | None = None,
        status: WorkflowStatuses = None,
        search: Mapping[str, SearchTerm] | None = None,
        started_after_ms: int | None = None,
        started_before_ms: int | None = None,
        ended_after_ms: int | None = None,
        ended_before_ms: int | None = None,
        order: RunOrder | str = RunOrder.NEWEST,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[WorkflowRun]:
        """A page of runs, newest first unless `order` says otherwise.

        `workflow_name` (or `name`): of this workflow; by default of all. `status`: in this one, or
        in one of several; by default in any. `search`: whose search attributes have exactly these
        values, 32 at most; one of them may have a range instead, `{"amount": {"gte": 100, "lt":
        500}}` of `gt`, `gte`, `lt`, `lte`; by default whatever they are. `started_after_ms`,
        `started_before_ms`, `ended_after_ms`, `ended_before_ms`: from this time on, and before this
        one, Unix epoch; by default at any time. `order`: `"newest"`, the default, or `"oldest"`
        first, by when they were started; by when they ended, where the filter says that; by value
        (the highest first, or the lowest), where there is a range. `limit`: 1 to 1,000, 100 unless
        given. `cursor`: that of the page before; without one it begins at the first. At most 1,000
        runs are looked at: a page may hold fewer than `limit`, or none, while `has_more`.

        Raises `BadRequestError` on a status that there is not, on a value of `search` that is
        neither text, a number nor a range, and on a cursor of another listing; `ConflictError` on a
        range while the runs of an earlier version are still being indexed.
        """
        return self._bridge.run(
            self._of.list_runs(
                workflow_name=workflow_name,
                name=name,
                status=status,
                search=search,
                started_after_ms=started_after_ms,
                started_before_ms=started_before_ms,
                ended_after_ms=ended_after_ms,
                ended_before_ms=ended_before_ms,
                order=order,
                limit=limit,
                cursor=cursor,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def count_runs(
        self,
        workflow_name: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> dict[str, int]:
        """How many runs are kept in each status: a dict from status to number.

        `workflow_name`: of this workflow; by default of all.

        Raises `NotFoundError` where there is no such workflow.
        """
        return self._bridge.run(
            self._of.count_runs(workflow_name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def bulk(
        self,
        operation: WorkflowBulkOperation | str,
        *,
        workflow_name: str | None = None,
        name: str | None = None,
        status: WorkflowStatuses = None,
        search: Mapping[str, SearchTerm] | None = None,
        started_after_ms: int | None = None,
        started_before_ms: int | None = None,
        ended_after_ms: int | None = None,
        ended_before_ms: int | None = None,
        limit: int | None = None,
        dry_run: bool = False,
        reason: str | None = None,
        type: str | None = None,
        data: Any = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> BulkJob:
        """Do something to all runs that match, by a job: a piece of it per tick.

        `operation`: `"cancel"`, `"pause"` and `"signal"` take runs that have not ended, `"resume"`
        paused ones, `"retry"` failed ones, `"delete"` those that have ended.
        `workflow_name` (or `name`), `status`, `search` and the times (`started_after_ms`,
        `started_before_ms`, `ended_after_ms`, `ended_before_ms`): as for `list_runs`;
        without a status all that the operation takes. `limit`: at most so many; by default
        all. `dry_run`: only count; off by default. `reason`: why they are cancelled or
        paused, a text of up to 4 KiB; by default none. `type` and `data`: of a signal, as
        of `signal`. Runs that are started later are left alone. `client.jobs` tells how far
        it is.

        Raises `NotFoundError` where there is no such workflow, `BadRequestError` on a status that
        the operation does not take.
        """
        return self._bridge.run(
            self._of.bulk(
                operation,
                workflow_name=workflow_name,
                name=name,
                status=status,
                search=search,
                started_after_ms=started_after_ms,
                started_before_ms=started_before_ms,
                ended_after_ms=ended_after_ms,
                ended_before_ms=ended_before_ms,
                limit=limit,
                dry_run=dry_run,
                reason=reason,
                type=type,
                data=data,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )
