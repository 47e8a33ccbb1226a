"""`client.tokens`: the secret is made here, and never sent when a token is made."""

from __future__ import annotations

import pytest

from floruntime import BadRequestError, FloClient, ForbiddenError, UnauthorizedError
from floruntime.client.api.tokens import Tokens
from floruntime.core.token import (
    Role,
    TokenCreate,
    TokenInfo,
    TokenList,
    TokenListReply,
    TokenRevoke,
    hash_of,
    id_of,
)
from floruntime.testing import FloTestServer
from tests.client.recorder import RecordingCaller

INFO = TokenInfo("abc123def456", Role.WEB, [], 1)


async def test_only_the_hash_of_a_token_is_sent() -> None:
    caller = RecordingCaller(INFO, INFO)
    tokens = Tokens(caller)
    first = await tokens.create("web", namespaces=["shop"], lifetime_ms=5, description="d")
    second = await tokens.create(Role.ADMIN)
    assert first.token != second.token
    assert first.info == INFO
    request = caller.requests[0]
    assert isinstance(request, TokenCreate)
    assert request == TokenCreate(
        str(id_of(first.token)), hash_of(first.token), Role.WEB, ["shop"], 5, "d"
    )
    assert caller.requests[1] == TokenCreate(
        str(id_of(second.token)), hash_of(second.token), Role.ADMIN
    )


async def test_a_role_is_one_of_four_and_namespaces_are_a_list() -> None:
    tokens = Tokens(RecordingCaller())
    with pytest.raises(BadRequestError, match="web, worker, backend, admin"):
        await tokens.create("root")
    with pytest.raises(BadRequestError, match="must be a list"):
        await tokens.create("web", namespaces="shop")


async def test_tokens_are_listed_and_revoked() -> None:
    caller = RecordingCaller(TokenListReply([INFO], "next"), INFO)
    tokens = Tokens(caller)
    page = await tokens.list(limit=1, cursor="here")
    assert (list(page), page.cursor) == ([INFO], "next")
    assert await tokens.revoke("abc123def456") == INFO
    assert caller.requests == [TokenList(1, "here"), TokenRevoke("abc123def456")]


async def test_from_the_first_token_to_the_last() -> None:
    async with FloTestServer() as server:
        async with server.client() as client:
            admin = await client.tokens.create("admin")
        async with server.client(token=admin.token) as client:
            page = await client.tokens.create("web", namespaces=["shop"])
            async with server.web_client(namespace="shop", token=page.token) as web:
                await web.streams.append("chat", b"hello")
                with pytest.raises(ForbiddenError, match="not for namespace 'other'"):
                    await web.kv.get("k", namespace="other")
                await client.tokens.revoke(page.info.id)
                with pytest.raises(UnauthorizedError, match="revoked"):
                    await web.streams.append("chat", b"still here")
            assert {each.id for each in await client.tokens.list()} == {
                admin.info.id,
                page.info.id,
            }
        with pytest.raises(UnauthorizedError, match="needs a token"):
            await server.client().connect()
        with pytest.raises(UnauthorizedError, match="needs a token"):
            await server.web_client().connect()


async def test_within_the_process_nobody_needs_a_token() -> None:
    async with FloClient("memory://") as client:
        await client.tokens.create("admin")
        await client.kv.put("k", b"v")
    with pytest.raises(UnauthorizedError, match="connect without one"):
        await FloClient("memory://", token="t").connect()
