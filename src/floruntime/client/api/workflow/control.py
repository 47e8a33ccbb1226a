"""What `client.workflow` does to runs that are there: retry, fork, pause, resume."""

from __future__ import annotations

from typing import Any

from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import text_or_json
from floruntime.client.api.workflow.writes import WorkflowWrites
from floruntime.core.workflow import (
    WorkflowFork,
    WorkflowPause,
    WorkflowResume,
    WorkflowRetry,
    WorkflowRun,
)


class WorkflowControl(WorkflowWrites):
    """Runs that are there."""

    def retry(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkflowRun]:
        """Let a failed run go on from the step that failed.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it did not fail, or
        has compensated anything: then use `start`, or `fork`.
        """
        return self._call(WorkflowRetry(run_id), namespace, timeout_ms)

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
    ) -> Operation[str]:
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
        data = None if input is None else text_or_json("input", input)
        request = WorkflowFork(run_id, from_step, data, version, new_run_id)
        return self._call(request, namespace, timeout_ms)

    def pause(
        self,
        run_id: str,
        reason: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[WorkflowRun]:
        """Begin no step, attempt, poll, item or compensation until `resume`.

        What was invoked goes on, and its end is kept; signals are kept. Durations stand still;
        `until` of a sleep and the actions' own time-outs do not. A paused run counts for `overlap`.
        Pausing what is paused does nothing. `reason`: a text of up to 4 KiB for people; by default
        none.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it has ended or is
        compensating.
        """
        return self._call(WorkflowPause(run_id, reason), namespace, timeout_ms)

    def resume(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkflowRun]:
        """Let a paused run go on with what has come meanwhile. Of one that is not, nothing happens.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it has ended or is
        compensating.
        """
        return self._call(WorkflowResume(run_id), namespace, timeout_ms)
