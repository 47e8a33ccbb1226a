"""Listeners: told in turns of their own, and in nobody's way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime.client.link.listeners import Listeners
from floruntime.core.errors import BadTypeError


async def test_plain_and_async_functions_are_told_until_they_are_stopped() -> None:
    told: list[Any] = []
    listeners: Listeners[[int]] = Listeners()

    async def slow(number: int) -> None:
        await asyncio.sleep(0)
        told.append(("slow", number))

    stop = listeners.add(lambda number: told.append(("plain", number)))
    listeners.add(slow)
    listeners.tell(1)
    assert not told
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == [("plain", 1), ("slow", 1)]
    stop()
    stop()
    listeners.tell(2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told[2:] == [("slow", 2)]


async def test_one_that_is_stopped_before_its_turn_is_not_told() -> None:
    told: list[int] = []
    listeners: Listeners[[int]] = Listeners()
    stop = listeners.add(told.append)
    listeners.tell(1)
    stop()
    await asyncio.sleep(0)
    assert not told


async def test_what_one_raises_is_logged_and_the_others_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[int] = []
    listeners: Listeners[[int]] = Listeners()

    def broken(number: int) -> None:
        raise ValueError(f"cannot take {number}")

    listeners.add(broken)
    listeners.add(told.append)
    listeners.tell(7)
    await asyncio.sleep(0)
    assert told == [7]
    assert "cannot take 7" in caplog.text


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(BadTypeError, match="must be a function, not str"):
        Listeners().add("listener")  # type: ignore[arg-type]  # a mistake
