"""`ActionWorker`: runs a person's handlers for actions."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, Unpack

from floruntime.client.api.base.values import named
from floruntime.client.base import BaseClient
from floruntime.client.link.token import Token
from floruntime.client.worker.action_life import ActionLife, Work
from floruntime.client.worker.handlers import Handler, check_named, handler_of, typed
from floruntime.client.worker.life import Life, Plan, Setting
from floruntime.client.worker.options import QueueOptions, RegisterOptions
from floruntime.client.worker.serving import Queues
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.core.defaults import LEFT_OUT, VISIBILITY_TIMEOUT_MS
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import check_duration, check_name

F = TypeVar("F", bound=Callable[..., Any])


class ActionWorker(WorkerBase):
    """A worker for actions. Name handlers with `@worker.action(...)`, then `await start()`.

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
        endpoint: str | BaseClient = LEFT_OUT,
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
            endpoint,
            namespace=namespace,
            token=token,
            tls=tls,
            name=worker_id,
            concurrency=concurrency,
            timeout_ms=action_timeout_ms,
            block_ms=block_ms,
            auto_touch=auto_touch,
            drain_timeout_ms=drain_timeout_ms,
            handle_signals=handle_signals,
        )
        self.labels = named("labels", labels)
        self.metadata = named("metadata", metadata)
        self._heartbeat_ms = check_duration("heartbeat_interval_ms", heartbeat_interval_ms, low=1)
        self._handlers: dict[str, Handler] = {}
        self._options: dict[str, dict[str, Any]] = {}
        self._queues = Queues(
            concurrency=concurrency,
            batch_size=10,
            visibility_timeout_ms=VISIBILITY_TIMEOUT_MS,
        )

    @property
    def worker_id(self) -> str:
        """What the server knows it by."""
        return self.name

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
        check_named("action", name)

        def register(function: F) -> F:
            self.register_action(name, function, process=process, input=input, **options)
            return function

        return register

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
        check_name("action", name)
        self._refuse_while_running(f"the action {name!r}")
        if name in self._handlers:
            raise BadRequestError(f"the action {name!r} has a handler already")
        unknown = set(options) - set(RegisterOptions.__annotations__)
        if unknown:
            raise BadRequestError(f"action {name!r}: unknown option {sorted(unknown)[0]!r}")
        if input is not None:
            handler = typed(handler, input)
        self._handlers[name] = handler_of(handler, process)
        self._options[name] = dict(options)

    @property
    def works_on(self) -> dict[str, list[str]]:
        """Its actions, and its queues if it has any."""
        queues = {"queues": self.queues} if self.queues else {}
        return {"actions": self.actions, **queues} if self.actions else queues

    @property
    def actions(self) -> list[str]:
        """The actions that it has handlers for."""
        return list(self._handlers)

    @property
    def queues(self) -> list[str]:
        """The queues that it has handlers for."""
        return self._queues.names

    def queue(self, name: str, **options: Unpack[QueueOptions]) -> Callable[[F], F]:
        """A decorator: this function handles the messages of the queue `name`, beside the actions.

        Options: `concurrency` (that of the worker), `batch_size` (10), `visibility_timeout_ms`
        (30,000), `retry_delay_ms` (1,000), `retry_backoff` (`"exponential"`), `retry_delay_max_ms`
        (an hour) and `process` (off); all as for `QueueWorker`. `action_timeout_ms` is what one
        message may take, too.

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
        lives = self._queues.lives(plan, client, setting)
        if self._handlers:
            lives.append(self._new_life(plan, client, setting))
        if not lives:
            raise BadRequestError("the worker has no actions: use @worker.action(name)")
        return lives

    def _new_life(self, plan: Plan, client: BaseClient, setting: Setting) -> Life:
        work = Work(
            dict(self._handlers), self._options, self.labels, self.metadata, self._heartbeat_ms
        )
        return ActionLife(plan, work, client, setting)
