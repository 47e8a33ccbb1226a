"""The client that does not await, in the shape of the one that does: each call in a thread.

By it the tests of the contract run through `floruntime.sync`, word for word.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, cast

import floruntime
import floruntime.sync
from floruntime.client.api.kv import transaction
from floruntime.sync.portal import Portal

_posted = threading.local()
_post = Portal._post


def _telling_post(self: Portal, begin: Callable[[], None], steps: Any) -> None:
    _post(self, begin, steps)
    tell = getattr(_posted, "tell", None)
    if tell is not None:
        errand: Any = begin.__self__  # type: ignore[attr-defined]  # its method
        tell(lambda: errand.cancel(self.loop))


Portal._post = _telling_post  # type: ignore[method-assign]  # to know when a call is on its way


def in_threads(client: floruntime.sync.FloClient) -> floruntime.FloClient:
    """`client`, as the tests of the contract call it."""
    return cast(floruntime.FloClient, InThreads(client))


class InThreads:
    """What waits in the synchronous object is awaited here."""

    def __init__(self, of: Any) -> None:
        self._of = of
        self._parts: dict[int, InThreads] = {}
        name = type(of).__name__
        self._twin = getattr(floruntime, name, None) or getattr(transaction, name)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._of, "close" if name == "aclose" else name)
        if type(member).__module__.startswith("floruntime.sync."):
            return self._parts.setdefault(id(member), InThreads(member))
        if not inspect.ismethod(member):
            return member
        is_awaited = _is_awaited(getattr(self._twin, name))

        def call(*arguments: Any, **options: Any) -> Any:
            if is_awaited:
                return _awaited(lambda: member(*arguments, **options))
            return _shown(member(*arguments, **options))

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value) if name[0] == "_" else setattr(self._of, name, value)

    def __aiter__(self) -> InThreads:
        return self

    async def __anext__(self) -> Any:
        item = await _awaited(lambda: next(self._of, _END))
        if item is _END:
            raise StopAsyncIteration
        return item

    async def __aenter__(self) -> InThreads:
        await _awaited(self._of.__enter__)
        return self

    async def __aexit__(self, *error: Any) -> None:
        await _awaited(lambda: self._of.__exit__(*error))


_END = object()


def _is_awaited(method: Any) -> bool:
    hint = str(inspect.signature(method).return_annotation)
    return hint.startswith("Operation[") or inspect.iscoroutinefunction(method)


def _shown(value: Any) -> Any:
    if type(value).__module__.startswith("floruntime.sync."):
        return InThreads(value)
    return _each(value) if inspect.isgenerator(value) else value


async def _each(items: Any) -> AsyncIterator[Any]:
    while (item := await _awaited(lambda: next(items, _END))) is not _END:
        yield item


async def _awaited(function: Callable[[], Any]) -> Any:
    """What `function` gives in a thread; begun, this is on its way, in the order of the calls."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()
    is_on_its_way = threading.Event()
    cancels: list[Callable[[], None]] = []

    def settle(value: Any, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(value)
        else:
            outcome.set_exception(error)

    def run() -> None:
        def tell(cancel: Callable[[], None]) -> None:
            cancels.append(cancel)
            is_on_its_way.set()

        _posted.tell = tell
        value, error = None, None
        try:
            value = function()
        except BaseException as raised:
            error = raised
        finally:
            is_on_its_way.set()
        with suppress(RuntimeError):  # the test has ended
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, daemon=True).start()
    is_on_its_way.wait()
    try:
        return _shown(await outcome)
    except asyncio.CancelledError:
        for cancel in cancels:
            cancel()
        raise
