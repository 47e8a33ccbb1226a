"""`Action`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping

from floruntime.client.api.action import Action as AsyncAction
from floruntime.client.api.values import JsonPayload
from floruntime.core import defaults
from floruntime.core.action import ActionInfo, ActionRun, ActionType, InvokeResult, RunStatus
from floruntime.core.types import Page
from floruntime.sync.standing import PartOf


class Action(PartOf[AsyncAction]):
    """The actions of one client.

    The name of an action is 1 to 255 bytes of UTF-8 without control characters; another one is a
    `BadRequestError`. Every method takes `namespace` and (but for `register`, whose `timeout_ms` is
    the action's) `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncAction:
        return self._bridge.client.action

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
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> InvokeResult:
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

        Raises `NotFoundError` where the action is not registered, `ConflictError` where it is
        disabled or the key stands for a run with another payload, `BadRequestError` on a value out
        of these limits.
        """
        return self._bridge.run(
            self._of.invoke(
                name,
                payload,
                priority=priority,
                delay_ms=delay_ms,
                idempotency_key=idempotency_key,
                labels=labels,
                caller_run_id=caller_run_id,
                create=create,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def cancel(
        self,
        run_id: str,
        *,
        reason: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ActionRun:
        """End the run; a handler at work is told.

        `reason`: a text of up to 4 KiB for people; by default none.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it is finished.
        """
        return self._bridge.run(
            self._of.cancel(run_id, reason=reason, namespace=namespace, timeout_ms=timeout_ms)
        )

    def register(
        self,
        name: str,
        type: ActionType | str = ActionType.USER,
        *,
        timeout_ms: int = defaults.ATTEMPT_TIMEOUT_MS,
        max_retries: int = defaults.MAX_RETRIES,
        retry_delay_ms: int = defaults.RUN_RETRY_DELAY_MS,
        run_timeout_ms: int | None = None,
        description: str | None = None,
        retention_ms: int = defaults.RUN_RETENTION_MS,
        namespace: str | None = None,
    ) -> ActionInfo:
        """Name an action and say how it is run; other settings than before raise its version.

        It is told whole: what is left out has its default, whatever it was before. `type`:
        `"user"`, the default. `timeout_ms`: the lease of one attempt, 30,000 unless given.
        `max_retries`: attempts after the first, 3 unless given, 1,000,000 at most.
        `retry_delay_ms`: the wait before the second attempt, which grows from attempt to attempt up
        to an hour; 1,000 unless given. `run_timeout_ms`: bounds the whole run, attempts and waits
        included; by default nothing does. `description`: a text of up to 4 KiB for people; by
        default none. `retention_ms`: how long runs are kept after they ended, at least a day; 30
        days unless given. Durations are up to ten years.

        Raises `BadRequestError` on a setting out of its limits, `ConflictError` where the action is
        just being deleted.
        """
        return self._bridge.run(
            self._of.register(
                name,
                type,
                timeout_ms=timeout_ms,
                max_retries=max_retries,
                retry_delay_ms=retry_delay_ms,
                run_timeout_ms=run_timeout_ms,
                description=description,
                retention_ms=retention_ms,
                namespace=namespace,
            )
        )

    def status(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionRun:
        """The run as it stands.

        Raises `NotFoundError` where there is none.
        """
        return self._bridge.run(self._of.status(run_id, namespace=namespace, timeout_ms=timeout_ms))

    def wait(
        self,
        run_id: str,
        *,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ActionRun:
        """The run once it is finished, or as it stands when the time is up.

        `block_ms`: how long to wait, 30,000 unless given, 300,000 at most. It is one long poll,
        which a lost connection takes up again for the time that is left.

        Raises `NotFoundError` where there is no such run.
        """
        return self._bridge.run(
            self._of.wait(run_id, block_ms=block_ms, namespace=namespace, timeout_ms=timeout_ms)
        )

    def call(
        self,
        name: str,
        payload: JsonPayload = b"",
        *,
        block_ms: int = defaults.BLOCK_MS,
        priority: int = defaults.PRIORITY,
        delay_ms: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        caller_run_id: str | None = None,
        create: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ActionRun:
        """`invoke`, then `wait`: the run once it is finished, or as it stands when the time is up.

        It goes on if the time is up first. `block_ms`: how long to wait, 30,000 unless given,
        300,000 at most. `payload`, `priority`, `delay_ms`, `idempotency_key`, `labels`,
        `caller_run_id`, `create`: as for `invoke`, and with its defaults.

        Raises `NotFoundError`, `ConflictError` and `BadRequestError` as `invoke` does. A run that
        failed is no error here: look at its `status`.
        """
        return self._bridge.run(
            self._of.call(
                name,
                payload,
                block_ms=block_ms,
                priority=priority,
                delay_ms=delay_ms,
                idempotency_key=idempotency_key,
                labels=labels,
                caller_run_id=caller_run_id,
                create=create,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def get(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionInfo:
        """The action's settings.

        Raises `NotFoundError` where there is none.
        """
        return self._bridge.run(self._of.get(name, namespace=namespace, timeout_ms=timeout_ms))

    def delete(
        self,
        name: str,
        *,
        force: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bool:
        """Delete the action; whether it existed.

        `force`: cancel its unfinished runs; off by default.

        Raises `ConflictError` where it has unfinished runs and `force` is not given.
        """
        return self._bridge.run(
            self._of.delete(name, force=force, namespace=namespace, timeout_ms=timeout_ms)
        )

    def enable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionInfo:
        """Let it be invoked again.

        Raises `NotFoundError` where there is no such action.
        """
        return self._bridge.run(self._of.enable(name, namespace=namespace, timeout_ms=timeout_ms))

    def disable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionInfo:
        """Refuse new runs of it; those that are there go on.

        Raises `NotFoundError` where there is no such action.
        """
        return self._bridge.run(self._of.disable(name, namespace=namespace, timeout_ms=timeout_ms))

    def list(
        self,
        *,
        prefix: str = "",
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[ActionInfo]:
        """A page of the actions, by name.

        `prefix`: what their names begin with; empty, the default, means all. `limit`: 1 to 1,000,
        100 unless given. `cursor`: that of the page before; without one it begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._bridge.run(
            self._of.list(
                prefix=prefix,
                limit=limit,
                cursor=cursor,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def list_runs(
        self,
        name: str | None = None,
        *,
        status: RunStatus | str | None = None,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[ActionRun]:
        """A page of runs, newest first.

        `name`: of this action; by default of all. `status`: in this one; by default in any.
        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the newest.

        Raises `BadRequestError` on a status that there is not, and on a cursor of another listing.
        """
        return self._bridge.run(
            self._of.list_runs(
                name,
                status=status,
                limit=limit,
                cursor=cursor,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )
