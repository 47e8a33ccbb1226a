"""Tokens: asked for at each connection, and when a refusal is final."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime.client.link.token import REFUSED_MAX, TokenSource, check_token
from floruntime.core.errors import (
    BadTypeError,
    ConnectionFailedError,
    ForbiddenError,
    OverloadedError,
    UnauthorizedError,
)
from tests.client.virtual_time import virtual


async def test_a_text_is_itself_and_a_function_is_asked_each_time() -> None:
    assert await TokenSource(None, 1).next() is None
    assert await TokenSource("t", 1).next() == "t"
    tokens = iter(["a", "b"])
    plain = TokenSource(lambda: next(tokens), 1)
    assert [await plain.next(), await plain.next()] == ["a", "b"]

    async def made() -> str:
        await asyncio.sleep(0)
        return "c"

    assert await TokenSource(made, 1).next() == "c"


@pytest.mark.parametrize("token", [5, b"bytes", ["t"]])
def test_what_is_no_token_is_refused(token: Any) -> None:
    with pytest.raises(BadTypeError, match="token must be text or a function"):
        check_token(token)


async def test_a_function_that_gives_none_is_a_failed_connection() -> None:
    def broken() -> str:
        raise ValueError("no key")

    with pytest.raises(ConnectionFailedError, match=r"token failed: ValueError\('no key'\)"):
        await TokenSource(broken, 1).next()
    with pytest.raises(BadTypeError, match="must return text, not NoneType"):
        await TokenSource(lambda: None, 1).next()  # type: ignore[arg-type]  # a mistake


@virtual
async def test_a_function_has_the_clients_time_out() -> None:
    async def never() -> str:
        await asyncio.Event().wait()
        return ""

    with pytest.raises(ConnectionFailedError, match="returned no token within 3 s"):
        await TokenSource(never, 3).next()


def test_a_text_that_is_refused_is_final_and_what_passes_is_not() -> None:
    source = TokenSource("t", 1)
    assert not source.is_final(OverloadedError("too many"))
    assert not source.is_final(ConnectionFailedError("refused"))
    assert source.is_final(UnauthorizedError("unknown"))
    assert TokenSource(None, 1).is_final(ForbiddenError("no"))


async def test_a_function_may_give_another_one_and_the_same_is_not_sent_twice() -> None:
    tokens = ["old", "new", "new"]
    source = TokenSource(lambda: tokens.pop(0), 1)
    assert await source.next() == "old"
    assert not source.is_final(UnauthorizedError("expired"))
    refusal = UnauthorizedError("expired, too")
    assert await source.next() == "new"
    assert not source.is_final(refusal)
    with pytest.raises(UnauthorizedError) as caught:
        await source.next()
    assert caught.value is refusal
    assert source.is_final(caught.value)


async def test_so_many_different_ones_in_a_row_are_enough() -> None:
    numbers = iter(range(100))
    source = TokenSource(lambda: f"t{next(numbers)}", 1)
    for number in range(1, REFUSED_MAX + 1):
        await source.next()
        assert source.is_final(UnauthorizedError("no")) is (number == REFUSED_MAX)
    source.taken()
    await source.next()
    assert not source.is_final(UnauthorizedError("no"))
