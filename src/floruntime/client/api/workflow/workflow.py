"""`client.workflow`: definitions in YAML, their runs, schedules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from floruntime.client.api.base.caller import first
from floruntime.client.api.base.choices import choice, choices
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.client.api.base.values import Payload, as_bytes, in_order, text_or_json
from floruntime.client.api.workflow.files import (
    DefinitionFile,
    in_file,
    naming_files,
    read_directory,
    read_file,
)
from floruntime.client.api.workflow.filters import (
    SearchTerm,
    WorkflowStatuses,
    one_name,
    search_of,
)
from floruntime.client.api.workflow.follow import HistoryFollower
from floruntime.client.api.workflow.schedules import ScheduledWorkflows
from floruntime.core import defaults
from floruntime.core.action import RunOrder
from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.jobs import BulkJob
from floruntime.core.types import Page
from floruntime.core.workflow import (
    DefinitionInfo,
    DefinitionVersion,
    HistoryEvent,
    Problem,
    SyncResult,
    WorkflowBulk,
    WorkflowBulkOperation,
    WorkflowCountRuns,
    WorkflowEnable,
    WorkflowGet,
    WorkflowGetDefinition,
    WorkflowHistory,
    WorkflowListDefinitions,
    WorkflowListRuns,
    WorkflowListVersions,
    WorkflowRun,
    WorkflowStatus,
    WorkflowSync,
    WorkflowSyncPreview,
    WorkflowUse,
    WorkflowValidate,
)


def _sync_of(documents: list[bytes], dry_run: bool) -> WorkflowSync | WorkflowSyncPreview:
    if not isinstance(dry_run, bool):
        raise BadTypeError(f"dry_run must be true or false, not {type(dry_run).__name__}")
    return WorkflowSyncPreview(documents) if dry_run else WorkflowSync(documents)


class Workflow(ScheduledWorkflows):
    """The workflows of one client.

    The name of a workflow and the id of a run are 1 to 255 bytes of UTF-8 without control
    characters; anything else raises `BadRequestError`. Every method takes `namespace` and
    `timeout_ms`, by default the client's own.
    """

    # Definitions

    def sync(
        self,
        yaml: Payload,
        *,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[SyncResult]:
        """Store a definition. It costs nothing to call this at every start of an application.

        `yaml`: at most 2 MiB. The answer says `created` for a new name, `updated` for a new
        version, and `unchanged` for the same text.

        `dry_run`: only tell what would be done; off by default. If the version is known with
        another content, the answer of a dry run says `refused`, with the reason in `.refusal` and
        the stored text in `.current`.

        Raises `BadRequestError` with `.problems` if the definition is not valid, and
        `ConflictError` if its version is known with another content.
        """
        request = _sync_of([as_bytes(yaml, "yaml")], dry_run)
        return self._call_for(first, request, namespace, timeout_ms)

    def sync_bytes(
        self,
        data: Payload,
        *,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[SyncResult]:
        """Store a definition that is given as bytes; otherwise like `sync`.

        `dry_run`: only tell what would be done; off by default.

        Raises `BadRequestError` and `ConflictError` as `sync` does.
        """
        return self.sync(data, dry_run=dry_run, namespace=namespace, timeout_ms=timeout_ms)

    async def sync_file(
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
        [result] = await self.sync_files(
            [path], dry_run=dry_run, namespace=namespace, timeout_ms=timeout_ms
        )
        return result

    async def sync_dir(
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
        files = await asyncio.to_thread(read_directory, path)
        return await self._sync_files(files, dry_run, namespace, timeout_ms)

    async def sync_files(
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
        named_files = in_order("paths", paths)
        files = await asyncio.to_thread(lambda: [read_file(path) for path in named_files])
        return await self._sync_files(files, dry_run, namespace, timeout_ms)

    async def _sync_files(
        self,
        files: list[DefinitionFile],
        dry_run: bool,
        namespace: str | None,
        timeout_ms: int | None,
    ) -> list[SyncResult]:
        if not files:
            return []
        names = [file.name for file in files]
        request = _sync_of([file.data for file in files], dry_run)
        try:
            results = await self._call(request, namespace, timeout_ms)
        except BadRequestError as error:
            raise naming_files(error, names) from None
        return [in_file(result, name) for result, name in zip(results, names, strict=True)]

    def validate(
        self, yaml: Payload, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[list[Problem]]:
        """Return the errors and warnings that a `sync` would report. Nothing is stored.

        A warning also says if the definition uses something that the namespace does not have yet.

        Raises `BadRequestError` if the text has more than 2 MiB. Errors in the definition raise
        nothing: they are in the answer.
        """
        return self._call(WorkflowValidate(as_bytes(yaml, "yaml")), namespace, timeout_ms)

    def list_definitions(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[DefinitionInfo]]:
        """List the workflows by name with their current versions, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        request = WorkflowListDefinitions(limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)

    def list_versions(
        self,
        name: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[DefinitionVersion]]:
        """List the kept versions of workflow `name`, the last synced first, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `NotFoundError` if there is no such workflow, `BadRequestError` if the cursor belongs
        to another listing.
        """
        request = WorkflowListVersions(name, limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)

    def get_definition(
        self,
        name: str,
        *,
        version: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bytes | None]:
        """Return the YAML as it was synced; `None` if there is no such workflow or version.

        `version`: a version that was synced; by default the current one.

        Raises `BadRequestError` if a name is invalid.
        """
        return self._call(WorkflowGetDefinition(name, version), namespace, timeout_ms)

    def use(
        self,
        name: str,
        version: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[DefinitionInfo]:
        """Make a version that was synced the current one, such as to go back from a bad version.

        New runs use it, and its schedule and trigger apply. Runs that have begun stay on their
        version. The next sync of a new version makes that version the current one.

        Raises `NotFoundError` if there is no such workflow or version.
        """
        return self._call(WorkflowUse(name, version), namespace, timeout_ms)

    def disable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[DefinitionInfo]:
        """Start no more runs, by call, schedule or trigger. The runs that exist continue.

        Raises `NotFoundError` if there is no such workflow.
        """
        return self._call(WorkflowEnable(name, False), namespace, timeout_ms)

    def enable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[DefinitionInfo]:
        """Allow a disabled workflow to start runs again.

        Its schedule continues with its next time, and its trigger where it stopped.

        Raises `NotFoundError` if there is no such workflow.
        """
        return self._call(WorkflowEnable(name, True), namespace, timeout_ms)

    # Runs

    def status(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkflowRun]:
        """Return the run in its current state.

        Raises `NotFoundError` if there is no such run.
        """
        return self._call(WorkflowGet(run_id), namespace, timeout_ms)

    def wait(
        self,
        run_id: str,
        *,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[WorkflowRun]:
        """Wait up to `block_ms` until the run has ended. Returns the run as it is by then.

        `block_ms`: how long to wait; default 30,000, at most 300,000. This is one long poll. If the
        connection is lost, the poll continues on the next connection for the time that is left.

        Raises `NotFoundError` if there is no such run.
        """
        return self._call(WorkflowGet(run_id, block_ms), namespace, timeout_ms, block_ms)

    def history(
        self,
        run_id: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[HistoryEvent]]:
        """List the events of the run, oldest first, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `NotFoundError` if there is no such run, `BadRequestError` if the cursor belongs to
        another listing.
        """
        request = WorkflowHistory(run_id, limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)

    def follow(
        self, run_id: str, *, after: int = 0, namespace: str | None = None
    ) -> HistoryFollower:
        """Iterate over the run's events as they happen, until the run ends.

        `after`: begin after the event with this sequence number; 0, the default, begins with the
        first event. No event is missed or shown twice, also across lost connections.

        A step raises `NotFoundError` if there is no such run. Until the iteration has begun, a step
        also raises what the connection raises.
        """
        return HistoryFollower(self._caller, run_id, after, namespace)

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
    ) -> Operation[Page[WorkflowRun]]:
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
        one, those = choices("status", status, WorkflowStatus)
        exact, search_range = search_of(search)
        request = WorkflowListRuns(
            one_name(workflow_name, name),
            one,
            exact,
            limit,
            cursor,
            those,
            started_after_ms,
            started_before_ms,
            ended_after_ms,
            ended_before_ms,
            choice("order", order, RunOrder),
            search_range,
        )
        return self._call_for(as_page, request, namespace, timeout_ms)

    def count_runs(
        self,
        workflow_name: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[dict[str, int]]:
        """Count the kept runs by status: a dict from status to number.

        `workflow_name`: the workflow whose runs are counted; by default all workflows.

        Raises `NotFoundError` if there is no such workflow.
        """
        return self._call(WorkflowCountRuns(workflow_name), namespace, timeout_ms)

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
    ) -> Operation[BulkJob]:
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
        one, those = choices("status", status, WorkflowStatus)
        exact, search_range = search_of(search)
        request = WorkflowBulk(
            choice("operation", operation, WorkflowBulkOperation),
            one_name(workflow_name, name),
            those if one is None else [one],
            exact,
            started_after_ms,
            started_before_ms,
            ended_after_ms,
            ended_before_ms,
            limit,
            dry_run,
            reason,
            type,
            b"" if data is None else text_or_json("data", data),
            search_range,
        )
        return self._call(request, namespace, timeout_ms)
