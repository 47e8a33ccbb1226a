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

    `endpoint`, `token` and `tls` are as for `FloClient`, with the same address and environment; a
    connected client does as an endpoint. `namespace`: where its actions are; by default that of
    such a client, else `default`. `concurrency`: handlers at once, 1,000 at most. `worker_id`: a
    name that nobody else has; made up unless given. `labels`: runs with labels go to workers that
    have them all. `metadata`: for people. `action_timeout_ms`: what one attempt may take, from when
    its handler begins. `block_ms`: how long one wait for work lasts. `heartbeat_interval_ms`: how
    often it says that it lives. `auto_touch`: keep the leases while handlers run.
    `drain_timeout_ms`: how long they may go on after `stop()`; async ones that are stopped then
    have five seconds more for what they do in `finally`. `handle_signals`: stop on SIGINT and
    SIGTERM; handlers that an application has for them are called too, and come back when the worker
    ends.
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
        """Its actions, and its queues if it has any."""
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
        """What the server knows it by."""
        return self._of.worker_id

    def action(
        self,
        name: str,
        *,
        process: bool = False,
        input: type[Any] | None = None,
        **options: Unpack[RegisterOptions],
    ) -> Callable[[F], F]:
        """A decorator: this function handles the action `name`.

        `process`: run it in a process of its own; off by default. `input`: the type that its
        payload is decoded to, as by `ctx.into`: the function is called with the context and that
        value, or with the context alone if it takes no more; by default the payload stays bytes.
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

        An async handler runs on the event loop, a plain one in a thread, or with `process` (off by
        default) in a process of its own: it must be a function that can be imported. `input`: the
        type of its payload, by default none; see `action`. The other options are those of
        `client.action.register`, which `start()` calls with them. Without any, an action that is
        registered already stays as it is.

        Raises `BadRequestError` on an option that there is not, a handler that is none, a second
        one for the same action, and while the worker runs.
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
        """A decorator: this function handles the messages of the queue `name`, beside the actions.

        Options: `concurrency` (that of the worker), `batch_size` (10), `visibility_timeout_ms`
        (30,000), `retry_delay_ms` (1,000), `retry_backoff` (`"exponential"`), `retry_delay_max_ms`
        (an hour) and `process` (off); all as for `QueueWorker`. `action_timeout_ms` is what one
        message may take, too.

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
