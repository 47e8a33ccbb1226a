"""Tokens: rows that say who may do what. The server judges whether a request is allowed.

Once a token was ever made, tokens are on permanently: revoking the last one locks everybody out
rather than letting everybody in. So the first token must be an admin's. An expired or revoked token
stays listed for a while, so that its holder can be told.
"""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.scope import check_scopes
from floruntime.core.token import (
    ID_CHARS,
    Role,
    TokenAdopt,
    TokenCreate,
    TokenInfo,
    TokenList,
    TokenListReply,
    TokenRevoke,
)
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.tx import Topic, Tx, View
from floruntime.engine.system import timers

HASH_BYTES = 32
_ID = re.compile(rf"[a-z0-9]{{{ID_CHARS}}}")
ADOPTED = "named by the server's setting admin_token_file"
CHANGED: Final[Topic] = ("", "token", "")
"""What is touched by every change of tokens; they belong to no namespace."""


class TokenRow(Value, frozen=True):
    """`number`: tells this token's timers from those of others."""

    number: int
    hash: bytes
    role: Role
    namespaces: list[str]
    created_at_ms: int
    expires_at_ms: int | None
    revoked_at_ms: int | None
    description: str | None
    scopes: list[str] = []


class TokensRow(Value, frozen=True):
    """`count`: how many are kept. `created_total`: how many were ever made. `adopted`: the id of
    the one that the server's settings name, if they ever named one.
    """

    count: int = 0
    created_total: int = 0
    adopted: str = ""


TOKEN: Final[Table[TokenRow]] = Table(b"tk", TokenRow, tail="token id", cached=True)
TOKENS: Final[Table[TokensRow]] = Table(b"ta", TokensRow, cached=True)
_TOKENS_KEY = TOKENS.key()


def _key(id: str) -> bytes:
    return TOKEN.key(tail=id.encode())


def are_on(view: View) -> bool:
    """Whether nobody gets in without a token."""
    row = view.get(TOKENS, _TOKENS_KEY)
    return row is not None and row.created_total > 0


def find_token(view: View, id: str) -> TokenRow | None:
    """The token `id`, valid or not."""
    return view.get(TOKEN, _key(id))


def create(tx: Tx, request: TokenCreate) -> TokenInfo:
    _check(request)
    if find_token(tx, request.id) is not None:
        raise ConflictError(f"token {request.id} exists already")
    tokens = _tokens(tx)
    if tokens.count >= limits.TOKENS_MAX:
        raise ConflictError(f"there are {tokens.count} tokens already; revoke some")
    if not tokens.created_total:
        _check_first(request)
    expires_at_ms = None if request.lifetime_ms is None else tx.now_ms + request.lifetime_ms
    row = TokenRow(
        tx.next_id(),
        request.hash,
        request.role,
        sorted(set(request.namespaces)),
        tx.now_ms,
        expires_at_ms,
        None,
        request.description,
        sorted(set(request.scopes)),
    )
    _add(tx, request.id, row)
    if expires_at_ms is not None:
        _forget_later(tx, expires_at_ms, request.id, row)
    tx.touch(CHANGED)
    return _info(request.id, row)


def _check_first(request: TokenCreate) -> None:
    """The first one turns tokens on; whoever has it must be able to make another."""
    given = f"role is {request.role.value!r}" if request.role is not Role.ADMIN else ""
    if not given and request.scopes:
        given = "scopes are given"
    if given:
        raise BadRequestError(
            f"{given}, and there is no token yet; the first one turns tokens on, so it must "
            "have the role admin and no scopes, or nobody could create another"
        )


def _tokens(tx: Tx) -> TokensRow:
    return tx.get(TOKENS, _TOKENS_KEY) or TokensRow()


def _add(tx: Tx, id: str, row: TokenRow) -> None:
    tokens = _tokens(tx)
    tx.put(TOKEN, _key(id), row)
    counted = replace(tokens, count=tokens.count + 1, created_total=tokens.created_total + 1)
    tx.put(TOKENS, _TOKENS_KEY, counted)


def adopt(tx: Tx, request: TokenAdopt) -> TokenInfo:
    """The one before goes only when there is a new one: the settings may stop naming any."""
    row = find_token(tx, request.id)
    if row is None:
        number = tx.next_id()
        row = TokenRow(number, request.hash, Role.ADMIN, [], tx.now_ms, None, None, ADOPTED)
        _add(tx, request.id, row)
    elif row.hash != request.hash or row.role is not Role.ADMIN:
        raise ConflictError(
            f"it has the id of token {request.id}, of the role {row.role.value}; write a "
            "token of the role admin into it, or one that this server has not created"
        )
    before = _tokens(tx).adopted
    if before != request.id:
        old = find_token(tx, before)
        if old is not None and old.revoked_at_ms is None:
            _revoked(tx, before, old)
        tx.put(TOKENS, _TOKENS_KEY, replace(_tokens(tx), adopted=request.id))
        tx.touch(CHANGED)
    return _info(request.id, row)


def _check(request: TokenCreate) -> None:
    if not _ID.fullmatch(request.id):
        raise BadRequestError(
            f"id is {limits.shown(request.id)}; it must be {ID_CHARS} letters a to z or digits"
        )
    if len(request.hash) != HASH_BYTES:
        raise BadRequestError(f"hash has {len(request.hash)} bytes; a SHA-256 has {HASH_BYTES}")
    limits.check_range(
        "the length of namespaces", len(request.namespaces), 0, limits.TOKEN_NAMESPACES_MAX
    )
    for namespace in request.namespaces:
        limits.check_namespace(namespace)
    if request.role is Role.ADMIN and request.namespaces:
        raise BadRequestError(
            "namespaces are given, but a token of the role admin is for all of them; leave them out"
        )
    if request.lifetime_ms is not None:
        limits.check_duration("lifetime_ms", request.lifetime_ms, low=1)
    limits.check_text("description", request.description)
    check_scopes(request.role, request.scopes)


def revoke(tx: Tx, request: TokenRevoke) -> TokenInfo:
    row = find_token(tx, request.id)
    if row is None:
        raise NotFoundError(f"token {limits.shown(request.id)} does not exist")
    if row.revoked_at_ms is None:
        row = _revoked(tx, request.id, row)
        tx.touch(CHANGED)
    return _info(request.id, row)


def _revoked(tx: Tx, id: str, row: TokenRow) -> TokenRow:
    if row.expires_at_ms is not None:
        _forget_no_more(tx, row.expires_at_ms, row)
    row = replace(row, revoked_at_ms=tx.now_ms)
    tx.put(TOKEN, _key(id), row)
    _forget_later(tx, tx.now_ms, id, row)
    return row


def _forget_later(tx: Tx, over_at_ms: int, id: str, row: TokenRow) -> None:
    due_ms = over_at_ms + limits.TOKEN_KEPT_MS
    timers.set_timer(tx, due_ms, timers.TOKEN_FORGET, row.number, data=id)


def _forget_no_more(tx: Tx, over_at_ms: int, row: TokenRow) -> None:
    timers.cancel_timer(tx, over_at_ms + limits.TOKEN_KEPT_MS, timers.TOKEN_FORGET, row.number)


def forget(tx: Tx, due_ms: int, number: int, item: int, id: Any) -> None:
    """Drop a token that has been over for long."""
    row = find_token(tx, id)
    tokens = tx.get(TOKENS, _TOKENS_KEY)
    if row is not None and row.number == number and tokens is not None:
        tx.delete(TOKEN, _key(id))
        tx.put(TOKENS, _TOKENS_KEY, replace(tokens, count=tokens.count - 1))


def list_tokens(view: View, request: TokenList) -> TokenListReply:
    return TokenListReply(*page_by_name(view, "tokens", TOKEN, None, request, _info))


def _info(id: str, row: TokenRow) -> TokenInfo:
    return TokenInfo(
        id,
        row.role,
        row.namespaces,
        row.created_at_ms,
        row.expires_at_ms,
        row.revoked_at_ms,
        row.description,
        row.scopes,
    )
