"""`QueueWorker`: runs an application's handlers for the messages of queues."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TypeVar, Unpack

from floruntime.client.base import BaseClient
from floruntime.client.link.token import Token
from floruntime.client.worker.handlers import Function, check_named
from floruntime.client.worker.life import Life, Plan, Setting
from floruntime.client.worker.options import QueueOptions
from floruntime.client.worker.serving import Queues
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.core.backoff import RetryBackoff
from floruntime.core.defaults import LEFT_OUT
from floruntime.core.errors import BadRequestError

F = TypeVar("F", bound=Function)


class QueueWorker(WorkerBase):
    """A worker for queues: `handler(ctx)` for each message of `queue`, then `await start()`.

    `@worker.queue("mails")` names more queues, or all of them. Each queue has its own options and
    its own `concurrency`. A message is acked when its handler returns. If the handler raises, the
    message is due again after `retry_delay_ms`. It becomes a dead letter after the queue's
    `max_attempts`, or at once if the handler raises `NonRetryableError`.

    - `queue`, `handler`: the first queue and its handler; both or neither.
    - `endpoint`, `token`, `tls`: as for `FloClient`, with the same addresses and environment
      variables. The endpoint may also be a connected client.
    - `namespace`: where the queues are; by default that of such a client, else `default`.
    - `concurrency`: how many handlers run at once for each queue, 1 to 1,000; default 10.
    - `batch_size`: how many messages one dequeue asks for; default 10.
    - `worker_id`: its name in its log; by default one is made up.
    - `block_ms`: how long one wait for messages lasts; default 30,000.
    - `visibility_timeout_ms`: how long a message is leased; default 30,000.
    - `message_timeout_ms`: how long one message may take, from the start of its handler; default
      300,000.
    - `retry_delay_ms`: the delay after a failed attempt; default 1,000.
    - `retry_backoff`: `"exponential"`, the default, doubles the delay after each attempt and adds
      up to a tenth; `"constant"` does not.
    - `retry_delay_max_ms`: the longest delay that this growth reaches; default one hour.
    - `auto_touch`: extend the leases while handlers run; on by default.
    - `drain_timeout_ms`: how long handlers may continue after `stop()`; default 30,000.
    - `process`: run the handler in a process of its own; off by default.
    - `handle_signals`: as for `ActionWorker`.
    """

    def __init__(
        self,
        endpoint: str | BaseClient = LEFT_OUT,
        *,
        queue: str | None = None,
        handler: Function | None = None,
        namespace: str | None = None,
        concurrency: int = 10,
        batch_size: int = 10,
        worker_id: str | None = None,
        token: Token | None = None,
        tls: bool | ssl.SSLContext | None = None,
        block_ms: int = 30_000,
        visibility_timeout_ms: int = 30_000,
        message_timeout_ms: int = 300_000,
        retry_delay_ms: int = 1_000,
        retry_backoff: RetryBackoff | str = RetryBackoff.EXPONENTIAL,
        retry_delay_max_ms: int | None = None,
        auto_touch: bool = True,
        drain_timeout_ms: int = 30_000,
        process: bool = False,
        handle_signals: bool = True,
    ) -> None:
        super().__init__(
            endpoint,
            namespace=namespace,
            token=token,
            tls=tls,
            name=worker_id,
            concurrency=concurrency,
            timeout_ms=message_timeout_ms,
            block_ms=block_ms,
            auto_touch=auto_touch,
            drain_timeout_ms=drain_timeout_ms,
            handle_signals=handle_signals,
        )
        self._queues = Queues(
            concurrency=concurrency,
            batch_size=batch_size,
            visibility_timeout_ms=visibility_timeout_ms,
            retry_delay_ms=retry_delay_ms,
            retry_backoff=retry_backoff,
            retry_delay_max_ms=retry_delay_max_ms,
        )
        if (queue is None) != (handler is None):
            raise BadRequestError("queue and handler go together; give both, or name queues later")
        if queue is not None and handler is not None:
            self._queues.add(queue, handler, process=process)

    @property
    def worker_id(self) -> str:
        """Its name in its log."""
        return self.name

    @property
    def works_on(self) -> dict[str, list[str]]:
        """Its queues."""
        return {"queues": self.queues}

    @property
    def queues(self) -> list[str]:
        """The queues that it has handlers for."""
        return self._queues.names

    def queue(self, name: str, **options: Unpack[QueueOptions]) -> Callable[[F], F]:
        """Decorate the function that handles the messages of the queue `name`.

        The options `concurrency`, `batch_size`, `visibility_timeout_ms`, `retry_delay_ms`,
        `retry_backoff` and `retry_delay_max_ms` are by default those of the worker; `process` is
        off by default.

        Raises `BadRequestError` if an option is out of its limits, if the handler is not a
        function, if the queue has a handler already, and while the worker runs.
        """
        check_named("queue", name)

        def register(function: F) -> F:
            self._refuse_while_running(f"the queue {name!r}")
            self._queues.add(name, function, **options)
            return function

        return register

    def _new_lives(self, plan: Plan, client: BaseClient, setting: Setting) -> list[Life]:
        if not self._queues.names:
            raise BadRequestError("the worker has no queues: use @worker.queue(name)")
        return self._queues.lives(plan, client, setting)
