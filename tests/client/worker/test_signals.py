"""Signals, in an application that has handlers of its own and in one that has none."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from floruntime.client.worker import signals as module
from floruntime.client.worker.signals import ONE_SIGNAL_S, Signals


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def _former_handlers() -> Iterator[None]:
    """Nothing of a test is left; without handlers of the application's, Python's own are there."""
    before = {number: signal.getsignal(number) for number in module.SIGNALS}
    yield
    for number, handler in before.items():
        assert signal.getsignal(number) is handler or handler is None
        signal.signal(number, handler)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def send(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", module.SIGNALS)
async def test_every_listener_hears_of_the_first_signal(number: int) -> None:
    heard: list[str] = []
    signals = Signals()
    undo = [signals.listen(lambda name=name: heard.append(name)) for name in "ab"]  # type: ignore[misc]  # bound now
    send(number)
    await turns()
    assert heard == ["a", "b"]
    for each in undo:
        each()


async def test_one_that_has_ended_hears_nothing() -> None:
    heard: list[str] = []
    signals = Signals()
    signals.listen(lambda: heard.append("a"))()
    stop = signals.listen(lambda: heard.append("b"))
    send()
    await turns()
    assert heard == ["b"]
    stop()


async def test_signals_within_a_second_are_one_and_a_later_one_is_passed_on() -> None:
    clock, heard, passed_on = Clock(), [], []
    undo_default = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signals = Signals(clock)
    stop = signals.listen(lambda: heard.append("stop"))
    for moved_s in (0.0, 0.1, ONE_SIGNAL_S - 0.2):
        clock.now_s += moved_s
        send(signal.SIGTERM)
        send(signal.SIGINT)
    await turns()
    assert heard == ["stop"]
    clock.now_s += 0.2
    kill = os.kill
    try:
        # What would end the process is only noted.
        os.kill = lambda pid, number: passed_on.append(number)
        kill(os.getpid(), signal.SIGTERM)
        await turns()
    finally:
        os.kill = kill
    assert passed_on == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    stop()
    signal.signal(signal.SIGTERM, undo_default)


async def test_an_applications_handler_is_called_for_each_signal_and_comes_back() -> None:
    clock, heard, own = Clock(), [], []

    def application(number: int, frame: Any) -> None:
        own.append(number)

    before = signal.signal(signal.SIGTERM, application)
    stop = Signals(clock).listen(lambda: heard.append("stop"))
    send()
    send()
    clock.now_s += 2 * ONE_SIGNAL_S
    send()
    send()
    await turns()
    assert own == [signal.SIGTERM] * 4
    assert heard == ["stop"]
    stop()
    assert signal.getsignal(signal.SIGTERM) is application
    signal.signal(signal.SIGTERM, before)


async def test_a_handler_of_the_loop_is_called_too_and_stays() -> None:
    heard: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, heard.append, "application")
    stop = Signals().listen(lambda: heard.append("worker"))
    send()
    await turns()
    assert sorted(heard) == ["application", "worker"]
    stop()
    send()
    await turns()
    assert heard.count("application") == 2
    loop.remove_signal_handler(signal.SIGTERM)
    signal.signal(signal.SIGTERM, before)


async def test_a_handler_that_was_set_meanwhile_is_left_alone() -> None:
    heard: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    loop = asyncio.get_running_loop()
    stop = Signals().listen(lambda: heard.append("worker"))
    loop.add_signal_handler(signal.SIGTERM, heard.append, "application")
    stop()
    send()
    await turns()
    assert heard == ["application"]
    loop.remove_signal_handler(signal.SIGTERM)
    signal.signal(signal.SIGTERM, before)


def test_a_loop_that_sleeps_is_woken() -> None:
    async def sleep_long() -> str:
        stopped = asyncio.Event()
        stop = Signals().listen(stopped.set)
        main = threading.main_thread().ident
        assert main is not None
        threading.Thread(target=signal.pthread_kill, args=(main, signal.SIGTERM)).start()
        async with asyncio.timeout(20):
            await stopped.wait()
        stop()
        return "woken"

    assert asyncio.run(sleep_long()) == "woken"


def test_in_a_thread_nothing_is_done() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def listen() -> None:
        stop = Signals().listen(lambda: None)
        assert signal.getsignal(signal.SIGTERM) is before
        stop()

    thread = threading.Thread(target=asyncio.run, args=(listen(),))
    thread.start()
    thread.join()


async def test_the_child_of_a_fork_has_none_of_its_parents_listeners() -> None:
    before = signal.getsignal(signal.SIGTERM)
    heard: list[str] = []
    signals = Signals()
    stop = signals.listen(lambda: heard.append("parent"))
    signals.forget()
    assert signal.getsignal(signal.SIGTERM) is before
    again = signals.listen(lambda: heard.append("child"))
    send()
    await turns()
    assert heard == ["child"]
    again()
    stop()
