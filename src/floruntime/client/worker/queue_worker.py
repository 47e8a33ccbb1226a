"""`QueueWorker`: runs a person's handlers for the messages of queues."""

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

    More queues, or all of them, are named by `@worker.queue("mails")`, each with options of its own
    and as many handlers at once. A message is acked when its handler returns. When it raises, the
    message is due again after `retry_delay_ms`, and is a dead letter after the queue's
    `max_attempts`; with `NonRetryableError` it is one at once. `retry_backoff`: by default
    `"exponential"`, the delay is doubled after each attempt, up to `retry_delay_max_ms` (an hour
    unless given), and up to a tenth of it comes on top; or `"constant"`.

    `namespace`: where the queues are (by default that of a client that is the endpoint, else
    `default`). `endpoint`, `token` and `tls` are as for `FloClient`, with the same address and
    environment; a connected client does as an endpoint. `concurrency`: handlers at once for each
    queue, 1,000 at most. `batch_size`: messages of one dequeue. `worker_id`: what it is called in
    its log; made up unless given. `block_ms`: how long one wait for messages lasts.
    `visibility_timeout_ms`: how long a message is leased, which `auto_touch` renews while its
    handler runs. `message_timeout_ms`: what one message may take, from when its handler begins.
    `drain_timeout_ms`: how long handlers may go on after `stop()`. `process`: run the handler in a
    process of its own. `handle_signals`: as for `ActionWorker`.
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
        """What it is called in its log."""
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
        """A decorator: this function handles the messages of the queue `name`.

        Options: `concurrency`, `batch_size`, `visibility_timeout_ms`, `retry_delay_ms`,
        `retry_backoff`, `retry_delay_max_ms`, by default those of the worker, and `process`, off by
        default.

        Raises `BadRequestError` on an option out of its limits, a handler that is none, a second
        one for the same queue, and while the worker runs.
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
