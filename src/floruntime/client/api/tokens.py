"""Tokens: made, listed and revoked by an admin."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from typing import NamedTuple

from floruntime.client.api.caller import Caller
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.core.token import (
    ID_CHARS,
    PREFIX,
    SECRET_BYTES,
    Role,
    TokenCreate,
    TokenInfo,
    TokenList,
    TokenRevoke,
    hash_of,
)
from floruntime.core.types import Page

_ID_ALPHABET = string.ascii_lowercase + string.digits


class NewToken(NamedTuple):
    """A token just made. `token` is its text, which nobody can tell again."""

    token: str
    info: TokenInfo


class Tokens:
    """`client.tokens`. All of it is for the role `admin`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def create(
        self,
        role: Role | str,
        *,
        namespaces: Iterable[str] = (),
        lifetime_ms: int | None = None,
        description: str | None = None,
    ) -> NewToken:
        """Make a token for `namespaces` (all, if none is named) that ends after `lifetime_ms`.

        Its secret is made here, and only a hash of it is sent. The first token of a server turns
        tokens on: whoever came without one is cut, this client too, once it has its answer.
        """
        if isinstance(namespaces, str):
            raise BadRequestError(f"namespaces is the text {namespaces!r}; it must be a list")
        id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_CHARS))
        text = f"{PREFIX}{id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        request = TokenCreate(
            id, hash_of(text), _role(role), list(namespaces), lifetime_ms, description
        )
        return NewToken(text, await self._caller.call(request))

    async def list(self, *, limit: int = 100, cursor: str | None = None) -> Page[TokenInfo]:
        """A page of the tokens, by id; expired and revoked ones for 30 days after."""
        reply = await self._caller.call(TokenList(limit, cursor))
        return Page(reply.items, reply.cursor)

    async def revoke(self, id: str) -> TokenInfo:
        """Let a token's holders in no longer, and cut those who are. `NotFoundError`."""
        return await self._caller.call(TokenRevoke(id))


def _role(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise BadRequestError(
            f"role is {shown(role)}; it must be one of {', '.join(Role)}"
        ) from None
