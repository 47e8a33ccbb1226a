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
    characters; anything else raises `BadRequestError`. Every method takes `namespace` and
    `timeout_ms`, by default the client's own.
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
        """Start a run. Returns its id.

        - `input`: bytes and text must be JSON text; anything else is encoded as JSON. At most the
          server's `value_bytes_max` (1 MiB unless configured); `null` by default.
        - `version`: a version that was synced; by default the current one.
        - `idempotency_key`: a name of 1 to 255 bytes. A second call with the same key and input
          starts no new run; it returns the first run's id again. The definition says whether it
          accepts keys. By default every call starts a run.
        - `run_id`: an id of your own that was never used; by default the server makes one.

        Raises `NotFoundError` if there is no such workflow or version; `ConflictError` if it is
        disabled, if the id is used, or if the key belongs to another input; and `BadRequestError`
        if the input is not JSON, or the definition refuses it.
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
        """Send a signal to a run. One wait for this `type` consumes it; an early signal is kept.

        `data`: bytes and text are sent unchanged, anything else as JSON; empty by default. It
        becomes the output of the step that waits. A run keeps up to 1,000 signals that no step has
        waited for yet.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has ended, and
        `BadRequestError` if it keeps 1,000 signals already.
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
        """End the run and its child workflows. Handlers that work on their actions are notified.

        `reason`: a text of up to 4 KiB for people; none by default.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has ended.
        """
        return self._bridge.run(
            self._of.cancel(run_id, reason, namespace=namespace, timeout_ms=timeout_ms)
        )

    def retry(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkflowRun:
        """Let a failed run continue from the step that failed.

        Raises `NotFoundError` if there is no such run. Raises `ConflictError` if the run did not
        fail, or if it has compensated anything: then use `start` or `fork`.
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
        """Start a new run at a step of another run, with its results. Returns the new run's id.

        The outputs and outcomes of all other steps are copied. Signals, waits and counts are not
        copied. The old run may have any status, and is not changed.

        - `from_step`: a step of the version; it need not have run before.
        - `input`: as for `start`; by default that of the old run.
        - `version`: a version that was synced; by default that of the old run.
        - `new_run_id`: an id that was never used; by default the server makes one.

        Raises `NotFoundError` if there is no such run or version, `BadRequestError` if there is no
        such step, and `ConflictError` if the workflow is disabled, the id is used, or the step
        comes after a step that the old run has compensated.
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
        """Pause a run: no step, attempt, poll, item or compensation begins until `resume`.

        Actions that were already invoked continue, and their results are kept; signals are kept,
        too. Durations stop; the `until` of a sleep and the time-outs of actions do not. A paused
        run still counts for `overlap`. Pausing a paused run changes nothing. `reason`: a text of up
        to 4 KiB for people; none by default.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has ended or is
        compensating.
        """
        return self._bridge.run(
            self._of.pause(run_id, reason, namespace=namespace, timeout_ms=timeout_ms)
        )

    def resume(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkflowRun:
        """Let a paused run continue, with everything that has arrived meanwhile.

        Resuming a run that is not paused changes nothing.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has ended or is
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
        """List the schedules by the name of their workflow, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._bridge.run(
            self._of.schedules(
                limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def pause_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ScheduleInfo:
        """Start no more runs by this schedule. Times that pass are not made up for.

        Raises `NotFoundError` if the workflow has no schedule.
        """
        return self._bridge.run(
            self._of.pause_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def resume_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ScheduleInfo:
        """Let the schedule of workflow `name` continue with its next time.

        Raises `NotFoundError` if the workflow has no schedule.
        """
        return self._bridge.run(
            self._of.resume_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def trigger_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> str:
        """Start one run by the schedule now, with its input, as an extra. Returns the run's id.

        Raises `NotFoundError` if the workflow has no schedule, `ConflictError` if the workflow is
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
        """Store a definition. It costs nothing to call this at every start of an application.

        `yaml`: at most 2 MiB. The answer says `created` for a new name, `updated` for a new
        version, and `unchanged` for the same text.

        `dry_run`: only tell what would be done; off by default. If the version is known with
        another content, the answer of a dry run says `refused`, with the reason in `.refusal` and
        the stored text in `.current`.

        Raises `BadRequestError` with `.problems` if the definition is not valid, and
        `ConflictError` if its version is known with another content.
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
        """Store a definition that is given as bytes; otherwise like `sync`.

        `dry_run`: only tell what would be done; off by default.

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
        """Store the definition in a file; otherwise like `sync`.

        Problems name the file (`.file`). `dry_run`: only tell what would be done; off by default.

        Raises `BadRequestError` and `ConflictError` as `sync` does, and `OSError` if the file
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
        """Store every `*.yaml` and `*.yml` of a directory in one commit: all, or none.

        Files are taken by name; hidden files and subdirectories are left out. Together they are at
        most 2 MiB. Problems name their file (`.file`). `dry_run`: only tell what would be done; off
        by default.

        Raises `BadRequestError` and `ConflictError` as `sync` does, and `OSError` if a file cannot
        be read.
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
        """Store several files in one commit: all, or none. Returns a result for each, in order.

        Together they are at most 2 MiB. `dry_run`: only tell what would be done; off by default.

        Raises `BadRequestError` and `ConflictError` as `sync` does, and `OSError` if a file cannot
        be read.
        """
        return self._bridge.run(
            self._of.sync_files(paths, dry_run=dry_run, namespace=namespace, timeout_ms=timeout_ms)
        )

    def validate(
        self, yaml: Payload, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> list[Problem]:
        """Return the errors and warnings that a `sync` would report. Nothing is stored.

        A warning also says if the definition uses something that the namespace does not have yet.

        Raises `BadRequestError` if the text has more than 2 MiB. Errors in the definition raise
        nothing: they are in the answer.
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
        """List the workflows by name with their current versions, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
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
        """List the kept versions of workflow `name`, the last synced first, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `NotFoundError` if there is no such workflow, `BadRequestError` if the cursor belongs
        to another listing.
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
        """Return the YAML as it was synced; `None` if there is no such workflow or version.

        `version`: a version that was synced; by default the current one.

        Raises `BadRequestError` if a name is invalid.
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
        """Make a version that was synced the current one, such as to go back from a bad version.

        New runs use it, and its schedule and trigger apply. Runs that have begun stay on their
        version. The next sync of a new version makes that version the current one.

        Raises `NotFoundError` if there is no such workflow or version.
        """
        return self._bridge.run(
            self._of.use(name, version, namespace=namespace, timeout_ms=timeout_ms)
        )

    def disable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> DefinitionInfo:
        """Start no more runs, by call, schedule or trigger. The runs that exist continue.

        Raises `NotFoundError` if there is no such workflow.
        """
        return self._bridge.run(self._of.disable(name, namespace=namespace, timeout_ms=timeout_ms))

    def enable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> DefinitionInfo:
        """Allow a disabled workflow to start runs again.

        Its schedule continues with its next time, and its trigger where it stopped.

        Raises `NotFoundError` if there is no such workflow.
        """
        return self._bridge.run(self._of.enable(name, namespace=namespace, timeout_ms=timeout_ms))

    def status(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkflowRun:
        """Return the run in its current state.

        Raises `NotFoundError` if there is no such run.
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
        """Wait up to `block_ms` until the run has ended. Returns the run as it is by then.

        `block_ms`: how long to wait; default 30,000, at most 300,000. This is one long poll. If the
        connection is lost, the poll continues on the next connection for the time that is left.

        Raises `NotFoundError` if there is no such run.
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
        """List the events of the run, oldest first, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `NotFoundError` if there is no such run, `BadRequestError` if the cursor belongs to
        another listing.
        """
        return self._bridge.run(
            self._of.history(
                run_id, limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def follow(
        self, run_id: str, *, after: int = 0, namespace: str | None = None
    ) -> HistoryFollower:
        """Iterate over the run's events as they happen, until the run ends.

        `after`: begin after the event with this sequence number; 0, the default, begins with the
        first event. No event is missed or shown twice, also across lost connections.

        A step raises `NotFoundError` if there is no such run. Until the iteration has begun, a step
        also raises what the connection raises.
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
        """List runs, one page at a time. The newest come first unless `order` says otherwise.

        - `workflow_name` (or `name`): the workflow whose runs are listed; by default all workflows.
        - `status`: one status, or several; by default any.
        - `search`: only runs whose search attributes have exactly these values; at most 32, none by
          default. One attribute may have a range instead, of `gt`, `gte`, `lt` and `lte`:
          `{"amount": {"gte": 100, "lt": 500}}`.
        - `started_after_ms`, `started_before_ms`, `ended_after_ms`, `ended_before_ms`: only runs
          that started or ended at or after the first time, and before the second, in Unix epoch
          milliseconds; by default at any time.
        - `order`: `"newest"`, the default, or `"oldest"` first. Runs are ordered by when they
          started, or by when they ended if the filter has a time of the end. With a range they are
          ordered by value, the highest first, or the lowest.
        - `limit`: 1 to 1,000; default 100.
        - `cursor`: that of the previous page; without it, the first page is returned.

        The server looks at 1,000 runs at most for one page. So a page may hold fewer runs than
        `limit`, or none, and still have `has_more`.

        Raises `BadRequestError` if there is no such status, if a value of `search` is not a text,
        number or range, or if the cursor belongs to another listing. Raises `ConflictError` for a
        range while the runs of an earlier version of Flo are still being indexed.
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
        """Count the kept runs by status: a dict from status to number.

        `workflow_name`: the workflow whose runs are counted; by default all workflows.

        Raises `NotFoundError` if there is no such workflow.
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
        """Apply one operation to all runs that match, in a background job.

        - `operation`: `"cancel"`, `"pause"` and `"signal"` take runs that have not ended,
          `"resume"` paused ones, `"retry"` failed ones, `"delete"` those that have ended.
        - `workflow_name` (or `name`), `status`, `search`, `started_after_ms`, `started_before_ms`,
          `ended_after_ms`, `ended_before_ms`: as for `list_runs`. Without a status, all that the
          operation can take.
        - `limit`: at most so many runs; by default all.
        - `dry_run`: only count; off by default.
        - `reason`: why the runs are cancelled or paused, a text of up to 4 KiB; none by default.
        - `type`, `data`: the signal that is sent, as for `signal`.

        Runs that start after this call are not touched. `client.jobs` shows the progress.

        Raises `NotFoundError` if there is no such workflow, `BadRequestError` if the operation does
        not take that status.
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
