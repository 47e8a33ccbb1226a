"""Time, chance and secrets as the seed gives them: an event loop that waits for nothing."""

from __future__ import annotations

import asyncio
import base64
import email.utils
import pkgutil
import random
import secrets
import selectors
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from functools import cache, partial
from importlib import import_module
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import floruntime.client
import floruntime.engine
import floruntime.server
from tests.simulation.process import OF

WALL_S = 1_700_000_000
TURNS_PER_MOMENT_MAX = 50_000
"""More turns of the loop in which no time passes, and something goes round in circles."""
OF_OTHERS = ("websockets.frames", "websockets.server", "websockets.utils")
"""Modules that ask for secrets or the time on their own: masks, keys and heads of WebSockets."""
LOOK_S = 0.000_002
"""How much a look at a fine clock takes: work is not free."""


class _Selector(selectors.SelectSelector):
    """Waits for nothing: there is nothing outside."""

    loop: SimLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits, and nothing will ever happen"
        self.loop.pass_s(timeout)
        return []


class SimLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock moves only when nothing else is left to do."""

    def __init__(self, chance: random.Random) -> None:
        self.now_s = 1_000.0
        #: How far the wall clock is off.
        self.wall_off_s = 0.0
        self._chance = chance
        self._turns = 0
        #: Connects whoever asks to a host.
        self.connect: Callable[[str, asyncio.Protocol], Awaitable[None]]
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s

    # What belongs to a process is done only while that lives

    def call_soon(  # type: ignore[override]  # arguments are not looked at
        self, callback: Any, *arguments: Any, context: Context | None = None
    ) -> asyncio.Handle:
        process = OF.get() if context is None else context.get(OF)
        if process is None:
            return super().call_soon(callback, *arguments, context=context)
        handle: list[Any] = []
        handle.append(
            super().call_soon(process.call, handle, callback, *arguments, context=context)
        )
        return handle[0]  # type: ignore[no-any-return]  # it was just put there

    def call_at(  # type: ignore[override]  # arguments are not looked at
        self, when: float, callback: Any, *arguments: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        process = OF.get() if context is None else context.get(OF)
        if process is None:
            return super().call_at(when, callback, *arguments, context=context)
        handle: list[Any] = []
        handle.append(
            super().call_at(when, process.call, handle, callback, *arguments, context=context)
        )
        return handle[0]  # type: ignore[no-any-return]  # it was just put there

    def create_task(  # type: ignore[override]  # options are not looked at
        self, work: Any, **options: Any
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = super().create_task(work, **options)
        context = options.get("context")
        process = OF.get() if context is None else context.get(OF)
        if process is not None:
            process.tasks.append(task)
        return task

    async def create_connection(  # type: ignore[override]  # what nodes ask for
        self, factory: Any, host: str, port: int, **options: Any
    ) -> tuple[None, Any]:
        """A connection from the process that asks to another one."""
        protocol = factory()
        await self.connect(host, protocol)
        return None, protocol

    def wall_s(self) -> float:
        """What a clock on the wall shows."""
        return WALL_S + self.now_s + self.wall_off_s

    def pass_s(self, seconds: float) -> None:
        """Time passes."""
        if seconds > 0:
            self.now_s += seconds
            self._turns = 0
        else:
            self._turns += 1
            assert self._turns < TURNS_PER_MOMENT_MAX, "it goes round in circles"

    def run_in_executor(  # type: ignore[override]  # of what is asked here, this is all
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        """What a thread would do is done at once, a little later."""
        future: asyncio.Future[Any] = self.create_future()

        def run() -> None:
            if future.cancelled():
                return
            try:
                future.set_result(func(*args))
            except Exception as error:
                future.set_exception(error)

        self.call_later(self._chance.random() / 100, run)
        return future


async def pause(seconds: float) -> None:
    """Let so much simulated time pass."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop), "only here does it take none"
    passed = loop.create_future()
    timer = loop.call_later(seconds, _wake, passed)
    try:
        await passed
    finally:
        timer.cancel()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


@contextmanager
def inside(loop: SimLoop, chance: random.Random) -> Iterator[None]:
    """While this lasts, no module of Flo sees a clock, chance or secrets but those of the seed."""
    stand_ins: dict[int, Any] = {
        id(time): _time(loop),
        id(random): SimpleNamespace(random=chance.random, Random=random.Random),
        id(secrets): SimpleNamespace(
            token_hex=lambda size: chance.randbytes(size).hex(),
            token_bytes=chance.randbytes,
            token_urlsafe=lambda size: _urlsafe(chance.randbytes(size)),
            choice=chance.choice,
        ),
        id(email): SimpleNamespace(utils=SimpleNamespace(formatdate=partial(_date, loop))),
        id(email.utils.formatdate): partial(_date, loop),
    }
    before: list[tuple[ModuleType, str, Any]] = []
    defaults: list[tuple[FunctionType, Any, Any]] = []
    for module, name, value in _names_from_outside():
        before.append((module, name, value))
        setattr(module, name, stand_ins[id(value)])
    clocks: dict[Any, Any] = {time.monotonic: loop.time, time.time: loop.wall_s}
    clocks[time.perf_counter] = stand_ins[id(time)].perf_counter
    clocks[time.monotonic_ns] = lambda: int(loop.now_s * 1e9)
    for function in _functions_with_clocks():
        defaults.append((function, function.__defaults__, function.__kwdefaults__))
        _put_clocks(function, clocks)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        for function, positional, named in defaults:
            function.__defaults__, function.__kwdefaults__ = positional, named


def _date(loop: SimLoop, usegmt: bool = True) -> str:
    return email.utils.formatdate(loop.wall_s(), usegmt=usegmt)


def _urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _time(loop: SimLoop) -> SimpleNamespace:
    looks = 0

    def fine_s() -> float:
        nonlocal looks
        looks += 1
        return loop.now_s + looks * LOOK_S

    return SimpleNamespace(
        time=loop.wall_s,
        time_ns=lambda: int(loop.wall_s() * 1e9),
        monotonic=loop.time,
        monotonic_ns=lambda: int(loop.now_s * 1e9),
        perf_counter=fine_s,
    )


@cache
def _modules() -> list[ModuleType]:
    for package in (floruntime.client, floruntime.server, floruntime.engine):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("jetstream"):
                import_module(found.name)
    names = sorted(name for name in sys.modules if name.startswith("floruntime."))
    return [sys.modules[name] for name in (*names, *OF_OTHERS)]


@cache
def _names_from_outside() -> list[tuple[ModuleType, str, Any]]:
    """Where modules of Flo have what comes from outside."""
    outside = [time, random, secrets, email, email.utils.formatdate]
    return [
        (module, name, value)
        for module in _modules()
        for name, value in vars(module).items()
        if any(value is each for each in outside)
    ]


_CLOCKS: set[Any] = {time.monotonic, time.monotonic_ns, time.perf_counter, time.time}


@cache
def _functions_with_clocks() -> list[FunctionType]:
    """Those that look at a clock of the machine unless told."""
    found: dict[int, FunctionType] = {}
    for module in _modules():
        for thing in vars(module).values():
            members = vars(thing).values() if isinstance(thing, type) else (thing,)
            for member in members:
                if isinstance(member, FunctionType) and _has_clock(member):
                    found[id(member)] = member
    return list(found.values())


def _has_clock(function: FunctionType) -> bool:
    values = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return any(callable(value) and value in _CLOCKS for value in values)


def _put_clocks(function: FunctionType, clocks: dict[Any, Any]) -> None:
    def told(value: Any) -> Any:
        return clocks.get(value, value) if callable(value) else value

    if function.__defaults__:
        function.__defaults__ = tuple(map(told, function.__defaults__))
    if function.__kwdefaults__:
        function.__kwdefaults__ = {n: told(v) for n, v in function.__kwdefaults__.items()}
