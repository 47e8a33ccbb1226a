"""The token that a client shows to a server: a text, or a function that returns one."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from floruntime.core.errors import (
    BadRequestError,
    BadTypeError,
    ConnectionFailedError,
    FloError,
    ForbiddenError,
    UnauthorizedError,
)

Token = str | Callable[[], str | Awaitable[str]]
"""A token, or a function that returns one. The client calls it each time it connects, because
tokens expire.
"""

FINAL = (BadRequestError, ForbiddenError, UnauthorizedError)
"""Refusals of a greeting: another attempt with the same token would be refused, too."""
REFUSED_MAX = 3
"""How many different tokens in a row may be refused before the client gives up."""


def check_token(token: Token | None) -> Token | None:
    """Return `token`. Raises `BadTypeError` unless it is text, a function or `None`."""
    if token is None or isinstance(token, str) or callable(token):
        return token
    raise BadTypeError(f"token must be text or a function, not {type(token).__name__}")


class TokenSource:
    """Gives the token of each greeting, and remembers the last refusal."""

    def __init__(self, token: Token | None, timeout_s: float) -> None:
        self._token = token
        self._timeout_s = timeout_s
        self._given: str | None = None
        self._refused: FloError | None = None
        self._refused_total = 0

    async def next(self) -> str | None:
        """The token to greet with.

        Raises the server's last refusal if the function returns the same token again, and
        `ConnectionFailedError` if the function fails or returns nothing in time.
        """
        if self._token is None or isinstance(self._token, str):
            return self._token
        given = await self._ask(self._token)
        if self._refused is not None and given == self._given:
            raise self._refused
        self._given = given
        return given

    def taken(self) -> None:
        """The server accepted the token."""
        self._refused = None
        self._refused_total = 0

    def is_final(self, error: FloError) -> bool:
        """Connecting failed with `error`: tell whether trying again is of no use."""
        if not isinstance(error, FINAL):
            return False
        is_same = not callable(self._token) or error is self._refused
        self._refused = error
        self._refused_total += 1
        return is_same or self._refused_total >= REFUSED_MAX

    async def _ask(self, token: Callable[[], str | Awaitable[str]]) -> str:
        try:
            async with asyncio.timeout(self._timeout_s):
                given = token()
                if inspect.isawaitable(given):
                    given = await given
        except FloError:
            raise
        except TimeoutError:
            raise ConnectionFailedError(
                f"the function token returned no token within {self._timeout_s:g} s"
            ) from None
        except Exception as error:
            raise ConnectionFailedError(f"the function token failed: {error!r}") from error
        if not isinstance(given, str):
            raise BadTypeError(f"the function token must return text, not {type(given).__name__}")
        return given
