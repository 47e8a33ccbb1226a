"""`ActionWorker`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, Unpack

from floruntime.client.link.token import Token
from floruntime.client.worker.action_worker import ActionWorker as AsyncActionWorker
from floruntime.client.worker.action_worker import F
from floruntime.client.worker.options import QueueOptions, RegisterOptions
from floruntime.client.worker.worker_base import H
from floruntime.core.defaults import LEFT_OUT
from floruntime.sync.standing import ClientOf, WorkerHandle, endpoint_of


class ActionWorker(WorkerHandle[AsyncActionWorker]):
    """A worker for actions. Name handlers with `@worker.action(...)`, then `start()`.

    - `endpoint`, `token`, `tls`: as for `FloClient`, with the same addresses and environment
      variables. The endpoint may also be a connected client.
    - `namespace`: where its actions are; by default that of such a client, else `default`.
    - `concurrency`: how many handlers run at once, 1 to 1,000; default 10.
    - `worker_id`: a unique name; by default one is made up.
    - `labels`: a run with labels goes only to a worker that has them all.
    - `metadata`: names and texts for people.
    - `action_timeout_ms`: how long one attempt may take, from the start of its handler; default
      300,000.
    - `block_ms`: how long one wait for work lasts; default 30,000.
    - `heartbeat_interval_ms`: the time between two heartbeats; default 30,000.
    - `auto_touch`: extend the leases while handlers run; on by default.
    - `drain_timeout_ms`: how long handlers may continue after `stop()`; default 30,000. An async
      handler that is stopped then has five more seconds for its `finally`.
    - `handle_signals`: stop on SIGINT and SIGTERM; on by default. Signal handlers of the
      application are called too, and are restored when the worker ends.
    """

    def __init__(
        self,
        endpoint: str | ClientOf = LEFT_OUT,
        *,
        namespace: str | None = None,
        concurrency: int = 10,
        worker_id: str | None = None,
        token: Token | None = None,
        tls: bool | ssl.SSLContext | None = None,
        labels: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        action_timeout_ms: int = 300_000,
        block_ms: int = 30_000,
        heartbeat_interval_ms: int = 30_000,
        auto_touch: bool = True,
        drain_timeout_ms: int = 30_000,
        handle_signals: bool = True,
    ) -> None:
        super().__init__(
            AsyncActionWorker(
                endpoint_of(endpoint),
                namespace=namespace,
                concurrency=concurrency,
                worker_id=worker_id,
                token=token,
                tls=tls,
                labels=labels,
                metadata=metadata,
                action_timeout_ms=action_timeout_ms,
                block_ms=block_ms,
                heartbeat_interval_ms=heartbeat_interval_ms,
                auto_touch=auto_touch,
                drain_timeout_ms=drain_timeout_ms,
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
        """Its actions, and its queues if it has any."""
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
        """The id under which the server knows it."""
        return self._of.worker_id

    def action(
        self,
        name: str,
        *,
        process: bool = False,
        input: type[Any] | None = None,
        **options: Unpack[RegisterOptions],
    ) -> Callable[[F], F]:
        """Decorate the function that handles the action `name`.

        - `process`: run the handler in a process of its own; off by default.
        - `input`: the type to which the payload is decoded, as by `ctx.into`. The function is
          called with the context and that value, or with the context alone if it takes one
          argument. By default the payload stays bytes.

        The other options are those of `client.action.register`.

        Raises `BadRequestError` as `register_action` does.
        """
        return self._of.action(name, process=process, input=input, **options)

    def register_action(
        self,
        name: str,
        handler: Callable[..., Any],
        *,
        process: bool = False,
        input: type[Any] | None = None,
        **options: Unpack[RegisterOptions],
    ) -> None:
        """Let `handler(ctx)` handle the action `name`.

        An async handler runs on the event loop, a plain one in a thread.

        - `process`: run the handler in a process of its own; off by default. The handler must then
          be a function that can be imported.
        - `input`: the type of its payload, none by default; see `action`.

        The other options are those of `client.action.register`; `start()` registers the action with
        them. Without any, an action that is already registered stays as it is.

        Raises `BadRequestError` if there is no such option, if the handler is not a function, if
        the action has a handler already, and while the worker runs.
        """
        self._of.register_action(name, handler, process=process, input=input, **options)

    @property
    def actions(self) -> list[str]:
        """The actions that it has handlers for."""
        return self._of.actions

    @property
    def queues(self) -> list[str]:
        """The queues that it has handlers for."""
        return self._of.queues

    def queue(self, name: str, **options: Unpack[QueueOptions]) -> Callable[[F], F]:
        """Decorate the function that handles the messages of the queue `name`, beside the actions.

        The options are those of `QueueWorker`: `concurrency` (by default that of the worker),
        `batch_size` (10), `visibility_timeout_ms` (30,000), `retry_delay_ms` (1,000),
        `retry_backoff` (`"exponential"`), `retry_delay_max_ms` (one hour) and `process` (off).
        `action_timeout_ms` of the worker also limits the time of one message.

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
