"""`Tokens`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterable

from floruntime.client.api.tokens import NewToken
from floruntime.client.api.tokens import Tokens as AsyncTokens
from floruntime.core import defaults
from floruntime.core.console import Identity
from floruntime.core.token import MintedToken, Role, TokenInfo
from floruntime.core.types import Page
from floruntime.sync.standing import PartOf


class Tokens(PartOf[AsyncTokens]):
    """`client.tokens`. All but `mint` and `whoami` is for the role `admin`; others get
    `ForbiddenError`.

    Every method takes `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncTokens:
        return self._bridge.client.tokens

    def create(
        self,
        role: Role | str,
        *,
        namespaces: Iterable[str] = (),
        lifetime_ms: int | None = None,
        description: str | None = None,
        scopes: Iterable[str] = (),
        timeout_ms: int | None = None,
    ) -> NewToken:
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
        return self._bridge.run(
            self._of.create(
                role,
                namespaces=namespaces,
                lifetime_ms=lifetime_ms,
                description=description,
                scopes=scopes,
                timeout_ms=timeout_ms,
            )
        )

    def mint(
        self,
        *,
        scopes: Iterable[str],
        expires_ms: int = defaults.MINTED_MS,
        namespaces: Iterable[str] | None = None,
        timeout_ms: int | None = None,
    ) -> MintedToken:
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
        return self._bridge.run(
            self._of.mint(
                scopes=scopes, expires_ms=expires_ms, namespaces=namespaces, timeout_ms=timeout_ms
            )
        )

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[TokenInfo]:
        """A page of the tokens, by id; expired and revoked ones for 30 days after.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._bridge.run(self._of.list(limit=limit, cursor=cursor, timeout_ms=timeout_ms))

    def revoke(self, id: str, *, timeout_ms: int | None = None) -> TokenInfo:
        """Let a token's holders in no longer, and cut those who are.

        Raises `NotFoundError` where there is no such token.
        """
        return self._bridge.run(self._of.revoke(id, timeout_ms=timeout_ms))

    def whoami(self, *, timeout_ms: int | None = None) -> Identity:
        """What this client may do: its role, namespaces and scopes (`None`: all), and until when.

        It is for every role, with and without tokens. Raises what the connection raises.
        """
        return self._bridge.run(self._of.whoami(timeout_ms=timeout_ms))
