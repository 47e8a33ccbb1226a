"""`client.workflow`: definitions in YAML, their runs, schedules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from floruntime.client.api.caller import Caller, as_bytes
from floruntime.client.api.workflow_commands import (
    SearchValue,
    WorkflowCommands,
    search_of,
    status_of,
)
from floruntime.client.api.workflow_files import (
    DefinitionFile,
    in_file,
    naming_files,
    read_directory,
    read_file,
)
from floruntime.client.api.workflow_follow import HistoryFollower
from floruntime.core.errors import BadRequestError
from floruntime.core.types import Page
from floruntime.core.workflow import (
    DefinitionInfo,
    HistoryEvent,
    Problem,
    ScheduleInfo,
    SyncResult,
    WorkflowEnable,
    WorkflowGet,
    WorkflowGetDefinition,
    WorkflowHistory,
    WorkflowListDefinitions,
    WorkflowListRuns,
    WorkflowPauseSchedule,
    WorkflowRetry,
    WorkflowRun,
    WorkflowSchedules,
    WorkflowStatus,
    WorkflowSync,
    WorkflowTriggerSchedule,
    WorkflowValidate,
)

Text = bytes | bytearray | memoryview | str


class Workflow:
    """The workflows of one client. Every method takes `namespace`, by default the client's own."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.commands = WorkflowCommands()

    # Definitions

    async def sync(self, yaml: Text, *, namespace: str | None = None) -> SyncResult:
        """Take a definition over; done on every start of an application it costs nothing.

        A new name is `created`, a new version `updated`, the same text `unchanged`. Raises
        `BadRequestError` with `.problems` where it is not valid, and `ConflictError` where its
        version is known with another content.
        """
        [result] = await self._sync([as_bytes(yaml)], namespace)
        return result

    async def sync_bytes(self, data: Text, *, namespace: str | None = None) -> SyncResult:
        """`sync`, of bytes."""
        return await self.sync(data, namespace=namespace)

    async def sync_file(
        self, path: str | PathLike[str], *, namespace: str | None = None
    ) -> SyncResult:
        """`sync`, of a file. Its problems name it (`.file`)."""
        [result] = await self.sync_files([path], namespace=namespace)
        return result

    async def sync_dir(
        self, path: str | PathLike[str], *, namespace: str | None = None
    ) -> list[SyncResult]:
        """`sync` of every `*.yaml` and `*.yml` in a directory, in one commit: all, or none.

        By name; hidden files and subdirectories are left out. Problems name their file (`.file`).
        """
        return await self._sync_files(await asyncio.to_thread(read_directory, path), namespace)

    async def sync_files(
        self, paths: Sequence[str | PathLike[str]], *, namespace: str | None = None
    ) -> list[SyncResult]:
        """`sync` of several files in one commit: all, or none; a result for each, in order."""
        files = await asyncio.to_thread(lambda: [read_file(path) for path in paths])
        return await self._sync_files(files, namespace)

    async def _sync_files(
        self, files: list[DefinitionFile], namespace: str | None
    ) -> list[SyncResult]:
        if not files:
            return []
        names = [file.name for file in files]
        try:
            results = await self._sync([file.data for file in files], namespace)
        except BadRequestError as error:
            raise naming_files(error, names) from None
        return [in_file(result, name) for result, name in zip(results, names, strict=True)]

    async def _sync(self, documents: list[bytes], namespace: str | None) -> list[SyncResult]:
        return await self._caller.call(WorkflowSync(documents), namespace=namespace)

    async def validate(self, yaml: Text, *, namespace: str | None = None) -> list[Problem]:
        """What a `sync` would complain about, errors and warnings; nothing is taken over.

        Warnings are also about what the definition runs and the namespace does not have yet.
        """
        return await self._caller.call(WorkflowValidate(as_bytes(yaml)), namespace=namespace)

    async def list_definitions(
        self, *, limit: int = 100, cursor: str | None = None, namespace: str | None = None
    ) -> Page[DefinitionInfo]:
        """The workflows, each with its current version, by name."""
        request = WorkflowListDefinitions(limit, cursor)
        reply = await self._caller.call(request, namespace=namespace)
        return Page(reply.items, reply.cursor)

    async def get_definition(
        self, name: str, *, version: str | None = None, namespace: str | None = None
    ) -> bytes | None:
        """The YAML as it was synced, of the current version unless told; `None`: there is none."""
        return await self._caller.call(WorkflowGetDefinition(name, version), namespace=namespace)

    async def disable(self, name: str, *, namespace: str | None = None) -> DefinitionInfo:
        """Start no more runs: no call, no schedule, no trigger does. Those that are there go on."""
        return await self._caller.call(WorkflowEnable(name, False), namespace=namespace)

    async def enable(self, name: str, *, namespace: str | None = None) -> DefinitionInfo:
        """Let it start again. Its schedule goes on with its next time, its trigger where it was."""
        return await self._caller.call(WorkflowEnable(name, True), namespace=namespace)

    # Runs

    async def start(
        self,
        name: str,
        input: Any = None,
        *,
        version: str | None = None,
        idempotency_key: str | None = None,
        run_id: str | None = None,
        namespace: str | None = None,
    ) -> str:
        """Start a run; its id.

        `input`: bytes and text are JSON text, anything else is encoded as JSON. `version`: another
        than the current one. `idempotency_key` makes one run: the same key and input answer that
        run's id again, another input is a conflict; the definition says whether keys are taken.
        `run_id`: an id of one's own, which must not have been used. `NotFoundError` where there is
        no such workflow or version, `ConflictError` where it is disabled.
        """
        command = self.commands.start(
            name, input, version=version, idempotency_key=idempotency_key, run_id=run_id
        )
        started = await self._caller.call(command, namespace=namespace)
        return started.run_id

    async def status(self, run_id: str, *, namespace: str | None = None) -> WorkflowRun:
        """The run as it stands. `NotFoundError` where there is none."""
        return await self._caller.call(WorkflowGet(run_id), namespace=namespace)

    async def wait(
        self, run_id: str, *, block_ms: int = 30_000, namespace: str | None = None
    ) -> WorkflowRun:
        """The run once it has ended, or as it stands after `block_ms`.

        One long poll, which a lost connection takes up again for the time that is left.
        """
        request = WorkflowGet(run_id, block_ms)
        return await self._caller.call(request, namespace=namespace, block_ms=block_ms)

    async def signal(
        self, run_id: str, type: str, data: Any = None, *, namespace: str | None = None
    ) -> None:
        """Deliver a signal, which one wait for this `type` consumes; an early one is kept for it.

        `data`: bytes and text as they are, anything else as JSON; it is the output of the wait's
        step. `NotFoundError` where there is no such run, `ConflictError` where it has ended.
        """
        command = self.commands.signal(run_id, type, data)
        await self._caller.call(command, namespace=namespace)

    async def cancel(
        self, run_id: str, reason: str | None = None, *, namespace: str | None = None
    ) -> WorkflowRun:
        """End the run, its children too; an action at work is told. `ConflictError` if it ended."""
        command = self.commands.cancel(run_id, reason)
        return await self._caller.call(command, namespace=namespace)

    async def retry(self, run_id: str, *, namespace: str | None = None) -> WorkflowRun:
        """Let a failed run go on from the step that failed. `ConflictError` if it did not fail."""
        return await self._caller.call(WorkflowRetry(run_id), namespace=namespace)

    async def history(
        self,
        run_id: str,
        *,
        limit: int = 100,
        cursor: str | None = None,
        namespace: str | None = None,
    ) -> Page[HistoryEvent]:
        """What has happened to the run, oldest first."""
        request = WorkflowHistory(run_id, limit, cursor)
        reply = await self._caller.call(request, namespace=namespace)
        return Page(reply.items, reply.cursor)

    def follow(
        self, run_id: str, *, after: int = 0, namespace: str | None = None
    ) -> HistoryFollower:
        """Every event of the run as it happens, from the one after `after` to the run's end.

        Goes on over lost connections, without an event missed or doubled.
        """
        return HistoryFollower(self._caller, run_id, after, namespace)

    async def list_runs(
        self,
        *,
        workflow_name: str | None = None,
        status: WorkflowStatus | str | None = None,
        search: Mapping[str, SearchValue] | None = None,
        limit: int = 100,
        cursor: str | None = None,
        namespace: str | None = None,
    ) -> Page[WorkflowRun]:
        """Runs, newest first: of one workflow or of all, in one status or in any.

        `search`: only runs whose search attributes have exactly these values.
        """
        request = WorkflowListRuns(
            workflow_name, status_of(status), search_of(search), limit, cursor
        )
        reply = await self._caller.call(request, namespace=namespace)
        return Page(reply.items, reply.cursor)

    # Schedules

    async def schedules(
        self, *, limit: int = 100, cursor: str | None = None, namespace: str | None = None
    ) -> Page[ScheduleInfo]:
        """The schedules, by the name of their workflow."""
        request = WorkflowSchedules(limit, cursor)
        reply = await self._caller.call(request, namespace=namespace)
        return Page(reply.items, reply.cursor)

    async def pause_schedule(self, name: str, *, namespace: str | None = None) -> ScheduleInfo:
        """Let the schedule of workflow `name` start no runs; times that pass are not made up for.

        `NotFoundError` where it has no schedule.
        """
        return await self._caller.call(WorkflowPauseSchedule(name, True), namespace=namespace)

    async def resume_schedule(self, name: str, *, namespace: str | None = None) -> ScheduleInfo:
        """Let it go on with its next time."""
        return await self._caller.call(WorkflowPauseSchedule(name, False), namespace=namespace)

    async def trigger_schedule(self, name: str, *, namespace: str | None = None) -> str:
        """Start one of the schedule's runs now, with its input, beside its times; the run's id."""
        return await self._caller.call(WorkflowTriggerSchedule(name), namespace=namespace)
