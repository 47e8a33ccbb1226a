"""JWT: the library checks the signature, this module judges the claims.

HS256 is checked only with the shared secret, RS256 and ES256 only with public keys, so that no
token can make a public key serve as a secret.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jwt

from floruntime.core.errors import BadRequestError, UnauthorizedError
from floruntime.core.limits import (
    TOKEN_NAMESPACES_MAX,
    TOKEN_SCOPES_MAX,
    check_namespace,
    shown,
)
from floruntime.core.scope import check_scopes
from floruntime.core.token import Role
from floruntime.server.access.jwks import ALGORITHMS, KeySet, open_keys
from floruntime.server.config import Config

LEEWAY_S = 10
"""How far the clocks of signer and server may be apart."""
EXPIRES_S_MAX = 2**40
"""Seconds since 1970: some 34,000 years, which leaves room for who writes milliseconds."""
_ROLES = ", ".join(Role)


class Claims(NamedTuple):
    """What a good token says. `namespaces` is `None` for all of them, `scopes` empty for all."""

    role: Role
    namespaces: frozenset[str] | None
    subject: str
    expires_at_ms: int
    scopes: tuple[str, ...] = ()


class JwtTokens:
    """Verifies JWT as the settings ask for it. Raises `ConfigError` on a bad JWKS file."""

    def __init__(self, config: Config) -> None:
        self._secret = config.jwt_secret
        self._issuer = config.jwt_issuer or None
        self._audience = config.jwt_audience or None
        self._keys: KeySet | None = open_keys(config.jwt_jwks) if config.jwt_jwks else None

    async def renew_keys(self, *, at_once: bool = False) -> None:
        """Read the public keys anew, unless that was done just now (`at_once`: even then)."""
        if self._keys is not None:
            await self._keys.renew(at_once=at_once)

    @property
    def are_keys_out_of_reach(self) -> bool:
        """Whether there may be keys that could not be read when that was tried last."""
        return self._keys is not None and self._keys.are_out_of_reach

    def verify(self, text: str, *, are_old_good: bool = True) -> Claims | None:
        """What the token says; `None` if only a key that is not known yet could tell, or the known
        ones are old and `are_old_good` is not so.

        Raises `UnauthorizedError`.
        """
        try:
            header = jwt.get_unverified_header(text)
            key = self._key(header, are_old_good)
            if key is None:
                return None
            claims = jwt.decode(
                text,
                key,
                algorithms=[header["alg"]],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_S,
                options={"require": ["exp"], "enforce_minimum_key_length": True},
            )
            return _read(claims)
        except jwt.PyJWTError as error:
            raise UnauthorizedError(_why(error)) from None
        except (ArithmeticError, TypeError, ValueError, RecursionError):
            # What the library does not expect in a header or a claim.
            raise UnauthorizedError("the token cannot be used: it is malformed") from None

    def _key(self, header: dict[str, Any], are_old_good: bool) -> Any:
        algorithm, id = header.get("alg"), header.get("kid")
        if algorithm == "HS256" and self._secret:
            return self._secret
        if algorithm in ALGORITHMS and self._keys is not None:
            if self._keys.is_old and not are_old_good:
                return None
            return self._keys.find(id, algorithm)
        raise UnauthorizedError(
            f"the token is signed by {shown(algorithm)}, which this server has no key for"
        )


def _why(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "the token has expired"
        case jwt.MissingRequiredClaimError():
            return f"the token has no claim {error.claim}"
        case jwt.InvalidAudienceError():
            return "the token's aud is not the value of this server's setting jwt_audience"
        case jwt.InvalidIssuerError():
            return "the token's iss is not the value of this server's setting jwt_issuer"
        case jwt.ImmatureSignatureError():
            return "the token is not valid yet"
        case jwt.InvalidSignatureError():
            return "the token's signature is wrong"
    return f"the token cannot be used: {error}"


def _read(claims: dict[str, Any]) -> Claims:
    role = claims.get("role")
    if role not in list(Role):
        raise UnauthorizedError(f"the token's role is {shown(role)}; it must be one of {_ROLES}")
    if "namespace" in claims and "namespaces" in claims:
        raise UnauthorizedError("the token has both namespace and namespaces; give one of them")
    namespaces = _namespaces(claims.get("namespaces", claims.get("namespace")))
    if role == Role.ADMIN and namespaces is not None:
        raise UnauthorizedError(
            "the token names namespaces, but a token of the role admin is for all namespaces"
        )
    subject = f"{claims.get('iss', '')}\n{claims.get('sub', '')}"
    expires_s = int(claims["exp"])
    if expires_s > EXPIRES_S_MAX:
        raise UnauthorizedError(
            f"the token's exp is {shown(expires_s)}; seconds since 1970, to {EXPIRES_S_MAX}, are "
            "allowed"
        )
    expires_at_ms = (expires_s + LEEWAY_S) * 1000
    scopes = _scopes(Role(role), claims["flo_scopes"]) if "flo_scopes" in claims else ()
    return Claims(Role(role), namespaces, subject, expires_at_ms, scopes)


def _scopes(role: Role, claim: Any) -> tuple[str, ...]:
    given = [claim] if isinstance(claim, str) else claim
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise UnauthorizedError(
            f"the token's flo_scopes are {shown(claim)}; they must be a list of 1 to "
            f"{TOKEN_SCOPES_MAX} scopes, or one"
        )
    try:
        check_scopes(role, given)
    except BadRequestError as error:
        raise UnauthorizedError(f"in the token's flo_scopes: {error}") from None
    return tuple(given)


def _namespaces(claim: Any) -> frozenset[str] | None:
    if claim is None:
        return None
    named = [claim] if isinstance(claim, str) else claim
    if not isinstance(named, list) or not 1 <= len(named) <= TOKEN_NAMESPACES_MAX:
        raise UnauthorizedError(
            f"the token's namespaces are {shown(claim)}; they must be a list of 1 to "
            f"{TOKEN_NAMESPACES_MAX} names"
        )
    try:
        return frozenset(check_namespace(name) for name in named)
    except BadRequestError as error:
        raise UnauthorizedError(f"in the token's namespaces: {error}") from None
