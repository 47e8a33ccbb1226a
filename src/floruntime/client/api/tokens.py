"""Tokens: made, listed and revoked by an admin."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from typing import NamedTuple

from floruntime.client.api.caller import Part
from floruntime.client.api.choices import choice
from floruntime.client.api.operation import Operation
from floruntime.client.api.pages import as_page
from floruntime.core import defaults
from floruntime.core.errors import BadTypeError
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


class Tokens(Part):
    """`client.tokens`. All of it is for the role `admin`; others get `ForbiddenError`.

    Every method takes `timeout_ms`, by default the client's own.
    """

    def create(
        self,
        role: Role | str,
        *,
        namespaces: Iterable[str] = (),
        lifetime_ms: int | None = None,
        description: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[NewToken]:
        """Make a token.

        Its secret is made here, and only a hash of it is sent. The first token of a server turns
        tokens on: whoever came without one is cut, this client too, once it has its answer.
        `namespaces`: those that it is for, 100 at most; by default all (an admin's is for all).
        `lifetime_ms`: after how long it ends, up to ten years; by default it does not.
        `description`: a text of up to 4 KiB for people; by default none.

        Raises `BadRequestError` on a role that there is not and on values out of these limits,
        `ConflictError` where there are 10,000 tokens already.
        """
        if isinstance(namespaces, str):
            raise BadTypeError(f"namespaces is the text {shown(namespaces)}; it must be a list")
        id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_CHARS))
        text = f"{PREFIX}{id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        chosen = choice("role", role, Role)
        request = TokenCreate(id, hash_of(text), chosen, list(namespaces), lifetime_ms, description)
        return self._call_for(lambda info: NewToken(text, info), request, None, timeout_ms)

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[TokenInfo]]:
        """A page of the tokens, by id; expired and revoked ones for 30 days after.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._call_for(as_page, TokenList(limit, cursor), None, timeout_ms)

    def revoke(self, id: str, *, timeout_ms: int | None = None) -> Operation[TokenInfo]:
        """Let a token's holders in no longer, and cut those who are.

        Raises `NotFoundError` where there is no such token.
        """
        return self._call(TokenRevoke(id), None, timeout_ms)
