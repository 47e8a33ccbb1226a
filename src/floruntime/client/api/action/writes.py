"""The writes of `client.action` that a batch takes, too."""

from __future__ import annotations

from collections.abc import Mapping

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.values import JsonPayload, as_payload, named
from floruntime.core import defaults
from floruntime.core.action import ActionCancel, ActionInvoke, ActionRun, InvokeResult


class ActionWrites(Part):
    """The methods that request runs and end them."""

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
        """Request one run of an action. Returns its id, and whether the run is new.

        - `payload`: bytes or text; a dict, list, dataclass or struct is sent as JSON. At most the
          server's `value_bytes_max` (1 MiB unless configured); empty by default.
        - `priority`: 0 to 65,535; default 10. A lower number is started first.
        - `delay_ms`: the earliest start, in milliseconds from now; 0, the default, means now. At
          most ten years.
        - `idempotency_key`: a name of 1 to 255 bytes. A second call with the same key and payload
          makes no new run; it returns the first one again, with `created` false. By default every
          call makes a run.
        - `labels`: only a worker that has all of these labels gets the run. Up to 64, together 4
          KiB; none by default.
        - `caller_run_id`: the run on whose behalf this one is requested; none by default.
        - `create`: if the action is not registered, register it with the default settings, so that
          the run waits for a worker. By default the call is refused.
        - `key`: the name under which limits per key count the run. By default it is what the
          action's `key_path` finds in the payload, if the action has one.
        - `debounce_key`: a name. Invocations with the same key that follow each other closely
          become one run. That run takes the newest payload, key, labels and priority; `created` is
          true for the first call only. Once the run is claimed or has ended, the next call makes a
          new run. By default nothing is debounced.
        - `debounce_ms`: with `debounce_key`, the run is due this long after the last invocation; at
          least 1.
        - `debounce_max_ms`: with `debounce_key`, the run is due no later than this after the first
          invocation; by default there is no such limit.

        Raises `NotFoundError` if the action is not registered, `ConflictError` if it is disabled or
        if the idempotency key belongs to a run with another payload, and `BadRequestError` if a
        value is out of its limits, or if `debounce_key` is given together with `idempotency_key` or
        `delay_ms`.
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
        """End the run. A handler that works on it is notified.

        `reason`: a text of up to 4 KiB for people; none by default.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it is finished.
        """
        return self._call(ActionCancel(run_id, reason), namespace, timeout_ms)
