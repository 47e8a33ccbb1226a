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
        """Decorate a function, to be called before the worker takes its first work.

        If the function has a parameter, it gets the worker's client. A plain function runs in a
        thread, and gets the client of `floruntime.sync`. Several functions are called in order. If
        one raises, `start()` raises the same error.

        Raises `BadRequestError` if it is not a function.
        """
        return self._of.on_start(function)

    def on_stop(self, function: H) -> H:
        """Decorate a function, to be called when the worker's last work is done.

        It is called like those of `on_start`. It runs while the worker is still connected, however
        the worker ends, if the functions of `on_start` have run. If one raises, the error is
        logged, and the others are called.

        Raises `BadRequestError` if it is not a function.
        """
        return self._of.on_stop(function)

    @property
    def name(self) -> str:
        """The name that it was given; otherwise one is made up, in each process another."""
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
        """Leave the client that it was made on, for an own connection to the same server."""
        self._of.use_own_connection()

    def stop(self) -> None:
        """Take no new work, finish what has begun, and let `start()` return. From any thread."""
        self._of.stop()

    def close(self) -> None:
        """Call `stop()`, and wait until the worker has ended."""
        self._bridge.run(self._of.close())

    def drain(self) -> None:
        """Another name for `close`; raises what that raises."""
        self._bridge.run(self._of.drain())

    @property
    def worker_id(self) -> str:
        """Its name in its log."""
        return self._of.worker_id

    @property
    def queues(self) -> list[str]:
        """The queues that it has handlers for."""
        return self._of.queues

    def queue(self, name: str, **options: Unpack[QueueOptions]) -> Callable[[F], F]:
        """Decorate the function that handles the messages of the queue `name`.

        The options `concurrency`, `batch_size`, `visibility_timeout_ms`, `retry_delay_ms`,
        `retry_backoff` and `retry_delay_max_ms` are by default those of the worker; `process` is
        off by default.

        Raises `BadRequestError` if an option is out of its limits, if the handler is not a
        function, if the queue has a handler already, and while the worker runs.
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
