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
    characters; another one is a `BadRequestError`. Every method takes `namespace` and `timeout_ms`,
    by default the client's own.
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
        """Take a definition over; done on every start of an application it costs nothing.

        `yaml`: at most 2 MiB. A new name is `created`, a new version `updated`, the same text
        `unchanged`. `dry_run`: only tell what would be done; then a version that is known with
        another content is `refused` in the answer (`.refusal`, and `.current`, the text that is
        there).

        Raises `BadRequestError` with `.problems` where it is not valid, and `ConflictError` where
        its version is known with another content.
        """
        request = _sync_of([as_bytes(yaml)], dry_run)
        return self._call_for(first, request, namespace, timeout_ms)

    def sync_bytes(
        self,
        data: Payload,
        *,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[SyncResult]:
        """`sync`, of bytes. `dry_run`: only tell what would be done.

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
        """`sync`, of a file. Its problems name it (`.file`). `dry_run`: only tell what would be
        done.

        Raises `BadRequestError` and `ConflictError` as `sync` does, and `OSError` where the file
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
        """`sync` of every `*.yaml` and `*.yml` in a directory, in one commit: all, or none.

        By name; hidden files and subdirectories are left out. They are at most 2 MiB together.
        Problems name their file (`.file`). `dry_run`: only tell what would be done.

        Raises `BadRequestError` and `ConflictError` as `sync` does, and `OSError` where a file
        cannot be read.
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
        """`sync` of several files in one commit: all, or none; a result for each, in order.

        They are at most 2 MiB together. `dry_run`: only tell what would be done.

        Raises `BadRequestError` and `ConflictError` as `sync` does, and `OSError` where a file
        cannot be read.
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
        """What a `sync` would complain about, errors and warnings; nothing is taken over.

        Warnings are also about what the definition runs and the namespace does not have yet.

        Raises `BadRequestError` on a text of more than 2 MiB; what is wrong with the definition is
        no error, it is in the answer.
        """
        return self._call(WorkflowValidate(as_bytes(yaml)), namespace, timeout_ms)

    def list_definitions(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[DefinitionInfo]]:
        """A page of the workflows, each with its current version, by name.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
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
        """A page of the versions of workflow `name` that are kept, the last synced first.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `NotFoundError` where there is no such workflow, `BadRequestError` on a cursor of
        another listing.
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
        """The YAML as it was synced; `None` where there is no such workflow or version.

        `version`: one that was synced; by default the current one.

        Raises `BadRequestError` on a name that cannot be.
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
        """Make a version that was synced the current one: the way back from a bad one.

        New runs are of it, and its schedule and trigger hold; runs that are under way stay on the
        version that they began with. A sync of a new version makes that the current one.

        Raises `NotFoundError` where there is no such workflow or version.
        """
        return self._call(WorkflowUse(name, version), namespace, timeout_ms)

    def disable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[DefinitionInfo]:
        """Start no more runs: no call, no schedule, no trigger does. Those that are there go on.

        Raises `NotFoundError` where there is no such workflow.
        """
        return self._call(WorkflowEnable(name, False), namespace, timeout_ms)

    def enable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[DefinitionInfo]:
        """Let it start again. Its schedule goes on with its next time, its trigger where it was.

        Raises `NotFoundError` where there is no such workflow.
        """
        return self._call(WorkflowEnable(name, True), namespace, timeout_ms)

    # Runs

    def status(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkflowRun]:
        """The run as it stands.

        Raises `NotFoundError` where there is none.
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
        """The run once it has ended, or as it stands when the time is up.

        `block_ms`: how long to wait, 30,000 unless given, 300,000 at most. It is one long poll,
        which a lost connection takes up again for the time that is left.

        Raises `NotFoundError` where there is no such run.
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
        """A page of what has happened to the run, oldest first.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `NotFoundError` where there is no such run, `BadRequestError` on a cursor of another
        listing.
        """
        request = WorkflowHistory(run_id, limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)

    def follow(
        self, run_id: str, *, after: int = 0, namespace: str | None = None
    ) -> HistoryFollower:
        """Every event of the run as it happens, to the run's end, over lost connections too.

        `after`: begin after the event of this sequence; 0, the default, begins with the first. No
        event is missed or doubled.

        A step raises `NotFoundError` where there is no such run, and what the connection raises
        until it has begun.
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
        """How many runs are kept in each status: a dict from status to number.

        `workflow_name`: of this workflow; by default of all.

        Raises `NotFoundError` where there is no such workflow.
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
