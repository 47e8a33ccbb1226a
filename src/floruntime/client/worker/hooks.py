"""Functions that a worker calls before its first work and after its last."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from typing import Any

from floruntime.client.worker.own_client import OwnClient
from floruntime.client.worker.threads import Threads
from floruntime.core.errors import BadTypeError

log = logging.getLogger("floruntime.worker")

Hook = Callable[..., Any]


def check_function(field: str, function: Hook) -> Hook:
    """Return `function` if it is a function. Raises `BadTypeError` if not."""
    if not callable(function):
        raise BadTypeError(f"{field} takes a function, not {type(function).__name__}")
    return function


async def call_hooks(hooks: Iterable[Hook], own: OwnClient) -> None:
    """Call them in order. Raises what the first failing one raises."""
    threads = Threads("flo-hook")
    try:
        for hook in hooks:
            if inspect.iscoroutinefunction(hook):
                await _called(hook, own)
            else:
                outcome = await threads.run(_called, hook, own)
                if inspect.isawaitable(outcome):
                    await outcome
    finally:
        threads.close()


async def call_last_hooks(hooks: Iterable[Hook], own: OwnClient) -> None:
    """Call all of them in order, even if some fail."""
    for hook in hooks:
        try:
            await call_hooks([hook], own)
        except Exception:
            log.exception("a function to run at the end of a worker failed")


def _called(hook: Hook, own: OwnClient) -> Any:
    return hook(own.here()) if inspect.signature(hook).parameters else hook()
