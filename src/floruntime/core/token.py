"""Tokens: who may do what, and how long; what can be asked of them, and what is answered.

A token's text is `flo_ID_SECRET`. The server keeps a hash of it; the text is known to its holder
alone.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

from floruntime.core import defaults
from floruntime.core.types import Command, Query, Request, Value

PREFIX = "flo_"
ID_CHARS = 12
SECRET_BYTES = 32
_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
MINTED_PREFIX = "flom_"
"""How the text of a minted token begins; it goes on `CLAIMS.SIGNATURE`."""
_TEXT = re.compile(r"flo_([a-z0-9]{12})_[A-Za-z0-9_-]{43}")


class Role(StrEnum):
    """What a connection may do. Each may do all that those before it may.

    `WEB` appends to streams, reads them and KV; `WORKER` claims, settles, invokes and writes data;
    `BACKEND` does everything in its namespaces; `ADMIN` also makes tokens, namespaces and backups.
    """

    WEB = "web"
    WORKER = "worker"
    BACKEND = "backend"
    ADMIN = "admin"


class TokenInfo(Value, frozen=True):
    """A token without its secret. `namespaces`: where it may act; none named means all.
    `scopes`: what it is for, of all that its role may do; none named means all.

    `expires_at_ms` is `None` for one that lasts until it is revoked.
    """

    id: str
    role: Role
    namespaces: list[str]
    created_at_ms: int
    expires_at_ms: int | None = None
    revoked_at_ms: int | None = None
    description: str | None = None
    scopes: list[str] = []


class TokenListReply(Value, frozen=True):
    items: list[TokenInfo]
    cursor: str | None


class TokenCreate(Command[TokenInfo], tag=124, frozen=True):
    """Let who knows the secret in. `id` and `hash` (SHA-256 of the token's text) are the caller's.

    The first token ever made turns tokens on: from then on nobody gets in without one. It must be
    an admin's, or nobody could make another.
    """

    id: str
    hash: bytes
    role: Role
    namespaces: list[str] = []
    lifetime_ms: int | None = None
    description: str | None = None
    scopes: list[str] = []


class TokenList(Query[TokenListReply], tag=125, frozen=True):
    """By id; expired and revoked ones for 30 days after."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class TokenRevoke(Command[TokenInfo], tag=126, frozen=True):
    """Let its holders in no longer, and cut those who are. Again it changes nothing."""

    id: str


class MintedToken(Value, frozen=True):
    """A token for a page. `expires_at_ms`: when it ends by itself, and the page with it."""

    token: str
    expires_at_ms: int


class TokenMint(Request[MintedToken], tag=24, frozen=True):
    """Sign a token of the role `web`, which is kept nowhere. It may do what its scopes name, at
    most what whoever asks may do, and not for longer. `namespaces`: `None` for those of whoever
    asks.
    """

    scopes: list[str]
    expires_ms: int = defaults.MINTED_MS
    namespaces: list[str] | None = None


class MintKeyMake(Command[None], tag=25, frozen=True):
    """Sign with this key from now on, unless the one before is less than a day old. Server only."""

    secret: bytes


class TokenAdopt(Command[TokenInfo], tag=190, frozen=True):
    """The server's own: let in whoever knows the secret that its settings name, as an admin.

    It takes the place of the one that was named before, which is revoked. One that was made or
    named already stays as it is, revoked if it is that.
    """

    id: str
    hash: bytes


def id_of(text: str) -> str | None:
    """The id in a token's text; `None` where it is no token of ours."""
    match = _TEXT.fullmatch(text)
    return None if match is None else match[1]


def id_for(text: str) -> str:
    """The id of a secret that somebody else made: told from others by its hash."""
    number = int.from_bytes(hash_of(text))
    return "".join(_ID_ALPHABET[number // 36**place % 36] for place in range(ID_CHARS))


def hash_of(text: str) -> bytes:
    """What is kept of a token. The secret is long and random, so one round of SHA-256 will do."""
    return hashlib.sha256(text.encode()).digest()
