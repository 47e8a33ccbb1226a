"""Sessions of the console, as OPERATIONS.md promises them: through the public API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from floruntime import (
    BadRequestError,
    FloClient,
    ForbiddenError,
    OverloadedError,
    Role,
    UnauthorizedError,
)
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo
from tests.server.http.http_peer import HttpPeer, Reply, connect

MINUTE_MS = 60_000
HALF_DAY_MS = 12 * 3_600_000


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


class Place:
    """A server, with or without tokens, and who comes to it."""

    def __init__(self, server: FloTestServer, stack: AsyncExitStack) -> None:
        self.server, self._stack = server, stack

    async def client(self, token: str | None = None) -> FloClient:
        return await self._stack.enter_async_context(self.server.client(token=token))

    async def page(self, token: str) -> Any:
        """A page's connection."""
        return await self._stack.enter_async_context(self.server.web_client(token=token))

    async def http(self) -> HttpPeer:
        peer = await connect(self.server)
        self._stack.push_async_callback(peer.close)
        return peer

    async def log_in(self, code: str, **headers: str) -> Reply:
        """What the page does with the code of its link."""
        peer = await self.http()
        return await peer.ask("POST", "/v1/console.login", {"code": code}, **headers)

    async def session(self, owner: FloClient) -> str:
        """A session with the rights of this client."""
        token: str = (await self.log_in((await owner.console.code()).code)).json["token"]
        return token


@pytest.fixture
async def place(stack: AsyncExitStack) -> Place:
    return Place(await stack.enter_async_context(FloTestServer()), stack)


@pytest.fixture
async def admin(place: Place) -> FloClient:
    """An admin with a token; from then on everybody needs one."""
    first = await place.client()
    return await place.client((await first.tokens.create("admin")).token)


async def test_without_tokens_it_is_an_admins_and_turns_nothing_on(place: Place) -> None:
    owner = await place.client()
    reply = await place.log_in((await owner.console.code()).code)
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    assert "set-cookie" not in reply.headers
    info = reply.json["info"]
    assert (info["role"], info["namespaces"], info["scopes"]) == ("admin", None, None)
    assert info["expires_at_ms"] == place.server.now_ms + HALF_DAY_MS
    page = await place.page(reply.json["token"])
    assert await page._client.namespaces.create("made-by-a-page")
    await owner.kv.put("k", b"still without a token")
    assert await owner.tokens.list() == []


async def test_its_token_is_good_over_every_transport(place: Place, admin: FloClient) -> None:
    token = await place.session(admin)
    over_tcp = await place.client(token)
    await over_tcp.kv.put("k", b"1")
    over_web = await place.page(token)
    assert await over_web.kv.get("k") == b"1"
    http = await place.http()
    reply = await http.ask(
        "POST", "/v1/default/kv.get", {"key": "k"}, Authorization=f"Bearer {token}"
    )
    assert reply.json == "1"


async def test_it_may_do_what_its_owner_may(place: Place, admin: FloClient) -> None:
    own = await admin.tokens.create("worker", namespaces=["shop"], scopes=["read:kv:a"])
    owner = await place.client(own.token)
    page = await place.client(await place.session(owner))
    me = await page.tokens.whoami()
    assert (me.role, me.namespaces, me.scopes) == (Role.WORKER, ["shop"], ["read:kv:a"])
    assert me.is_session
    assert me.who == f"console of token {own.info.id}"
    for refused in (
        page.kv.get("a"),
        page.kv.put("a", b"1", namespace="shop"),
        page.queue.purge("q", namespace="shop"),
    ):
        with pytest.raises(ForbiddenError):
            await refused
    assert await page.kv.get("a", namespace="shop") is None


async def test_a_code_is_good_once(place: Place) -> None:
    owner = await place.client()
    code = (await owner.console.code()).code
    assert (await place.log_in(code)).status == 200
    again = await place.log_in(code)
    assert again.status == 401
    assert "used already" in again.json["detail"]
    with pytest.raises(UnauthorizedError, match="used already"):
        await owner.console.login(code)


async def test_a_code_is_good_for_a_minute(place: Place) -> None:
    owner = await place.client()
    first, second = await owner.console.code(), await owner.console.code()
    assert first.expires_at_ms == place.server.now_ms + MINUTE_MS
    await place.server.advance(MINUTE_MS - 1)
    assert (await place.log_in(first.code)).status == 200
    await place.server.advance(1)
    late = await place.log_in(second.code)
    assert late.status == 401
    assert "60 s are over" in late.json["detail"]
    unknown = await place.log_in("nonsense")
    assert (unknown.status, unknown.json["code"]) == (401, "unauthorized")


async def test_it_ends_after_twelve_hours(place: Place, admin: FloClient) -> None:
    token = await place.session(admin)
    page = await place.page(token)
    await place.server.advance(HALF_DAY_MS - 1)
    await page.kv.get("k")
    await place.server.advance(1)
    with pytest.raises(UnauthorizedError, match="session of the console is over"):
        await page.kv.get("k")
    with pytest.raises(UnauthorizedError, match="session of the console is over"):
        await place.page(token)


async def test_it_ends_at_log_out(place: Place, admin: FloClient) -> None:
    token, other = await place.session(admin), await place.session(admin)
    page, http = await place.page(token), await place.http()
    bearer = f"Bearer {token}"
    reply = await http.ask("POST", "/v1/console.logout", {}, Authorization=bearer)
    assert (reply.status, reply.json) == (200, None)
    with pytest.raises(UnauthorizedError, match="session of the console is over"):
        await page.kv.get("k")
    again = await (await place.http()).ask("POST", "/v1/console.logout", {}, Authorization=bearer)
    assert again.status == 401
    assert await (await place.page(other)).kv.get("k") is None
    with pytest.raises(BadRequestError, match="not a session"):
        await admin.console.logout()


async def test_it_ends_with_the_token_it_came_from(place: Place, admin: FloClient) -> None:
    own = await admin.tokens.create("backend")
    short = await admin.tokens.create("backend", lifetime_ms=5_000)
    owner, brief = await place.client(own.token), await place.client(short.token)
    page = await place.page(await place.session(owner))
    passing = await place.page(await place.session(brief))
    waiting = (await owner.console.code()).code
    await admin.tokens.revoke(own.info.id)
    with pytest.raises(UnauthorizedError, match="revoked"):
        await page.kv.get("k")
    assert (await place.log_in(waiting)).status == 401
    await passing.kv.get("k")
    await place.server.advance(5_000)
    with pytest.raises(UnauthorizedError, match=r"expired|over"):
        await passing.kv.get("k")


async def test_one_from_no_token_ends_when_tokens_are_wanted(place: Place) -> None:
    owner = await place.client()
    page, waiting = await place.page(await place.session(owner)), await owner.console.code()
    await owner.tokens.create("admin")
    with pytest.raises(UnauthorizedError, match="needs a token"):
        await page.kv.get("k")
    assert (await place.log_in(waiting.code)).status == 401


async def test_a_restart_keeps_it(place: Place) -> None:
    owner = await place.client()
    code, spare = await owner.console.code(), await owner.console.code()
    session = await owner.console.login(code.code)
    await place.server.restart()
    page, owner = await place.client(session.token), await place.client()
    me = await page.tokens.whoami()
    assert (me.role, me.is_session) == (Role.ADMIN, True)
    with pytest.raises(UnauthorizedError, match="used already"):
        await owner.console.login(code.code)
    assert await owner.console.login(spare.code)


async def test_a_session_opens_no_other_and_what_it_mints_ends_with_it(
    place: Place, admin: FloClient
) -> None:
    page = await place.client(await place.session(admin))
    with pytest.raises(ForbiddenError, match="opens no other"):
        await page.console.code()
    minted = await page.tokens.mint(scopes=["read:kv:a"])
    visitor = await place.page(minted.token)
    assert await visitor.kv.get("a") is None
    await page.console.logout()
    with pytest.raises(UnauthorizedError, match="session of the console is over"):
        await visitor.kv.get("a")


async def test_every_write_of_a_session_is_in_the_audit(place: Place, admin: FloClient) -> None:
    page = await place.client(await place.session(admin))
    await page.kv.put("k", b"v")
    await page.kv.get("k")
    async with page.batch() as batch:
        batch.kv.put("a", b"1")
        batch.queue.enqueue("q", b"x")
    await page.namespaces.create("shop")
    told = [each.json() for each in (await admin.stream.read("_audit")).records]
    assert [each["what"] for each in told] == ["KvPut", "KvPut", "QueueEnqueue"]
    who = (await admin.tokens.whoami()).who
    assert {each["who"] for each in told} == {f"console of {who} (admin)"}
    assert told[0]["from"].startswith("tcp 127.0.0.1")
    system = await admin.stream.read("_audit", namespace="_system")
    assert "NamespaceCreate" in [each.json()["what"] for each in system.records]
    await admin.kv.put("k", b"not from the console")
    assert len((await admin.stream.read("_audit")).records) == 3


async def test_codes_of_one_token_are_bounded(place: Place) -> None:
    owner = await place.client()
    for _ in range(20):
        await owner.console.code()
    with pytest.raises(OverloadedError, match="20 codes"):
        await owner.console.code()
    await place.server.advance(MINUTE_MS)
    assert await owner.console.code()


# What an attacker can try


async def test_a_foreign_page_may_not_log_in_without_tokens(place: Place) -> None:
    code = (await (await place.client()).console.code()).code
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
    ):
        reply = await place.log_in(code, **headers)
        assert reply.status == 403, headers
    rebound = await place.log_in(code, Host="rebound.example", Origin="http://rebound.example")
    assert rebound.status == 421
    own = await place.log_in(code, Origin=f"http://{place.server.endpoint}")
    assert own.status == 200, "none of them has used it up"


async def test_a_get_or_a_form_uses_nothing_up(place: Place) -> None:
    code = (await (await place.client()).console.code()).code
    http = await place.http()
    assert (await http.ask("GET", f"/v1/console.login?code={code}")).status == 405
    http = await place.http()
    body = b'{"code": "%s"}' % code.encode()
    form = await http.ask("POST", "/v1/console.login", body, Content_Type="text/plain")
    assert form.status == 415
    assert (await place.log_in(code)).status == 200


async def test_a_cookie_is_nobody(place: Place, admin: FloClient) -> None:
    token = await place.session(admin)
    http = await place.http()
    reply = await http.ask("POST", "/v1/default/kv.get", {"key": "k"}, Cookie=f"token={token}")
    assert reply.status == 401


async def test_a_page_gets_an_admins_rights_by_a_session_alone(place: Place) -> None:
    """Without tokens a page has the role web: a code that it asks for gives it no more."""
    http = await place.http()
    origin = f"http://{place.server.endpoint}"
    asked = await http.ask("POST", "/v1/console.code", {}, Origin=origin)
    reply = await place.log_in(asked.json["code"])
    assert reply.json["info"]["role"] == "web"
    with pytest.raises(ForbiddenError, match="role web"):
        await (await place.client(reply.json["token"])).tokens.list()


async def test_a_guessed_session_is_refused(place: Place) -> None:
    owner = await place.client()
    token = await place.session(owner)
    for guess in (f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}", "floc_", token[:20]):
        with pytest.raises(UnauthorizedError):
            await place.client(guess)


async def test_an_answer_with_a_secret_is_not_kept(place: Place) -> None:
    http = await place.http()
    for name, body in (("code", {}), ("login", {"code": "x"})):
        reply = await http.ask("POST", f"/v1/console.{name}", body, Idempotency_Key="a")
        assert reply.status == 400


# The command line


async def test_flo_console_prints_a_link(flo: Flo, server: FloTestServer) -> None:
    result = await flo("console", "--no-browser")
    assert result.code == 0, result.err
    address, _, code = result.out.strip().partition("#code=")
    assert address == f"http://{server.endpoint}/"
    assert "good once" in result.err
    async with server.client() as client:
        assert (await client.console.login(code)).info.role is Role.ADMIN
    told = (await flo("--json", "console", "--no-browser")).json
    assert told["link"].startswith(f"{address}#code=")
    assert told["opened"] is False


async def test_flo_console_opens_in_its_namespace(flo: Flo) -> None:
    link = (await flo("--json", "-n", "shop", "console", "--no-browser")).json["link"]
    assert link.endswith("&namespace=shop")


def opened_by(opened: list[str]) -> Callable[[str], bool]:
    """A browser that notes what it opens."""

    def open_link(link: str) -> bool:
        opened.append(link)
        return True

    return open_link


async def test_flo_console_opens_a_browser(
    flo: Flo, server: FloTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened_by(opened))
    result = await flo("console")
    assert result.out == f"the console is open in a browser: http://{server.endpoint}/\n"
    assert opened[0].startswith(f"http://{server.endpoint}/#code=")
    monkeypatch.setattr("webbrowser.open", lambda link: False)
    assert "#code=" in (await flo("console")).out, "where there is none it prints the link"


async def test_flo_token_whoami(flo: Flo) -> None:
    told = (await flo("--json", "token", "whoami")).json
    assert (told["role"], told["namespaces"], told["is_session"]) == ("admin", None, False)
    assert "role        admin" in (await flo("token", "whoami")).out
