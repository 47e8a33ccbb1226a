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

    A record is acked when its handler returns, and nacked when it raises.

    - `stream`, `group`, `handler`: what to read, and what handles each record.
    - `endpoint`, `token`, `tls`: as for `FloClient`, with the same addresses and environment
      variables. The endpoint may also be a connected client.
    - `namespace`: where the stream is; by default that of such a client, else `default`.
    - `concurrency`: how many handlers run at once, 1 to 1,000; default 10. Records of one partition
      key run in order.
    - `batch_size`: how many records one read asks for; default 10.
    - `consumer`: a name that is unique in the group; by default one is made up.
    - `block_ms`: how long one wait for records lasts; default 30,000.
    - `message_timeout_ms`: how long one record may take, from the start of its handler; default
      300,000.
    - `retry_delay_ms`: the delay after a failed attempt; 0, the default, takes that of the group.
    - `retry_backoff`: `"constant"`, the default, or `"exponential"`. The latter doubles the delay
      after each attempt and adds up to a tenth.
    - `retry_delay_max_ms`: the longest delay that this growth reaches; default one hour.
    - `auto_touch`: extend the leases while handlers run; on by default.
    - `drain_timeout_ms`: how long handlers may continue after `stop()`; default 30,000.
    - `process`: run the handler in a process of its own; off by default.
    - `handle_signals`: as for `ActionWorker`.
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
        """Its stream and its group."""
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
    def consumer(self) -> str:
        """The name under which the group knows it."""
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
