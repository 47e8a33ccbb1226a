"""The writes of `client.action` that a batch takes, too."""

from __future__ import annotations

from collections.abc import Mapping

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import JsonPayload, as_payload, named
from floruntime.core import defaults
from floruntime.core.action import ActionCancel, ActionInvoke, ActionRun, InvokeResult


class ActionWrites(Part):
    """Asking for runs, and ending them."""

    def invoke(
        self,
        name: str,
        payload: JsonPayload = b"",
        *,
        priority: int = defaults.PRIORITY,
        delay_ms: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        caller_run_id: str | None = None,
        create: bool = False,
        key: str | None = None,
        debounce_key: str | None = None,
        debounce_ms: int | None = None,
        debounce_max_ms: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[InvokeResult]:
        """Ask for one run of an action; its id, and whether it is new.

        `payload`: bytes or text; a dict, list, dataclass or struct is sent as JSON; empty by
        default; at most the server's `value_bytes_max` (1 MiB unless configured). `priority`: 0 to
        65,535, a lower one goes first; 10 unless given. `delay_ms`: how long it is not begun; 0,
        the default, means now, ten years is the longest. `idempotency_key`: a name (1 to 255 bytes)
        that makes one run: the same key and payload answer that run again (`created` is false); by
        default every call makes a run. `labels`: a worker must have them all; up to 64, 4 KiB
        together; none by default. `caller_run_id`: the run on whose behalf this is; by default
        none. `create`: where nobody has registered the action yet, register it with the default
        settings, so that the run waits for a worker that is yet to come; by default it is refused.
        `key`: what the limits per key count the run under, a name; by default what the action's
        `key_path` finds in the payload, if it has one. `debounce_key`: a name; while invocations
        with it keep coming they are one run, which takes the newest payload, key, labels and
        priority and is due `debounce_ms` (at least 1) after the last of them, but at most
        `debounce_max_ms` (by default without end) after the first; `created` is false for all but
        that. Once the run is claimed or has ended, the next one makes a new run. By default nothing
        is debounced.

        Raises `NotFoundError` where the action is not registered, `ConflictError` where it is
        disabled or the key stands for a run with another payload, `BadRequestError` on a value out
        of these limits, and on a `debounce_key` with an `idempotency_key` or a `delay_ms`.
        """
        request = ActionInvoke(
            name,
            as_payload(payload),
            priority,
            delay_ms,
            idempotency_key,
            named("labels", labels),
            caller_run_id,
            create,
            key,
            debounce_key,
            debounce_ms,
            debounce_max_ms,
        )
        return self._call(request, namespace, timeout_ms)

    def cancel(
        self,
        run_id: str,
        *,
        reason: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[ActionRun]:
        """End the run; a handler at work is told.

        `reason`: a text of up to 4 KiB for people; by default none.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it is finished.
        """
        return self._call(ActionCancel(run_id, reason), namespace, timeout_ms)
