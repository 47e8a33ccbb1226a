"""What is refused for what is not there, which may be elsewhere, and what can be good nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.console import SESSION_PREFIX
from floruntime.core.errors import UnavailableError
from floruntime.core.system import Hello
from floruntime.core.token import MINTED_PREFIX, TokenMint, TokenRevoke, id_of
from floruntime.server import limits
from floruntime.server.access.access import Then
from floruntime.server.connections.peer import Door, Peer
from floruntime.server.metrics.counts import Refusal
from tests.server.wire_client import Rig

pytestmark = pytest.mark.usefixtures("quiet")

STRANGER = Peer(Door.TCP, "198.51.100.1", "stranger")
NOBODYS = f"flo_{'f' * 12}_{'s' * 43}"
SECRET = "s" * 32


def outcome(rig: Rig, token: str | None) -> str:
    """Of a judgement where others may know more."""
    told: list[str] = []

    def then(verdict: Any) -> None:
        told.append(type(verdict).__name__)

    now_ms = rig.server.clock.now_ms()
    rig.server.access.judge(STRANGER, token, now_ms, then, lambda error: told.append("unknown"))
    [only] = told
    return only


async def test_where_there_are_no_tokens_others_may_have_made_some() -> None:
    async with Rig() as rig:
        assert outcome(rig, NOBODYS) == "unknown"
        assert outcome(rig, None) == "Grant"


async def test_what_is_not_there_may_be_elsewhere() -> None:
    async with Rig() as rig:
        token = await rig.token("admin")
        short = "0" if token[-1] != "0" else "1"
        admin = rig.client("admin", token=token)
        asked = admin.send(TokenMint(["read:kv:*"]))
        await rig.settle()
        await rig.turns()
        minted = admin.result(asked).token
        said, _, signature = minted.removeprefix(MINTED_PREFIX).partition(".")
        assert [
            outcome(rig, each)
            for each in (token, NOBODYS, token[:-1] + short, None, "no token at all")
        ] == ["Grant", "unknown", "UnauthorizedError", "UnauthorizedError", "unknown"]
        assert outcome(rig, f"{SESSION_PREFIX}{'0' * 12}_{'1' * 43}") == "unknown"
        assert outcome(rig, minted) == "Grant"
        assert outcome(rig, f"{MINTED_PREFIX}{said}.A{signature[1:]}B") == "UnauthorizedError"
        admin.send(TokenRevoke(str(id_of(token))))
        await rig.settle()
        assert outcome(rig, token) == "UnauthorizedError"
        assert outcome(rig, minted) == "UnauthorizedError"


async def test_a_jwt_says_itself_what_it_is_worth() -> None:
    async with Rig(jwt_secret=SECRET) as rig:
        assert outcome(rig, "a.b.c") == "UnauthorizedError"
        assert outcome(rig, "an admin's token of the settings, perhaps") == "unknown"


async def test_what_is_not_known_is_never_held_back_and_counts_as_no_bad_token() -> None:
    async with Rig() as rig:
        await rig.token("admin")
        for _ in range(limits.BAD_TOKENS_MAX + 2):
            assert outcome(rig, NOBODYS) == "unknown"
        error = rig.client(peer=STRANGER)
        assert error.error(error.send(Hello("1", "me", NOBODYS))).code == "unauthorized"


async def test_who_cannot_be_judged_now_is_told_so_and_counts_as_no_bad_token() -> None:
    async with Rig() as rig:

        def judge(peer: Peer, token: str | None, now_ms: int, then: Then) -> None:
            then(UnavailableError("ask again"))

        rig.server.access.judge = judge  # type: ignore[method-assign, assignment]  # of a cluster
        client = rig.client(peer=STRANGER)
        assert client.error(client.send(Hello("1", "me", NOBODYS))).code == "unavailable"
        assert client.is_closed
        assert not rig.server.counts.refusals[Refusal.TOKEN]
