"""The queues that a worker serves, with the options of each."""

from __future__ import annotations

from typing import Any, Final, Unpack

from floruntime.client.base import BaseClient
from floruntime.client.worker.handlers import Function, handler_of
from floruntime.client.worker.life import Life, Plan, Setting
from floruntime.client.worker.options import QueueOptions
from floruntime.client.worker.queue_life import QueueLife, Serving
from floruntime.core.backoff import RetryBackoff, RetryDelay, check_retry
from floruntime.core.defaults import RETRY_DELAY_MAX_MS, RUN_RETRY_DELAY_MS
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import LIMIT_MAX, check_duration, check_name, check_range

_DELAYS: Final[QueueOptions] = {
    "retry_delay_ms": RUN_RETRY_DELAY_MS,
    "retry_backoff": RetryBackoff.EXPONENTIAL,
    "retry_delay_max_ms": None,
}


class Queues:
    """Handlers by the name of their queue. An option that a queue does not have is taken from the
    worker.
    """

    def __init__(self, **shared: Unpack[QueueOptions]) -> None:
        self._shared = {**_DELAYS, **_checked(dict(shared))}
        _delay_of(dict(self._shared))
        self._servings: dict[str, tuple[Serving, int]] = {}

    @property
    def names(self) -> list[str]:
        """The queues that have a handler."""
        return list(self._servings)

    def add(self, name: str, function: Function, **options: Unpack[QueueOptions]) -> None:
        """Let `function` handle the messages of the queue `name`. Raises `BadRequestError`."""
        check_name("queue", name)
        if name in self._servings:
            raise BadRequestError(f"the queue {name!r} has a handler already")
        given = {**self._shared, **_checked(dict(options))}
        handler = handler_of(function, given.pop("process", False))
        concurrency, delay = given.pop("concurrency"), _delay_of(given)
        self._servings[name] = Serving(name, handler, delay=delay, **given), concurrency

    def lives(self, plan: Plan, client: BaseClient, setting: Setting) -> list[Life]:
        """Make a life for each queue."""
        return [
            QueueLife(plan._replace(concurrency=concurrency), serving, client, setting)
            for serving, concurrency in self._servings.values()
        ]


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    unknown = set(options) - set(QueueOptions.__annotations__)
    if unknown:
        raise BadRequestError(f"unknown option {sorted(unknown)[0]!r} of a queue")
    for name in {"concurrency", "batch_size"} & set(options):
        check_range(name, options[name], 1, LIMIT_MAX)
    if "visibility_timeout_ms" in options:
        check_duration("visibility_timeout_ms", options["visibility_timeout_ms"], low=1)
    return options


def _delay_of(given: dict[str, Any]) -> RetryDelay:
    """Take out the retry delays of a queue's options. Refuses what is invalid.

    The longest delay is an hour by default, or the first delay if that is longer.
    """
    base_ms, backoff = given.pop("retry_delay_ms"), given.pop("retry_backoff")
    longest_ms = given.pop("retry_delay_max_ms")
    if longest_ms is None:
        check_duration("retry_delay_ms", base_ms)
        longest_ms = max(base_ms, RETRY_DELAY_MAX_MS)
    check_retry(base_ms, backoff, longest_ms)
    return RetryDelay(base_ms, backoff, longest_ms)
