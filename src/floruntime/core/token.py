"""Tokens: who may do what, and until when. The requests, and the answers.

A token's text is `flo_ID_SECRET`. The server keeps only a hash of it, so only its holder knows the
text.
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
"""The beginning of a minted token's text, followed by `CLAIMS.SIGNATURE`."""
_TEXT = re.compile(r"flo_([a-z0-9]{12})_[A-Za-z0-9_-]{43}")


class Role(StrEnum):
    """What a connection may do. Each role may do everything that the roles before it may.

    `WEB` appends to streams, reads them and KV; `WORKER` claims, settles, invokes and writes data;
    `BACKEND` does everything in its namespaces; `ADMIN` also makes tokens, namespaces and backups.
    """

    WEB = "web"
    WORKER = "worker"
    BACKEND = "backend"
    ADMIN = "admin"


class TokenInfo(Value, frozen=True):
    """A token without its secret.

    `namespaces`: where it may act; empty means everywhere. `scopes`: what it may do, of all that
    its role allows; empty means all. `expires_at_ms`: `None` if it lasts until it is revoked.
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
    """Make a token: clients that know its secret may connect.

    The caller chooses `id` and `hash` (SHA-256 of the token's text). The first token ever made
    turns tokens on: from then on, no client can connect without one. It must be an admin's, because
    otherwise nobody could make another.
    """

    id: str
    hash: bytes
    role: Role
    namespaces: list[str] = []
    lifetime_ms: int | None = None
    description: str | None = None
    scopes: list[str] = []


class TokenList(Query[TokenListReply], tag=125, frozen=True):
    """List tokens by id; expired and revoked ones for 30 days after."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class TokenRevoke(Command[TokenInfo], tag=126, frozen=True):
    """Revoke a token: its holders cannot connect again, and their connections are closed.

    Revoking it again changes nothing.
    """

    id: str


class MintedToken(Value, frozen=True):
    """A token for a page. `expires_at_ms`: when it expires, and the page's connection is closed."""

    token: str
    expires_at_ms: int


class TokenMint(Request[MintedToken], tag=24, frozen=True):
    """Sign a token of the role `web`, which is stored nowhere.

    It may do what its scopes name, but never more or longer than the caller may. `namespaces`:
    `None` means those of the caller.
    """

    scopes: list[str]
    expires_ms: int = defaults.MINTED_MS
    namespaces: list[str] | None = None


class MintKeyMake(Command[None], tag=25, frozen=True):
    """Sign with this key from now on, unless the previous key is less than a day old.
    Server only.
    """

    secret: bytes


class TokenAdopt(Command[TokenInfo], tag=190, frozen=True):
    """Let in, as an admin, any client that knows the secret in the server's settings. Server only.

    It replaces the token that was named there before, which is revoked. A token that exists already
    stays as it is, also if it is revoked.
    """

    id: str
    hash: bytes


def id_of(text: str) -> str | None:
    """Return the id in a token's text; `None` if it is not a Flo token."""
    match = _TEXT.fullmatch(text)
    return None if match is None else match[1]


def id_for(text: str) -> str:
    """Return an id for a secret that was made elsewhere, from its hash."""
    number = int.from_bytes(hash_of(text))
    return "".join(_ID_ALPHABET[number // 36**place % 36] for place in range(ID_CHARS))


def hash_of(text: str) -> bytes:
    """Return what is stored of a token.

    The secret is long and random, so one round of SHA-256 is enough.
    """
    return hashlib.sha256(text.encode()).digest()
