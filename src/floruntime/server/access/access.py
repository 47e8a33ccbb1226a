"""Judging a new connection: whether it may connect, with which rights, and for how long.

Until the server needs tokens, the way in decides. A TCP connection may do everything, and so may an
HTTP request that comes from no browser; a WebSocket counts as a web page. The first token ever
made, or settings for JWT, turn tokens on. From then on the token decides, whatever the way in. A
client inside the process is never refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from floruntime.core.console import SESSION_PREFIX, session_id_of
from floruntime.core.errors import UnauthorizedError, UnavailableError
from floruntime.core.token import MINTED_PREFIX, PREFIX, Role, hash_of, id_for, id_of
from floruntime.engine.state.tx import View
from floruntime.engine.system import console, tokens
from floruntime.engine.system.tokens import TokenRow
from floruntime.server.access.bad_tokens import BadTokens
from floruntime.server.access.grant import Grant
from floruntime.server.access.minted import Mint
from floruntime.server.access.not_known import NotKnownError
from floruntime.server.access.scopes import Scopes
from floruntime.server.config import Config
from floruntime.server.connections.peer import Door, Peer

if TYPE_CHECKING:
    from floruntime.server.access.jwt_tokens import Claims, JwtTokens

log = logging.getLogger("floruntime.access")

WHO_CHARS_MAX = 200
"""Of a longer subject of a JWT, the beginning stands in the audit."""
_NOT_KNOWN = "the token is not known to this server"
_NO_SESSION = "the session of the console is over; `flo console` opens another"
_KEYS_OUT_OF_REACH = (
    "the token is signed with a key that is not known, and the keys of jwt_jwks cannot be "
    "read at the moment; try again later"
)
_STANDING_ON_OTHERS = (MINTED_PREFIX, SESSION_PREFIX)
_NOT_WANTED = "a token was given, and this server has no tokens; connect without one"


Verdict = Grant | UnauthorizedError | UnavailableError
Then = Callable[[Verdict], None]
Unknown = Callable[[NotKnownError], None]
"""Told in place of a refusal of what is not known here: it may be known elsewhere."""
_JWT_DOTS = 2

_OPEN = {
    Door.EMBEDDED: Grant(Role.ADMIN),
    Door.TCP: Grant(Role.ADMIN, is_open=True),
    Door.HTTP: Grant(Role.ADMIN, is_open=True),
    Door.WEB: Grant(Role.WEB, holder="web", is_open=True),
}


class Access:
    """Judges tokens. `view` gives the state as it is now."""

    def __init__(self, config: Config, view: Callable[[], View]) -> None:
        self._view = view
        self._jwt = jwt_tokens_of(config)
        self._bad = BadTokens()
        #: Signs tokens for pages, and judges them.
        self.mint = Mint(view)
        self._judging: set[asyncio.Task[None]] = set()
        #: Whether nobody gets in without a token.
        self.needs_token = False
        self.renew()

    def renew(self) -> None:
        """Tokens have changed."""
        self.needs_token = self._jwt is not None or tokens.are_on(self._view())

    def start(self) -> None:
        """Read the keys that are far away."""
        if self._jwt is not None:
            self._keep(self._jwt.renew_keys())

    def read_keys_anew(self) -> None:
        """Read the keys of JWT again, wherever they are."""
        if self._jwt is not None:
            self._keep(self._jwt.renew_keys(at_once=True))

    def stop(self) -> None:
        """Judge nobody any more."""
        for task in self._judging:
            task.cancel()

    def judge(
        self,
        peer: Peer,
        token: str | None,
        now_ms: int,
        then: Then,
        unknown: Unknown | None = None,
    ) -> None:
        """Tell `then` what `peer` may do: at once, or after a look at far-away keys."""
        try:
            grant = self._grant_of(peer, token, now_ms)
        except NotKnownError as error:
            if unknown is None:
                self._refuse(peer, token, error, then)
            else:
                unknown(error)
        except UnauthorizedError as error:
            self._refuse(peer, token, error, then)
        else:
            if grant is not None:
                then(grant)
            else:
                assert token is not None, "only the keys of a token can be far away"
                self._keep(self._judge_with_new_keys(peer, token, _ahead_ms(now_ms), then))

    def _grant_of(self, peer: Peer, token: str | None, now_ms: int) -> Grant | None:
        """What `peer` may do; `None`: only keys that are not read yet could tell."""
        if token is not None and token.startswith(_STANDING_ON_OTHERS):
            return self._by_standing(token, now_ms)
        if peer.door is Door.EMBEDDED or not self.needs_token:
            if token is None:
                return _OPEN[peer.door]
            raise NotKnownError(_NOT_WANTED)
        if token is None:
            raise UnauthorizedError("this server needs a token, and none was given")
        if self._jwt is None or self._has_row(token):
            return self._by_row(token, now_ms)
        try:
            return self._by_jwt(self._jwt, token, _ahead_ms(now_ms), are_old_good=False)
        except UnauthorizedError as error:
            if token.count(".") == _JWT_DOTS:
                raise
            raise NotKnownError(str(error)) from None  # an admin's of the settings, perhaps

    def _by_standing(self, token: str, now_ms: int) -> Grant:
        """By a minted token, or a session: they hold with and without tokens."""
        is_session = token.startswith(SESSION_PREFIX)
        grant = self._by_session(token) if is_session else self.mint.grant_of(token, now_ms)
        end = self._end_of(grant, now_ms)
        if end is not None:
            raise end
        return grant

    async def _judge_with_new_keys(self, peer: Peer, token: str, ahead_ms: int, then: Then) -> None:
        """The token's key is not known, or the keys are old: read them, and look again."""
        assert self._jwt is not None
        await self._jwt.renew_keys()
        try:
            grant = self._by_jwt(self._jwt, token, ahead_ms)
        except UnauthorizedError as error:
            self._refuse(peer, token, error, then)
            return
        if grant is not None:
            then(grant)
        elif self._jwt.are_keys_out_of_reach:
            then(UnavailableError(_KEYS_OUT_OF_REACH))
        else:
            unknown = UnauthorizedError("the token is signed with a key that is not known")
            self._refuse(peer, token, unknown, then)

    def _by_jwt(
        self, jwt: JwtTokens, token: str, ahead_ms: int, *, are_old_good: bool = True
    ) -> Grant | None:
        """`None`: only keys that are not known yet could tell."""
        claims = jwt.verify(token, are_old_good=are_old_good)
        return None if claims is None else _by_claims(claims, ahead_ms)

    def _keep(self, judging: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(judging)
        self._judging.add(task)
        task.add_done_callback(self._judging.discard)

    def _refuse(self, peer: Peer, token: str | None, error: UnauthorizedError, then: Then) -> None:
        """Tell of it at once, or of a bad token later the more came from the same address."""
        told = UnauthorizedError(error.message)
        if token is None or not (self.needs_token or token.startswith(_STANDING_ON_OTHERS)):
            then(told)  # no token was looked at
            return
        delay_s = self._bad.note(peer.address)
        if not delay_s:
            log.warning("%s: refused: %s", peer, told)
            then(told)
        else:
            asyncio.get_running_loop().call_later(delay_s, then, told)

    def _has_row(self, token: str) -> bool:
        """Whether the token is one of ours, or the one that the settings name."""
        return token.startswith(PREFIX) or (
            tokens.find_token(self._view(), id_for(token)) is not None
        )

    def _by_row(self, token: str, now_ms: int) -> Grant:
        id = id_of(token) or id_for(token)
        row = tokens.find_token(self._view(), id)
        if row is None:
            raise NotKnownError(_NOT_KNOWN)
        if not hmac.compare_digest(row.hash, hash_of(token)):
            raise UnauthorizedError(_NOT_KNOWN)
        problem = _over(row, now_ms)
        if problem is not None:
            raise problem
        namespaces = frozenset(row.namespaces) if row.namespaces else None
        scopes = Scopes(row.scopes) if row.scopes else None
        return Grant(row.role, f"token {id}", namespaces, scopes, id, row.expires_at_ms)

    def _by_session(self, token: str) -> Grant:
        id = session_id_of(token) or ""
        row = console.find_session(self._view(), id)
        if row is None:
            raise NotKnownError(_NO_SESSION)
        if not hmac.compare_digest(row.hash, hash_of(token)):
            raise UnauthorizedError(_NO_SESSION)
        rights = row.rights
        return Grant(
            rights.role,
            f"console {id}",
            None if rights.namespaces is None else frozenset(rights.namespaces),
            None if rights.scopes is None else Scopes(rights.scopes),
            rights.token_id,
            row.ends_at_ms,
            is_open=rights.is_open,
            who=console.identity_of(row).who,
            session_id=id,
        )

    def ended(self, grant: Grant, now_ms: int) -> UnauthorizedError | None:
        """Why a connection that was let in must go; `None` while it may stay."""
        end = self._end_of(grant, now_ms)
        return None if end is None else UnauthorizedError(end.message)

    def _end_of(self, grant: Grant, now_ms: int) -> UnauthorizedError | None:
        if grant.is_open and self.needs_token:
            return UnauthorizedError("this server needs a token from now on")
        if grant.token_id is not None:
            row = tokens.find_token(self._view(), grant.token_id)
            over = NotKnownError(_NOT_KNOWN) if row is None else _over(row, now_ms)
            if over is not None:
                return over
        session_id = grant.session_id or grant.minted_by_session
        is_late = grant.expires_at_ms is not None and grant.expires_at_ms <= now_ms
        if session_id is not None:
            session = console.find_session(self._view(), session_id)
            if session is None:
                return NotKnownError(_NO_SESSION)
            if session.ends_at_ms <= now_ms:
                return UnauthorizedError(_NO_SESSION)
        if is_late:
            return UnauthorizedError("the token has expired")
        return None


def _over(row: TokenRow, now_ms: int) -> UnauthorizedError | None:
    if row.revoked_at_ms is not None:
        return UnauthorizedError("the token was revoked")
    if row.expires_at_ms is not None and row.expires_at_ms <= now_ms:
        return UnauthorizedError("the token has expired")
    return None


def _ahead_ms(now_ms: int) -> int:
    """How far command time is ahead of the wall clock, which JWT are signed and judged by; an hour
    where that was an hour fast and was set right since. Their ends are told in command time.
    """
    return now_ms - int(time.time() * 1000)


def _by_claims(claims: Claims, ahead_ms: int) -> Grant:
    holder = hashlib.sha256(claims.subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    scopes = Scopes(claims.scopes) if claims.scopes else None
    return Grant(
        claims.role,
        f"jwt {holder}",
        claims.namespaces,
        scopes,
        expires_at_ms=claims.expires_at_ms + ahead_ms,
        who=f"jwt {claims.subject.strip()[:WHO_CHARS_MAX]!r}",
    )


def jwt_tokens_of(config: Config) -> JwtTokens | None:
    """JWT as the settings ask for it; its library is loaded only then."""
    if not (config.jwt_secret or config.jwt_jwks):
        return None
    from floruntime.server.access.jwt_tokens import JwtTokens

    return JwtTokens(config)
