"""Tokens: made, listed and revoked by an admin, minted for pages by a backend."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from typing import NamedTuple

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.choices import choice
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.core import defaults
from floruntime.core.console import Identity, WhoAmI
from floruntime.core.errors import BadTypeError
from floruntime.core.limits import shown
from floruntime.core.token import (
    ID_CHARS,
    PREFIX,
    SECRET_BYTES,
    MintedToken,
    Role,
    TokenCreate,
    TokenInfo,
    TokenList,
    TokenMint,
    TokenRevoke,
    hash_of,
)
from floruntime.core.types import Page

_ID_ALPHABET = string.ascii_lowercase + string.digits


def _listed(field: str, texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise BadTypeError(f"{field} is the text {shown(texts)}; it must be a list")
    return list(texts)


class NewToken(NamedTuple):
    """A token just made. `token` is its text, which nobody can tell again."""

    token: str
    info: TokenInfo


class Tokens(Part):
    """`client.tokens`. All but `mint` and `whoami` is for the role `admin`; others get
    `ForbiddenError`.

    Every method takes `timeout_ms`, by default the client's own.
    """

    def create(
        self,
        role: Role | str,
        *,
        namespaces: Iterable[str] = (),
        lifetime_ms: int | None = None,
        description: str | None = None,
        scopes: Iterable[str] = (),
        timeout_ms: int | None = None,
    ) -> Operation[NewToken]:
        """Make a token.

        Its secret is made here, and only a hash of it is sent. The first token of a server turns
        tokens on: connections without one are closed, this client's too, once it has its answer.
        `namespaces`: those that it is for, 100 at most; by default all (an admin's is for all).
        `lifetime_ms`: after how long it ends, up to ten years; by default it does not.
        `description`: a text of up to 4 KiB for people; by default none.
        `scopes`: of all that the role may do, only what one of these names, such as
        `read:kv:flag:*` or `append:stream:chat`, 100 at most; by default all.

        Raises `BadRequestError` on a role that there is not, on a scope that is malformed or that
        the role can never use, and on values out of these limits, `ConflictError` where there are
        10,000 tokens already.
        """
        id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_CHARS))
        text = f"{PREFIX}{id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        chosen = choice("role", role, Role)
        request = TokenCreate(
            id,
            hash_of(text),
            chosen,
            _listed("namespaces", namespaces),
            lifetime_ms,
            description,
            _listed("scopes", scopes),
        )
        return self._call_for(lambda info: NewToken(text, info), request, None, timeout_ms)

    def mint(
        self,
        *,
        scopes: Iterable[str],
        expires_ms: int = defaults.MINTED_MS,
        namespaces: Iterable[str] | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[MintedToken]:
        """Make a token for one page: of the role `web`, short, and kept nowhere.

        A `backend` may do this, too, within its own namespaces and scopes. It works without tokens
        as well, and turns none on.
        `scopes`: what the page may do, such as `append:stream:chat:42`, 1 to 100.
        `expires_ms`: after how long it ends, up to an hour, ten minutes unless given; never later
        than this client's own token, whose revocation ends it at once.
        `namespaces`: those that it is for, 100 at most; by default those of this client's token.

        Raises `BadRequestError` on a scope that is malformed or of no use to a page, and on values
        out of these limits, `ForbiddenError` on scopes and namespaces beyond this client's own.
        """
        request = TokenMint(
            _listed("scopes", scopes),
            expires_ms,
            None if namespaces is None else _listed("namespaces", namespaces),
        )
        return self._call(request, None, timeout_ms)

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

    def whoami(self, *, timeout_ms: int | None = None) -> Operation[Identity]:
        """What this client may do: its role, namespaces and scopes (`None`: all), and until when.

        It is for every role, with and without tokens. Raises what the connection raises.
        """
        return self._call(WhoAmI(), None, timeout_ms)
