"""`client.workflow` with the interface of that SDK."""

from __future__ import annotations

from typing import Any

import yaml

from floruntime.client.base import BaseClient
from floruntime.compat.flo.options import (
    WorkflowCancelOptions,
    WorkflowCreateOptions,
    WorkflowDisableOptions,
    WorkflowEnableOptions,
    WorkflowGetDefinitionOptions,
    WorkflowHistoryOptions,
    WorkflowListDefinitionsOptions,
    WorkflowListRunsOptions,
    WorkflowSignalOptions,
    WorkflowStartOptions,
    WorkflowStatusOptions,
    WorkflowSyncOptions,
    keywords,
)
from floruntime.core.errors import BadRequestError
from floruntime.core.types import Page
from floruntime.core.workflow import DefinitionInfo, HistoryEvent, SyncResult, WorkflowRun

_STATUS = ("run_id", "workflow", "version", "status", "current_step", "input", "wait_signal")
_MOMENTS = ("created_at", "started_at", "completed_at")


class WorkflowOperations:
    """Workflows of one client."""

    def __init__(self, client: BaseClient) -> None:
        self._workflow = client.workflow

    async def create(
        self, name: str, yaml: str | bytes, options: WorkflowCreateOptions | None = None
    ) -> None:
        """Store a definition that has this name."""
        told = _name_in(yaml)
        if told != name:
            raise BadRequestError(f"the definition is named {told!r}, not {name!r}")
        await self._workflow.sync(yaml, **keywords(options, WorkflowCreateOptions))

    async def sync(self, yaml: str, options: WorkflowSyncOptions | None = None) -> SyncResult:
        """Store a definition; the same text again changes nothing."""
        return await self._workflow.sync(yaml, **keywords(options, WorkflowSyncOptions))

    async def sync_bytes(
        self, yaml: bytes, options: WorkflowSyncOptions | None = None
    ) -> SyncResult:
        """Store a definition that is given as bytes."""
        return await self._workflow.sync_bytes(yaml, **keywords(options, WorkflowSyncOptions))

    async def sync_dir(
        self, dir_path: str, options: WorkflowSyncOptions | None = None
    ) -> list[SyncResult]:
        """Store every YAML file of a directory in one commit."""
        return await self._workflow.sync_dir(dir_path, **keywords(options, WorkflowSyncOptions))

    async def get_definition(
        self, name: str, options: WorkflowGetDefinitionOptions | None = None
    ) -> str | None:
        """Return the YAML as it was synced, or `None`."""
        given = keywords(options, WorkflowGetDefinitionOptions)
        text = await self._workflow.get_definition(name, **given)
        return None if text is None else text.decode()

    async def start(
        self,
        name: str,
        input_data: str | bytes | None = None,
        options: WorkflowStartOptions | None = None,
    ) -> str:
        """Start a run. Returns its id."""
        return await self._workflow.start(
            name, input_data, **keywords(options, WorkflowStartOptions)
        )

    async def status(
        self, run_id: str, options: WorkflowStatusOptions | None = None
    ) -> dict[str, Any]:
        """Return the run in its current state, without the keys that have no value."""
        run = await self._workflow.status(run_id, **keywords(options, WorkflowStatusOptions))
        told = {name: getattr(run, name) for name in _STATUS}
        told |= {name: getattr(run, f"{name}_ms") for name in _MOMENTS}
        return {name: value for name, value in told.items() if value is not None}

    async def signal(
        self,
        run_id: str,
        signal_name: str,
        data: str | bytes | None = None,
        options: WorkflowSignalOptions | None = None,
    ) -> None:
        """Send a signal to a run."""
        given = keywords(options, WorkflowSignalOptions)
        await self._workflow.signal(run_id, signal_name, data, **given)

    async def cancel(
        self, run_id: str, reason: str | None = None, options: WorkflowCancelOptions | None = None
    ) -> None:
        """End a run."""
        await self._workflow.cancel(run_id, reason, **keywords(options, WorkflowCancelOptions))

    async def history(
        self, run_id: str, options: WorkflowHistoryOptions | None = None
    ) -> Page[HistoryEvent]:
        """List the events of the run, oldest first, one page at a time."""
        return await self._workflow.history(run_id, **keywords(options, WorkflowHistoryOptions))

    async def list_runs(self, options: WorkflowListRunsOptions | None = None) -> Page[WorkflowRun]:
        """List runs, newest first, one page at a time."""
        return await self._workflow.list_runs(**keywords(options, WorkflowListRunsOptions))

    async def list_definitions(
        self, options: WorkflowListDefinitionsOptions | None = None
    ) -> Page[DefinitionInfo]:
        """List the workflows by name, one page at a time."""
        given = keywords(options, WorkflowListDefinitionsOptions)
        return await self._workflow.list_definitions(**given)

    async def disable(self, name: str, options: WorkflowDisableOptions | None = None) -> None:
        """Start no more runs of the workflow."""
        await self._workflow.disable(name, **keywords(options, WorkflowDisableOptions))

    async def enable(self, name: str, options: WorkflowEnableOptions | None = None) -> None:
        """Allow the workflow to start runs again."""
        await self._workflow.enable(name, **keywords(options, WorkflowEnableOptions))


def _name_in(text: str | bytes) -> Any:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadRequestError(f"yaml is none: {error}") from error
    return document.get("name") if isinstance(document, dict) else None
