"""Errors by the names of the first SDK, and what kind each is."""

from __future__ import annotations

import pytest

import floruntime.compat.flo as flo
from floruntime import RequestTimeoutError


@pytest.mark.parametrize(
    ("error", "guard", "code"),
    [
        (flo.NotFoundError("x"), flo.is_not_found, flo.StatusCode.NOT_FOUND),
        (flo.ConflictError("x"), flo.is_conflict, flo.StatusCode.CONFLICT),
        (flo.KeyTooLargeError("x"), flo.is_bad_request, flo.StatusCode.BAD_REQUEST),
        (flo.UnauthorizedError("x"), flo.is_unauthorized, flo.StatusCode.UNAUTHORIZED),
        (flo.RateLimitedError("x"), flo.is_overloaded, flo.StatusCode.RATE_LIMITED),
        (flo.InternalServerError("x"), flo.is_internal, flo.StatusCode.INTERNAL_ERROR),
    ],
)
def test_each_has_its_guard_and_code(error: flo.FloError, guard: object, code: str) -> None:
    guards = [
        flo.is_not_found,
        flo.is_conflict,
        flo.is_bad_request,
        flo.is_unauthorized,
        flo.is_overloaded,
        flo.is_internal,
        flo.is_connection_error,
    ]
    assert [one for one in guards if one(error)] == [guard]
    assert error.code == code


@pytest.mark.parametrize(
    "error",
    [
        flo.ConnectionFailedError("x"),
        flo.NotConnectedError("x"),
        flo.UnexpectedEofError("x"),
        RequestTimeoutError("x"),
        TimeoutError(),
    ],
)
def test_connecting_again_may_help(error: BaseException) -> None:
    assert flo.is_connection_error(error)


async def test_the_server_tells_them(client: flo.FloClient) -> None:
    with pytest.raises(flo.NotFoundError) as caught:
        await client.action.status("no-such-run")
    assert flo.is_not_found(caught.value)
    with pytest.raises(flo.KeyTooLargeError):
        await client.kv.get("k" * 100_000)
