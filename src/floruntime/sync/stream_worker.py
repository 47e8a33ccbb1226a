"""`StreamWorker`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Self

from floruntime.client.link.token import Token
from floruntime.client.worker.handlers import Function
from floruntime.client.worker.stream_worker import StreamWorker as AsyncStreamWorker
from floruntime.client.worker.worker_base import H
from floruntime.core import defaults
from floruntime.core.backoff import RetryBackoff
from floruntime.sync.standing import ClientOf, WorkerHandle, endpoint_of


class StreamWorker(WorkerHandle[AsyncStreamWorker]):
    """A consumer of a group: `handler(ctx)` for each record, then `start()`.

    `stream` and `group` say which, `namespace` where they are (by default that of a client that is
    the endpoint, else `default`). A record is acked when its handler returns, and nacked when it
    raises, due again after `retry_delay_ms` (0: as the group says); with the `retry_backoff`
    `"exponential"` that is doubled after each attempt, up to `retry_delay_max_ms`. `endpoint`,
    `token` and `tls` are as for `FloClient`, with the same address and environment; a connected
    client does as an endpoint. `concurrency`: handlers at once, 1,000 at most; those of one
    partition key run in order. `batch_size`: records of one read. `consumer`: a name that nobody
    else in the group has; made up unless given. `block_ms`: how long one wait for records lasts.
    `message_timeout_ms`: what one record may take, from when its handler begins. `auto_touch`: keep
    the leases while handlers run. `drain_timeout_ms`: how long they may go on after `stop()`.
    `process`: run the handler in a process of its own. `handle_signals`: as for `ActionWorker`.
    """

    def __init__(
        self,
        endpoint: str | ClientOf = defaults.LEFT_OUT,
        *,
        stream: str,
        group: str,
        handler: Function,
        namespace: str | None = None,
        concurrency: int = 10,
        batch_size: int = 10,
        consumer: str | None = None,
        token: Token | None = None,
        tls: bool | ssl.SSLContext | None = None,
        block_ms: int = 30_000,
        message_timeout_ms: int = 300_000,
        retry_delay_ms: int = 0,
        retry_backoff: RetryBackoff | str = defaults.RETRY_BACKOFF,
        retry_delay_max_ms: int = defaults.RETRY_DELAY_MAX_MS,
        auto_touch: bool = True,
        drain_timeout_ms: int = 30_000,
        process: bool = False,
        handle_signals: bool = True,
    ) -> None:
        super().__init__(
            AsyncStreamWorker(
                endpoint_of(endpoint),
                stream=stream,
                group=group,
                handler=handler,
                namespace=namespace,
                concurrency=concurrency,
                batch_size=batch_size,
                consumer=consumer,
                token=token,
                tls=tls,
                block_ms=block_ms,
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
        """Its stream, and its group."""
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
    def consumer(self) -> str:
        """What the group knows it by."""
        return self._of.consumer

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
