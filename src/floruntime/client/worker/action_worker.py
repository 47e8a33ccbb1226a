"""`ActionWorker`: runs an application's handlers for actions."""

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

    _timeout_option = "action_timeout_ms"

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
        """The id under which the server knows it."""
        return self.name

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

        An async handler runs on the event loop, a plain one in a thread.

        - `process`: run the handler in a process of its own; off by default. The handler must then
          be a function that can be imported.
        - `input`: the type of its payload, none by default; see `action`.

        The other options are those of `client.action.register`; `start()` registers the action with
        them. Without any, an action that is already registered stays as it is.

        Raises `BadRequestError` if there is no such option, if the handler is not a function, if
        the action has a handler already, and while the worker runs.
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
        """Decorate the function that handles the messages of the queue `name`, beside the actions.

        The options are those of `QueueWorker`: `concurrency` (by default that of the worker),
        `batch_size` (10), `visibility_timeout_ms` (30,000), `retry_delay_ms` (1,000),
        `retry_backoff` (`"exponential"`), `retry_delay_max_ms` (one hour) and `process` (off).
        `action_timeout_ms` of the worker also limits the time of one message.

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
