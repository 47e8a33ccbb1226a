"""Tokens that a back end mints for web pages: signed, short-lived, and stored nowhere.

A key that only the server has signs their claims. They depend on the token of their minter: when
that ends, they end, too.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Protocol

import msgspec

from floruntime.core import limits
from floruntime.core.errors import (
    BadRequestError,
    ForbiddenError,
    UnauthorizedError,
    UnavailableError,
)
from floruntime.core.scope import check_scopes
from floruntime.core.token import MINTED_PREFIX, MintedToken, MintKeyMake, Role, TokenMint
from floruntime.engine.machine import Outcome
from floruntime.engine.state.tx import View
from floruntime.engine.system import mint_keys
from floruntime.server.access.grant import Grant
from floruntime.server.access.not_known import NotKnownError
from floruntime.server.access.scopes import Scopes

KEY_BYTES = 32
_MALFORMED = "the minted token is malformed, or part of it is missing"
_encode = msgspec.msgpack.Encoder().encode


class Claims(msgspec.Struct, array_like=True, frozen=True):
    """What a minted token says. `namespaces`: `None` for all. `token_id`: of the minter's token.
    `is_open`: its minter had none, and needed none. `session_id`: of the minter's session of the
    console.
    """

    key: int
    scopes: list[str]
    namespaces: list[str] | None
    expires_at_ms: int
    token_id: str | None
    is_open: bool
    session_id: str | None = None


_decode = msgspec.msgpack.Decoder(Claims).decode


class KeyMaker(Protocol):
    """What holds the keys; see `Commit`."""

    listeners: dict[str, Callable[[], None]]

    def submit_own(self, command: MintKeyMake, /) -> Outcome: ...


class Mint:
    """Signs tokens, and judges those that it has signed. `view` gives the durable state."""

    def __init__(self, view: Callable[[], View]) -> None:
        self._view = view
        self._waiting: list[asyncio.Future[None]] = []

    # Minting

    async def mint(
        self, maker: KeyMaker | None, minter: Grant, request: TokenMint, now_ms: int
    ) -> MintedToken:
        """A new token, at most what `minter` may do. Raises the refusal.

        `maker` makes a key where one is needed; `None`: whoever does so sees to it unasked.
        """
        scopes = _scopes(minter, request)
        namespaces = _namespaces(minter, request)
        limits.check_range("expires_ms", request.expires_ms, 1, limits.MINTED_MS_MAX)
        expires_at_ms = now_ms + request.expires_ms
        if minter.expires_at_ms is not None:
            expires_at_ms = min(expires_at_ms, minter.expires_at_ms)
        key = mint_keys.signing_key(self._view(), 0 if maker is None else now_ms)
        if key is None and maker is None:
            raise UnavailableError("there is no key to sign tokens with yet; try again")
        if key is None:
            assert maker is not None
            await self._make_key(maker)
            key = mint_keys.signing_key(self._view(), now_ms)
            assert key is not None, "it was just made"
        number, row = key
        claims = Claims(
            *(number, scopes, namespaces, expires_at_ms),
            *(minter.token_id, minter.is_open, minter.session_id),
        )
        said = _text(_encode(claims))
        token = f"{MINTED_PREFIX}{said}.{_text(_signature(row.secret, said))}"
        if len(token) > limits.MINTED_CHARS_MAX:
            raise BadRequestError(
                f"these scopes and namespaces make a token of {len(token)} characters; at most "
                f"{limits.MINTED_CHARS_MAX} are allowed: name fewer, or shorter ones"
            )
        return MintedToken(token, expires_at_ms)

    async def _make_key(self, maker: KeyMaker) -> None:
        """Have a key made, and wait until it is durable; for all who want one at once."""
        maker.listeners[mint_keys.CHANGED[1]] = self._key_made
        made: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(made)
        if len(self._waiting) == 1:
            outcome = maker.submit_own(MintKeyMake(secrets.token_bytes(KEY_BYTES)))
            if outcome.error is not None:
                self._waiting.clear()
                raise outcome.error
        await made

    def _key_made(self) -> None:
        waiting, self._waiting = self._waiting, []
        for made in waiting:
            if not made.done():
                made.set_result(None)

    def stop(self) -> None:
        """Nobody waits for a key any more."""
        waiting, self._waiting = self._waiting, []
        for made in waiting:
            if not made.done():
                made.set_exception(UnavailableError("the server is stopping"))

    # Judging

    def grant_of(self, token: str, now_ms: int) -> Grant:
        """What the token lets its holder do, its minter aside. Raises `UnauthorizedError`."""
        said, _, signature = token.removeprefix(MINTED_PREFIX).partition(".")
        claims = self._verified(said, signature)
        if claims.expires_at_ms <= now_ms:
            raise UnauthorizedError("the token has expired")
        return _as_grant(claims)

    def _verified(self, said: str, signature: str) -> Claims:
        try:
            if len(said) > limits.MINTED_CHARS_MAX:
                raise ValueError("no token of ours is so long")
            claims = _decode(_bytes(said))
            given = _bytes(signature)
        except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError):
            raise UnauthorizedError(_MALFORMED) from None
        row = mint_keys.find_key(self._view(), claims.key) if claims.key > 0 else None
        if row is None:
            raise NotKnownError("the token is signed with a key that is no longer known")
        if not hmac.compare_digest(_signature(row.secret, said), given):
            raise UnauthorizedError("the token's signature is wrong")
        return claims


def _as_grant(claims: Claims) -> Grant:
    """Those who may do the same by the same minter are one holder: a page that comes again with its
    next token finds its writes remembered.
    """
    same = _encode((claims.token_id, claims.scopes, claims.namespaces, claims.is_open))
    if claims.session_id is not None:
        same += claims.session_id.encode()
    return Grant(
        Role.WEB,
        f"minted {hashlib.sha256(same).hexdigest()[:32]}",
        None if claims.namespaces is None else frozenset(claims.namespaces),
        Scopes(claims.scopes),
        claims.token_id,
        claims.expires_at_ms,
        is_open=claims.is_open,
        who=f"minted by {f'token {claims.token_id}' if claims.token_id else 'no token'}",
        minted_by_session=claims.session_id,
    )


def _scopes(minter: Grant, request: TokenMint) -> list[str]:
    limits.check_range("the length of scopes", len(request.scopes), 1, limits.TOKEN_SCOPES_MAX)
    for scope in check_scopes(Role.WEB, request.scopes):
        if minter.scopes is not None and not minter.scopes.include(scope):
            raise ForbiddenError(
                f"scope {limits.shown(scope.text)} is beyond the minter's own scopes"
            )
    return sorted(set(request.scopes))


def _namespaces(minter: Grant, request: TokenMint) -> list[str] | None:
    own = minter.namespaces
    if request.namespaces is None:
        return None if own is None else sorted(own)
    limits.check_range(
        "the length of namespaces", len(request.namespaces), 1, limits.TOKEN_NAMESPACES_MAX
    )
    for name in request.namespaces:
        limits.check_namespace(name)
        if own is not None and name not in own:
            raise ForbiddenError(f"this token is not for namespace {limits.shown(name)}")
    return sorted(set(request.namespaces))


def _signature(secret: bytes, said: str) -> bytes:
    return hmac.digest(secret, said.encode(), "sha256")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Raises `ValueError` on what is no such text."""
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
