"""What a server knows a client by: a text, or what gives one whenever the client connects."""

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
"""A token, or a function that is asked for one at each connection: tokens run out."""

FINAL = (BadRequestError, ForbiddenError, UnauthorizedError)
"""Refusals of a greeting that no other attempt with the same token heals."""
REFUSED_MAX = 3
"""How many tokens in a row may be refused, where each was another one."""


def check_token(token: Token | None) -> Token | None:
    """`token`, if it can be one. Raises `BadTypeError`."""
    if token is None or isinstance(token, str) or callable(token):
        return token
    raise BadTypeError(f"token must be text or a function, not {type(token).__name__}")


class TokenSource:
    """Gives the token of each greeting, and remembers which were refused."""

    def __init__(self, token: Token | None, timeout_s: float) -> None:
        self._token = token
        self._timeout_s = timeout_s
        self._given: str | None = None
        self._refused: FloError | None = None
        self._refused_total = 0

    async def next(self) -> str | None:
        """The token to greet with.

        Raises the server's refusal where it would be the token that was refused last, and
        `ConnectionFailedError` where the function gives none.
        """
        if self._token is None or isinstance(self._token, str):
            return self._token
        given = await self._ask(self._token)
        if self._refused is not None and given == self._given:
            raise self._refused
        self._given = given
        return given

    def taken(self) -> None:
        """The server took it."""
        self._refused = None
        self._refused_total = 0

    def is_final(self, error: FloError) -> bool:
        """Connecting failed with `error`: whether there is no use in trying again."""
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
