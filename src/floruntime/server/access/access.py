"""Who may come in, as what, and for how long.

While nobody needs a token, the door decides: what comes over TCP may do everything, and so may what
comes over HTTP from no browser; a WebSocket is a web page. The first token ever made, or settings
for JWT, turn tokens on: then the token decides, whatever the door. Inside the process there is
nobody to keep out.
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
from floruntime.core.errors import UnauthorizedError
from floruntime.core.token import MINTED_PREFIX, PREFIX, Role, hash_of, id_for, id_of
from floruntime.engine.state.tx import View
from floruntime.engine.system import console, tokens
from floruntime.engine.system.tokens import TokenRow
from floruntime.server.access.bad_tokens import BadTokens
from floruntime.server.access.grant import Grant
from floruntime.server.access.minted import Mint
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
_STANDING_ON_OTHERS = (MINTED_PREFIX, SESSION_PREFIX)
_NOT_WANTED = "a token was given, and this server has no tokens; connect without one"


Verdict = Grant | UnauthorizedError

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
        self, peer: Peer, token: str | None, now_ms: int, then: Callable[[Verdict], None]
    ) -> None:
        """Tell `then` what `peer` may do: at once, or after a look at far-away keys."""
        if token is not None and token.startswith(_STANDING_ON_OTHERS):
            self._judge_standing(peer, token, now_ms, then)
        elif peer.door is Door.EMBEDDED or not self.needs_token:
            then(_OPEN[peer.door] if token is None else UnauthorizedError(_NOT_WANTED))
        elif token is None:
            then(UnauthorizedError("this server needs a token, and none was given"))
        else:
            self._judge_token(peer, token, now_ms, then)

    def _judge_standing(
        self, peer: Peer, token: str, now_ms: int, then: Callable[[Verdict], None]
    ) -> None:
        """Judge a minted token, or a session: they hold with and without tokens."""
        try:
            is_session = token.startswith(SESSION_PREFIX)
            grant = self._by_session(token) if is_session else self.mint.grant_of(token, now_ms)
            ended = self.ended(grant, now_ms)
            if ended is not None:
                raise ended
        except UnauthorizedError as error:
            self._refuse(peer, error, then)
        else:
            then(grant)

    def _judge_token(
        self, peer: Peer, token: str, now_ms: int, then: Callable[[Verdict], None]
    ) -> None:
        try:
            if self._jwt is None or self._has_row(token):
                grant: Grant | None = self._by_row(token, now_ms)
            else:
                grant = self._by_jwt(self._jwt, token, _ahead_ms(now_ms), are_old_good=False)
        except UnauthorizedError as error:
            self._refuse(peer, error, then)
            return
        if grant is not None:
            then(grant)
        else:
            self._keep(self._judge_with_new_keys(peer, token, _ahead_ms(now_ms), then))

    async def _judge_with_new_keys(
        self, peer: Peer, token: str, ahead_ms: int, then: Callable[[Verdict], None]
    ) -> None:
        """The token's key is not known, or the keys are old: read them, and look again."""
        assert self._jwt is not None
        await self._jwt.renew_keys()
        try:
            grant = self._by_jwt(self._jwt, token, ahead_ms)
            if grant is None:
                raise UnauthorizedError("the token is signed with a key that is not known")
        except UnauthorizedError as error:
            self._refuse(peer, error, then)
        else:
            then(grant)

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

    def _refuse(
        self, peer: Peer, error: UnauthorizedError, then: Callable[[Verdict], None]
    ) -> None:
        """Tell of a bad token: at once, or later the more came from the same address."""
        delay_s = self._bad.note(peer.address)
        if not delay_s:
            log.warning("%s: refused: %s", peer, error)
            then(error)
        else:
            asyncio.get_running_loop().call_later(delay_s, then, error)

    def _has_row(self, token: str) -> bool:
        """Whether the token is one of ours, or the one that the settings name."""
        return token.startswith(PREFIX) or (
            tokens.find_token(self._view(), id_for(token)) is not None
        )

    def _by_row(self, token: str, now_ms: int) -> Grant:
        id = id_of(token) or id_for(token)
        row = tokens.find_token(self._view(), id)
        if row is None or not hmac.compare_digest(row.hash, hash_of(token)):
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
        if row is None or not hmac.compare_digest(row.hash, hash_of(token)):
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
        if grant.is_open and self.needs_token:
            return UnauthorizedError("this server needs a token from now on")
        if grant.token_id is not None:
            row = tokens.find_token(self._view(), grant.token_id)
            over = UnauthorizedError(_NOT_KNOWN) if row is None else _over(row, now_ms)
            if over is not None:
                return over
        session_id = grant.session_id or grant.minted_by_session
        is_late = grant.expires_at_ms is not None and grant.expires_at_ms <= now_ms
        if session_id is not None:
            session = console.find_session(self._view(), session_id)
            if session is None or session.ends_at_ms <= now_ms:
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
