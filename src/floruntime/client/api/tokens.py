"""`client.tokens`: an admin creates, lists and revokes tokens; a back end mints them for pages."""

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
    """A new token. `token` is its text, which cannot be shown again."""

    token: str
    info: TokenInfo


class Tokens(Part):
    """`client.tokens`.

    All methods but `mint` and `whoami` are for the role `admin`; other roles get `ForbiddenError`.
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
        """Create a token.

        The client makes its secret and sends only its hash. The first token of a server turns
        tokens on: connections without one are closed. This client's own connection is closed too,
        after it has its answer.

        - `namespaces`: the token works in these only, at most 100; by default in all. A token of an
          admin works in all.
        - `lifetime_ms`: when the token expires, from now, up to ten years; by default never.
        - `description`: a text of up to 4 KiB for people; none by default.
        - `scopes`: the token allows only what one of these names, of all that its role may do. A
          scope is such as `read:kv:flag:*` or `append:stream:chat`; at most 100, by default all.

        Raises `BadRequestError` if there is no such role, if a scope is malformed or of no use to
        the role, or if a value is out of these limits; `ConflictError` if there are 10,000 tokens
        already.
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
        """Mint a token for one web page: of the role `web`, with a short life, and stored nowhere.

        A `backend` may do this too, within its own namespaces and scopes. It also works on a server
        without tokens, and does not turn tokens on.

        - `scopes`: what the page may do, such as `append:stream:chat:42`; 1 to 100.
        - `expires_ms`: when the token expires, from now; default ten minutes, at most an hour. It
          never lasts longer than this client's own token. Revoking that token ends the minted one
          at once.
        - `namespaces`: the token works in these only, at most 100; by default in those of this
          client's token.

        Raises `BadRequestError` if a scope is malformed or of no use to a page, or if a value is
        out of these limits; `ForbiddenError` if scopes or namespaces go beyond this client's own.
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
        """List the tokens by id, one page at a time.

        Expired and revoked tokens are listed for 30 days. `limit`: 1 to 1,000; default 100.
        `cursor`: that of the previous page; without it, the first page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._call_for(as_page, TokenList(limit, cursor), None, timeout_ms)

    def revoke(self, id: str, *, timeout_ms: int | None = None) -> Operation[TokenInfo]:
        """Revoke a token: its holders cannot connect again, and their connections are closed.

        Raises `NotFoundError` if there is no such token.
        """
        return self._call(TokenRevoke(id), None, timeout_ms)

    def whoami(self, *, timeout_ms: int | None = None) -> Operation[Identity]:
        """Return what this client may do, and until when.

        That is its role, its namespaces and its scopes; `None` means all. The call is for every
        role, with and without tokens. Raises what the connection raises.
        """
        return self._call(WhoAmI(), None, timeout_ms)
