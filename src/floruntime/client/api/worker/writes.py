"""The writes of `client.worker` that a batch takes, too."""

from __future__ import annotations

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import JsonPayload, as_payload
from floruntime.core import defaults
from floruntime.core.errors import BadTypeError
from floruntime.core.worker import Task, WorkerComplete, WorkerFail


class WorkerWrites(Part):
    """Ending claimed runs."""

    def complete(
        self,
        worker_id: str,
        task: Task,
        output: JsonPayload = b"",
        *,
        outcome: str = defaults.OUTCOME,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[None]:
        """Complete the run.

        - `output`: bytes or text; a dict, list, dataclass or struct is sent as JSON. At most the
          server's `value_bytes_max` (1 MiB unless configured); empty by default.
        - `outcome`: how the run ended, as workflows see it; default `"success"`. It is a letter or
          `_`, followed by letters, digits, `_` and `-`.

        Raises `ConflictError` if the lease is no longer this worker's, `BadRequestError` if the
        output or the outcome is invalid.
        """
        request = WorkerComplete(worker_id, *claim_of(task), as_payload(output), outcome)
        return self._call(request, namespace, timeout_ms)

    def fail(
        self,
        worker_id: str,
        task: Task,
        error: str,
        *,
        retry: bool = True,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[None]:
        """Report that this attempt failed.

        `error`: a text of up to 4 KiB. `retry`: whether another attempt may follow; on by default.
        If it is off, the run has failed.

        Raises `ConflictError` if the lease is no longer this worker's.
        """
        if not isinstance(error, str):
            raise BadTypeError(f"error must be a text, not {type(error).__name__}")
        return self._call(
            WorkerFail(worker_id, *claim_of(task), error, retry), namespace, timeout_ms
        )


def claim_of(task: Task) -> tuple[str, int]:
    """Return the run and the lease of a task. Raises `BadTypeError` for anything but a task."""
    if not isinstance(task, Task):
        raise BadTypeError(f"task must be a Task as it was claimed, not {type(task).__name__}")
    return task.run_id, task.lease
