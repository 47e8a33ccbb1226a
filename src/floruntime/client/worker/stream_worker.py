"""`StreamWorker`: runs an application's handler for the records of a consumer group."""

from __future__ import annotations

import ssl

from floruntime.client.base import BaseClient
from floruntime.client.link.token import Token
from floruntime.client.worker.handlers import Function, handler_of
from floruntime.client.worker.life import Life, Plan, Setting
from floruntime.client.worker.stream_life import Reading, StreamLife
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.core import defaults
from floruntime.core.backoff import RetryBackoff, RetryDelay, check_retry
from floruntime.core.limits import LIMIT_MAX, check_name, check_range


class StreamWorker(WorkerBase):
    """A consumer of a group: `handler(ctx)` for each record, then `await start()`.

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

    _name_option = "consumer"

    def __init__(
        self,
        endpoint: str | BaseClient = defaults.LEFT_OUT,
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
            endpoint,
            namespace=namespace,
            token=token,
            tls=tls,
            name=consumer,
            concurrency=concurrency,
            timeout_ms=message_timeout_ms,
            block_ms=block_ms,
            auto_touch=auto_touch,
            drain_timeout_ms=drain_timeout_ms,
            handle_signals=handle_signals,
        )
        check_name("stream", stream)
        check_name("group", group)
        self.stream = stream
        self.group = group
        self._batch_size = check_range("batch_size", batch_size, 1, LIMIT_MAX)
        check_retry(retry_delay_ms, retry_backoff, retry_delay_max_ms)
        self._delay = RetryDelay(retry_delay_ms, retry_backoff, retry_delay_max_ms)
        self._handler = handler_of(handler, process)

    @property
    def consumer(self) -> str:
        """The name under which the group knows it."""
        return self.name

    @property
    def works_on(self) -> dict[str, list[str]]:
        """Its stream and its group."""
        return {"stream": [self.stream], "group": [self.group]}

    def _new_lives(self, plan: Plan, client: BaseClient, setting: Setting) -> list[Life]:
        reading = Reading(self.stream, self.group, self._handler, self._batch_size, self._delay)
        return [StreamLife(plan, reading, client, setting)]
