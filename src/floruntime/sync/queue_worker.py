"""`QueueWorker`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self, Unpack

from floruntime.client.link.token import Token
from floruntime.client.worker.handlers import Function
from floruntime.client.worker.options import QueueOptions
from floruntime.client.worker.queue_worker import F
from floruntime.client.worker.queue_worker import QueueWorker as AsyncQueueWorker
from floruntime.client.worker.worker_base import H
from floruntime.core.backoff import RetryBackoff
from floruntime.core.defaults import LEFT_OUT
from floruntime.sync.standing import ClientOf, WorkerHandle, endpoint_of


class QueueWorker(WorkerHandle[AsyncQueueWorker]):
    """A worker for queues: `handler(ctx)` for each message of `queue`, then `start()`.

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
        endpoint: str | ClientOf = LEFT_OUT,
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
        retry_delay_ms: int = 1000,
        retry_backoff: RetryBackoff | str = RetryBackoff.EXPONENTIAL,
        retry_delay_max_ms: int | None = None,
        auto_touch: bool = True,
        drain_timeout_ms: int = 30_000,
        process: bool = False,
        handle_signals: bool = True,
    ) -> None:
        super().__init__(
            AsyncQueueWorker(
                endpoint_of(endpoint),
                queue=queue,
                handler=handler,
                namespace=namespace,
                concurrency=concurrency,
                batch_size=batch_size,
                worker_id=worker_id,
                token=token,
                tls=tls,
                block_ms=block_ms,
                visibility_timeout_ms=visibility_timeout_ms,
                message_timeout_ms=message_timeout_ms,
                retry_delay_ms=retry_delay_ms,
                retry_backoff=retry_backoff,
                retry_delay_max_ms=retry_delay_max_ms,
                auto_touch=auto_touch,
                drain_timeout_ms=drain_timeout_ms,
                process=process,
                handle_signals=handle_signals,
            ),
            endpoint,
        )

    def on_start(self, function: H) -> H:
        """A decorator: call this function, before the first work is taken.

        It gets the worker's client, if it has a parameter; a plain one runs in a thread, and gets
        that of `floruntime.sync`. Several are called in order. What one raises, `start()` raises.

        Raises `BadRequestError` on what is no function.
        """
        return self._of.on_start(function)

    def on_stop(self, function: H) -> H:
        """A decorator: call this function, when the last work is done.

        It is called as those of `on_start` are, once they have run, however the worker ends, and
        while it is still connected. What one raises is logged, and the others are called.

        Raises `BadRequestError` on what is no function.
        """
        return self._of.on_stop(function)

    @property
    def name(self) -> str:
        """The name that it was given; else one made up, another one in each process."""
        return self._of.name

    @property
    def handles_signals(self) -> bool:
        """Whether SIGINT and SIGTERM stop it."""
        return self._of.handles_signals

    @property
    def works_on(self) -> dict[str, list[str]]:
        """Its queues."""
        return self._of.works_on

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._of.is_running

    def use_own_connection(self) -> None:
        """Leave the client that it was made on, for a connection of its own to the same server."""
        self._of.use_own_connection()

    def stop(self) -> None:
        """Take no new work, finish what is in hand, and let `start()` return. From any thread."""
        self._of.stop()

    def close(self) -> None:
        """`stop()`, and wait until the worker has ended."""
        self._bridge.run(self._of.close())

    def drain(self) -> None:
        """Another name for `close`; raises what that raises."""
        self._bridge.run(self._of.drain())

    @property
    def worker_id(self) -> str:
        """What it is called in its log."""
        return self._of.worker_id

    @property
    def queues(self) -> list[str]:
        """The queues that it has handlers for."""
        return self._of.queues

    def queue(self, name: str, **options: Unpack[QueueOptions]) -> Callable[[F], F]:
        """A decorator: this function handles the messages of the queue `name`.

        Options: `concurrency`, `batch_size`, `visibility_timeout_ms`, `retry_delay_ms`,
        `retry_backoff`, `retry_delay_max_ms`, by default those of the worker, and `process`, off by
        default.

        Raises `BadRequestError` on an option out of its limits, a handler that is none, a second
        one for the same queue, and while the worker runs.
        """
        return self._of.queue(name, **options)

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._finish()
