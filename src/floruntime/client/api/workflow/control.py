"""The calls of `client.workflow` that change existing runs: retry, fork, pause, resume."""

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
    """Calls that change existing runs."""

    def retry(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkflowRun]:
        """Let a failed run continue from the step that failed.

        Raises `NotFoundError` if there is no such run. Raises `ConflictError` if the run did not
        fail, or if it has compensated anything: then use `start` or `fork`.
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
        """Pause a run: no step, attempt, poll, item or compensation begins until `resume`.

        Actions that were already invoked continue, and their results are kept; signals are kept,
        too. Durations stop; the `until` of a sleep and the time-outs of actions do not. A paused
        run still counts for `overlap`. Pausing a paused run changes nothing. `reason`: a text of up
        to 4 KiB for people; none by default.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has ended or is
        compensating.
        """
        return self._call(WorkflowPause(run_id, reason), namespace, timeout_ms)

    def resume(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkflowRun]:
        """Let a paused run continue, with everything that has arrived meanwhile.

        Resuming a run that is not paused changes nothing.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has ended or is
        compensating.
        """
        return self._call(WorkflowResume(run_id), namespace, timeout_ms)
