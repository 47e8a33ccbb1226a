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
    """Starting runs, and what they are told."""

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
        """Deliver a signal, which one wait for this `type` consumes; an early one is kept for it.

        `data`: bytes and text as they are, anything else as JSON; empty by default. It is the
        output of the wait's step. A run keeps up to 1,000 signals that nothing has waited for.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it has ended,
        `BadRequestError` where it keeps 1,000 already.
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
        """End the run, its children too; an action at work is told.

        `reason`: a text of up to 4 KiB for people; by default none.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it has ended.
        """
        return self._call(WorkflowCancel(run_id, reason), namespace, timeout_ms)
