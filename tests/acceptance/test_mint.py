"""Minted tokens, as OPERATIONS.md promises them: through the public API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from floruntime import (
    BadRequestError,
    FloClient,
    ForbiddenError,
    MintedToken,
    NewToken,
    UnauthorizedError,
)
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SCOPES = ["append:stream:chat:*", "read:kv:flag:*"]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


class Shop:
    """A server with tokens, and a client for each that is made."""

    def __init__(self, server: FloTestServer, admin: FloClient, stack: AsyncExitStack) -> None:
        self.server, self.admin, self._stack = server, admin, stack

    async def client(self, token: str) -> FloClient:
        return await self._stack.enter_async_context(self.server.client(token=token))

    async def page(self, token: str, **options: Any) -> Any:
        client = self.server.web_client(token=token, **options)
        return await self._stack.enter_async_context(client)

    async def backend(self, **options: Any) -> tuple[FloClient, NewToken]:
        new = await self.admin.tokens.create("backend", **options)
        return await self.client(new.token), new


@pytest.fixture
async def shop(stack: AsyncExitStack) -> Shop:
    server = await stack.enter_async_context(FloTestServer())
    async with server.client() as first:
        new = await first.tokens.create("admin")
    admin = await stack.enter_async_context(server.client(token=new.token))
    return Shop(server, admin, stack)


async def test_a_backend_mints_for_a_page(shop: Shop) -> None:
    backend, _ = await shop.backend()
    before = shop.server.now_ms
    minted = await backend.tokens.mint(scopes=SCOPES)
    assert isinstance(minted, MintedToken)
    assert minted.expires_at_ms - before == 600_000
    page = await shop.page(minted.token)
    await page.streams.append("chat:1", b"hi")
    for refused in (page.streams.read("chat:1"), page.kv.get("secret")):
        with pytest.raises(ForbiddenError, match="no scope"):
            await refused
    assert len(await shop.admin.tokens.list()) == 2, "there is no row for it"
    over_tcp = await shop.client(minted.token)
    with pytest.raises(ForbiddenError, match="role web"):
        await over_tcp.kv.put("flag:a", b"1")


async def test_it_ends_by_itself_and_by_an_hour_at_most(shop: Shop) -> None:
    backend, _ = await shop.backend()
    minted = await backend.tokens.mint(scopes=SCOPES, expires_ms=5_000)
    page = await shop.page(minted.token)
    await shop.server.advance(4_999)
    await page.kv.get("flag:a")
    await shop.server.advance(1)
    with pytest.raises(UnauthorizedError, match="expired"):
        await page.kv.get("flag:a")
    with pytest.raises(UnauthorizedError, match="expired"):
        await shop.page(minted.token)
    assert await backend.tokens.mint(scopes=SCOPES, expires_ms=HOUR_MS)
    for bad in (0, -1, HOUR_MS + 1):
        with pytest.raises(BadRequestError, match="expires_ms"):
            await backend.tokens.mint(scopes=SCOPES, expires_ms=bad)


async def test_it_ends_with_its_minters_token(shop: Shop) -> None:
    backend, new = await shop.backend()
    minted = await backend.tokens.mint(scopes=SCOPES)
    page = await shop.page(minted.token)
    await shop.admin.tokens.revoke(new.info.id)
    with pytest.raises(UnauthorizedError, match="revoked"):
        await page.kv.get("flag:a")
    with pytest.raises(UnauthorizedError, match="revoked"):
        await shop.page(minted.token)


async def test_it_lasts_no_longer_than_its_minters_token(shop: Shop) -> None:
    backend, new = await shop.backend(lifetime_ms=5_000)
    minted = await backend.tokens.mint(scopes=SCOPES)
    assert minted.expires_at_ms == new.info.expires_at_ms


async def test_it_is_within_its_minters_namespaces_and_scopes(shop: Shop) -> None:
    backend, _ = await shop.backend(
        namespaces=["shop", "mail"], scopes=["write:stream:chat:*", "read:kv:flag:*"]
    )
    minted = await backend.tokens.mint(scopes=["append:stream:chat:7:*"])
    page = await shop.page(minted.token, namespace="shop")
    await page.streams.append("chat:7:a", b"x")
    with pytest.raises(ForbiddenError, match="not for namespace"):
        await page.streams.append("chat:7:a", b"x", namespace="default")
    one = await backend.tokens.mint(scopes=["read:kv:flag:a"], namespaces=["mail"])
    page = await shop.page(one.token, namespace="shop")
    with pytest.raises(ForbiddenError, match="not for namespace"):
        await page.kv.get("flag:a")
    for beyond in ("read:kv:*", "read:stream:chat:1", "append:stream:*", "group:stream:chat:1"):
        with pytest.raises(ForbiddenError, match="beyond the minter's own"):
            await backend.tokens.mint(scopes=["read:kv:flag:a", beyond])
    with pytest.raises(ForbiddenError, match="not for namespace 'default'"):
        await backend.tokens.mint(scopes=["read:kv:flag:a"], namespaces=["shop", "default"])


async def test_bad_ones_are_refused_by_name(shop: Shop) -> None:
    mint = shop.admin.tokens.mint
    for scopes, told in (
        ([], "scopes"),
        (["write:kv:a"], "write:kv:a"),
        (["see:kv:a"], "see:kv:a"),
        (["read:kv:a"] * 101, "101"),
        ([f"read:kv:{number}{'x' * 1_000}" for number in range(20)], "characters"),
    ):
        with pytest.raises(BadRequestError, match=told):
            await mint(scopes=scopes)
    with pytest.raises(BadRequestError, match="namespaces"):
        await mint(scopes=SCOPES, namespaces=[])
    with pytest.raises(BadRequestError, match="must be a list"):
        await mint(scopes="read:kv:a")


async def test_only_a_backend_or_an_admin_may(shop: Shop) -> None:
    for role in ("web", "worker"):
        client = await shop.client((await shop.admin.tokens.create(role)).token)
        with pytest.raises(ForbiddenError, match="needs backend"):
            await client.tokens.mint(scopes=SCOPES)
    minted = await shop.admin.tokens.mint(scopes=SCOPES)
    with pytest.raises(ForbiddenError, match="needs backend"):
        await (await shop.client(minted.token)).tokens.mint(scopes=SCOPES)


async def test_what_is_no_token_gets_nobody_in(shop: Shop) -> None:
    token = (await shop.admin.tokens.mint(scopes=SCOPES)).token
    said, _, signature = token.partition(".")
    other = (await shop.admin.tokens.mint(scopes=["read:kv:x"])).token.partition(".")
    for bad in (
        said,
        f"{said}.",
        f"{said}.{signature[:-4]}",
        f"{other[0]}.{signature}",
        f"flom_.{signature}",
        f"flom_{'A' * 9_000}.{signature}",
        f"flom_é.{signature}",
        "flom_",
    ):
        with pytest.raises(UnauthorizedError):
            await shop.page(bad)


async def test_keys_change_and_tokens_go_on_and_a_restart_keeps_them(shop: Shop) -> None:
    await shop.admin.tokens.mint(scopes=SCOPES)
    await shop.server.advance(DAY_MS - 1_000)
    old = await shop.admin.tokens.mint(scopes=SCOPES, expires_ms=HOUR_MS)
    await shop.server.advance(2_000)
    new = await shop.admin.tokens.mint(scopes=SCOPES, expires_ms=HOUR_MS)
    for token in (old.token, new.token):
        await (await shop.page(token)).kv.get("flag:a")
    await shop.server.restart()
    for token in (old.token, new.token):
        await (await shop.page(token)).kv.get("flag:a")


async def test_the_next_token_of_a_page_finds_its_writes_remembered(shop: Shop) -> None:
    """Who may do the same by the same minter is one holder."""
    backend, _ = await shop.backend()
    first = await backend.tokens.mint(scopes=SCOPES)
    second = await backend.tokens.mint(scopes=SCOPES, expires_ms=1_000)
    other = await backend.tokens.mint(scopes=["append:stream:chat:*"])
    access, now_ms = shop.server.server.access, shop.server.now_ms
    holders = [access.mint.grant_of(each.token, now_ms).holder for each in (first, second, other)]
    assert holders[0] == holders[1] != holders[2]


async def test_without_tokens_it_works_as_well_and_turns_nothing_on(
    served: FloClient, server: FloTestServer
) -> None:
    minted = await served.tokens.mint(scopes=SCOPES)
    async with server.web_client(token=minted.token) as page:
        await page.streams.append("chat:1", b"x")
        with pytest.raises(ForbiddenError, match="no scope"):
            await page.kv.get("secret")
        async with server.web_client() as free:
            assert await free.kv.get("secret") is None, "nobody needs a token"
        assert not await served.tokens.list()
        admin = await served.tokens.create("admin")
        with pytest.raises(UnauthorizedError, match="needs a token"):
            await page.kv.get("flag:a")
    with pytest.raises(UnauthorizedError, match="needs a token"):
        await server.web_client(token=minted.token).connect()
    async with server.client(token=admin.token) as client:
        minted = await client.tokens.mint(scopes=SCOPES)
    async with server.web_client(token=minted.token) as page:
        await page.kv.get("flag:a")


async def test_by_the_command_line(flo: Flo, server: FloTestServer) -> None:
    made = await flo("token", "mint", "--scope", "read:kv:a", "--scope", "read:kv:b", "--json")
    assert made.code == 0, made.err
    assert made.json["token"].startswith("flom_")
    async with server.web_client(token=made.json["token"]) as page:
        await page.kv.mget(["a", "b"])
    plain = await flo("-n", "shop", "token", "mint", "--scope", "read:kv:a", "--expires", "1h")
    async with server.web_client(token=plain.out.strip(), namespace="shop") as page:
        await page.kv.get("a")
        with pytest.raises(ForbiddenError):
            await page.kv.get("a", namespace="default")
    refused = await flo("token", "mint", "--scope", "write:kv:a")
    assert refused.code == 3
    assert "write:kv:a" in refused.err
    assert (await flo("token", "mint")).code == 2
