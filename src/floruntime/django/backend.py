"""The backend: tasks become runs of Flo's actions. Each queue has one action."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
from django.db import transaction
from django.utils.crypto import get_random_string

from floruntime.core.action import ActionRun
from floruntime.core.defaults import LEFT_OUT
from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.django.compat import (
    BaseTaskBackend,
    Task,
    TaskResult,
    TaskResultDoesNotExist,
    task_enqueued,
)
from floruntime.django.options import Options, read_options
from floruntime.django.payloads import (
    ACTION_PREFIX,
    Payload,
    action_of,
    as_datetime,
    delay_ms,
    flo_priority,
    now_ms,
    payload_of,
)
from floruntime.django.results import change, new_result, result_of
from floruntime.sync import FloClient

ON_COMMIT = "commit-"
"""The prefix of ids that were given before the run existed; `KEY` + id then holds the run's id."""
KEY = "floruntime.django/"


class FloBackend(BaseTaskBackend):
    """The Django backend: name it as `BACKEND` in `TASKS`.

    Its `OPTIONS` are in `floruntime.django.options`. A task is a run of the action `django.QUEUE`;
    `manage.py flo_worker` runs them.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        self.settings: Options = read_options(alias, params)

    @property
    def client(self) -> FloClient:
        """The client of this process, shared by all backends with the same endpoint."""
        return client_of(self.settings)

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        """Enqueue `task` as one run. Returns its result, which is `READY`.

        With `enqueue_on_commit` in a transaction, the task is sent when the transaction commits;
        `enqueued_at` is `None` until then.

        Raises `InvalidTask` if this backend does not take the task, `TypeError` if an argument
        cannot be JSON, and a `FloError` if the server did not take it.
        """
        self.validate_task(task)
        if self.settings.enqueue_on_commit and transaction.get_connection().in_atomic_block:
            return self._enqueue_on_commit(task, args, kwargs)
        payload = payload_of(task, args, kwargs, None)
        result = new_result(payload, "", self.alias)
        change(result, id=self._invoke(task, payload))
        task_enqueued.send(type(self), task_result=result)
        return result

    def _enqueue_on_commit(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        payload = payload_of(task, args, kwargs, ON_COMMIT + get_random_string(25))
        assert payload.id is not None
        result = new_result(payload, payload.id, self.alias)
        change(result, enqueued_at=None)

        def send() -> None:
            sent = msgspec.structs.replace(payload, enqueued_at_ms=now_ms())
            self.remember(payload.id or "", self._invoke(task, sent))
            change(result, enqueued_at=as_datetime(sent.enqueued_at_ms))
            task_enqueued.send(type(self), task_result=result)

        transaction.on_commit(send)
        return result

    def _invoke(self, task: Task, payload: Payload) -> str:
        invoked = self.client.action.invoke(
            action_of(task.queue_name),
            msgspec.json.encode(payload),
            priority=flo_priority(task.priority),
            delay_ms=delay_ms(task),
            idempotency_key=payload.id,
            create=True,
        )
        return invoked.run_id

    def remember(self, result_id: str, run_id: str) -> None:
        """Remember the run of a task that was enqueued on commit."""
        self.client.kv.put(KEY + result_id, run_id, ttl_ms=self.settings.retention_ms)

    def get_result(self, result_id: str) -> TaskResult:
        """Return the result as it is now. Raises `TaskResultDoesNotExist` if there is none."""
        return result_of(self._run(result_id), self.alias)

    def _run(self, result_id: str) -> ActionRun:
        try:
            run = self.client.action.status(self._run_id(str(result_id)))
        except (NotFoundError, BadRequestError):
            raise TaskResultDoesNotExist(result_id) from None
        if not run.action.startswith(ACTION_PREFIX):
            raise TaskResultDoesNotExist(result_id)
        return run

    def _run_id(self, result_id: str) -> str:
        if not result_id.startswith(ON_COMMIT):
            return result_id
        run_id = self.client.kv.get(KEY + result_id)
        if run_id is None:
            raise TaskResultDoesNotExist(result_id)
        return run_id.decode()


_clients: dict[tuple[str | None, str | None, str | None], FloClient] = {}
_making = threading.Lock()


def client_of(options: Options) -> FloClient:
    """Return the one client for an endpoint, namespace and token, shared by all threads."""
    which = options.endpoint, options.namespace, options.token
    with _making:
        if which not in _clients:
            endpoint = LEFT_OUT if options.endpoint is None else options.endpoint
            client = FloClient(endpoint, token=options.token)
            if options.namespace is not None:
                client = client.within(options.namespace)
            _clients[which] = client
        return _clients[which]
