"""The writes of `client.workflow` that a batch takes, too."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import text_or_json
from floruntime.core.workflow import (
    WorkflowCancel,
    WorkflowRun,
    WorkflowSignal,
    WorkflowStart,
)


class WorkflowWrites(Part):
    """Starting runs, signalling them and cancelling them."""

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
    ) -> Operation[str]:
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
        request = WorkflowStart(
            name, text_or_json("input", input), version, idempotency_key, run_id
        )
        return self._call_for(attrgetter("run_id"), request, namespace, timeout_ms)

    def signal(
        self,
        run_id: str,
        type: str,
        data: Any = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[None]:
        """Send a signal to a run. One wait for this `type` consumes it; an early signal is kept.

        `data`: bytes and text are sent unchanged, anything else as JSON; empty by default. It
        becomes the output of the step that waits. A run keeps up to 1,000 signals that no step has
        waited for yet.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has ended, and
        `BadRequestError` if it keeps 1,000 signals already.
        """
        request = WorkflowSignal(run_id, type, b"" if data is None else text_or_json("data", data))
        return self._call(request, namespace, timeout_ms)

    def cancel(
        self,
        run_id: str,
        reason: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[WorkflowRun]:
        """End the run and its child workflows. Handlers that work on their actions are notified.

        `reason`: a text of up to 4 KiB for people; none by default.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has ended.
        """
        return self._call(WorkflowCancel(run_id, reason), namespace, timeout_ms)
