"""JWT: who signed them, what they say, and the keys."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from floruntime.core.errors import ForbiddenError, UnauthorizedError
from floruntime.core.kv import KvGet
from floruntime.core.system import Hello
from floruntime.core.token import Role
from floruntime.server.access import jwks
from floruntime.server.access.jwks import KeySet, open_keys
from floruntime.server.access.jwt_tokens import LEEWAY_S, JwtTokens
from floruntime.server.config import Config, ConfigError
from tests.server.connections.test_rate import Clock
from tests.server.connections.web_peer import WebPeer
from tests.server.wire_client import Rig
from tests.until import WAIT_S, until

pytestmark = pytest.mark.usefixtures("quiet")

SECRET = "a secret of 32 bytes or a bit more"
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
SMALL_RSA = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
EC = ec.generate_private_key(ec.SECP256R1())
HOUR_S = 3_600


def signed(
    key: Any = SECRET, algorithm: str = "HS256", *, kid: str | None = None, **claims: Any
) -> str:
    claims = {"role": "web", "exp": int(time.time()) + HOUR_S, **claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm: Any = jwt.get_algorithm_by_name(
        "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    )
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}


def document(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": keys})


def verify(text: str, **settings: Any) -> Any:
    return JwtTokens(Config(**{"jwt_secret": SECRET, **settings})).verify(text)


# What a token says


@pytest.mark.parametrize("role", Role)
def test_a_token_has_a_role(role: Role) -> None:
    assert verify(signed(role=role)).role is role


@pytest.mark.parametrize(
    ("claims", "namespaces"),
    [
        ({}, None),
        ({"namespaces": ["shop", "mail"]}, {"shop", "mail"}),
        ({"namespaces": "shop"}, {"shop"}),
        ({"namespace": "shop"}, {"shop"}),
        ({"namespace": ["shop"]}, {"shop"}),
    ],
)
def test_a_token_is_for_the_namespaces_it_names(claims: Any, namespaces: Any) -> None:
    assert verify(signed(**claims)).namespaces == namespaces


@pytest.mark.parametrize(
    ("claim", "scopes"),
    [
        (["read:kv:a", "append:stream:b*"], ("read:kv:a", "append:stream:b*")),
        ("read:stream:chat:*", ("read:stream:chat:*",)),
    ],
)
def test_a_token_is_for_the_scopes_it_names(claim: Any, scopes: Any) -> None:
    assert verify(signed()).scopes == ()
    assert verify(signed(flo_scopes=claim)).scopes == scopes


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"flo_scopes": []}, "flo_scopes are"),
        ({"flo_scopes": {}}, "flo_scopes are"),
        ({"flo_scopes": [7]}, "flo_scopes are"),
        ({"flo_scopes": ["see:kv:a"]}, "scope 'see:kv:a' is not a scope"),
        ({"flo_scopes": ["write:kv:a"]}, "gives nothing to the role web"),
        ({"flo_scopes": ["read:kv:a"] * 101}, "100"),
        ({"role": None}, "role is None"),
        ({"role": "root"}, "role is 'root'; it must be one of web, worker, backend, admin"),
        ({"role": ["web"]}, "role is"),
        ({"role": {}}, "role is"),
        ({"role": "admin", "namespaces": ["shop"]}, "admin"),
        ({"namespaces": []}, "namespaces are"),
        ({"namespaces": {}}, "namespaces are"),
        ({"namespaces": 7}, "namespaces are"),
        ({"namespaces": ["9"]}, "'9'"),
        ({"namespaces": [7]}, "must be text"),
        ({"namespaces": ["n"] * 101}, "1 to 100"),
        ({"namespaces": ["a"], "namespace": "b"}, "both namespace and namespaces"),
        ({"exp": None}, "no claim exp"),
        ({"exp": 1}, "has expired"),
        ({"exp": int(time.time()) - LEEWAY_S - 1}, "has expired"),
        ({"exp": "soon"}, "cannot be used"),
        ({"exp": float("inf")}, "cannot be used"),
        ({"exp": float("nan")}, "cannot be used"),
        ({"exp": [1]}, "cannot be used"),
        ({"exp": 10**400}, "the token's exp is 1000"),
        ({"exp": 2**40 + 1}, "1099511627777; seconds since 1970, to 1099511627776, are allowed"),
        ({"nbf": int(time.time()) + HOUR_S}, "not valid yet"),
        ({"iat": int(time.time()) + HOUR_S}, "not valid yet"),
        ({"aud": "another"}, "aud is not"),
    ],
)
def test_a_token_that_says_what_cannot_be_is_told_so(claims: Any, told: str) -> None:
    with pytest.raises(UnauthorizedError, match=told):
        verify(signed(**claims))


def test_clocks_may_be_a_little_apart() -> None:
    now_s = int(time.time())
    assert verify(signed(exp=now_s - LEEWAY_S // 2)).expires_at_ms > now_s * 1_000
    verify(signed(nbf=now_s + LEEWAY_S // 2, iat=now_s + LEEWAY_S // 2))


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({}, "no claim iss"),
        ({"iss": "https://idp", "aud": "other"}, "aud is not"),
        ({"iss": "https://evil", "aud": "flo"}, "iss is not"),
        ({"iss": "https://idp"}, "no claim aud"),
        ({"aud": "flo"}, "no claim iss"),
    ],
)
def test_issuer_and_audience_are_those_of_the_settings(claims: Any, told: str) -> None:
    settings = {"jwt_issuer": "https://idp", "jwt_audience": "flo"}
    with pytest.raises(UnauthorizedError, match=told):
        verify(signed(**claims), **settings)
    for audience in ("flo", ["other", "flo"]):
        verify(signed(iss="https://idp", aud=audience), **settings)


# Who signed it


def part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "a.b.c", "e30.e30.", "ü", "\x00", "." * 1_000),
        f"{part({'alg': 'none'})}.{part({'role': 'admin', 'exp': 2**40})}.",
        f"{part({'alg': 'NONE'})}.{part({'role': 'admin'})}.",
        f"{part({'alg': ['HS256']})}.{part({})}.",
        f"{part({'alg': None})}.{part({})}.",
        f"{part({'kid': 7, 'alg': 'HS256'})}.{part({})}.x",
        f"{part(['HS256'])}.{part({})}.x",
        f"{part({'alg': 'HS256', 'crit': ['x']})}.{part({})}.x",
        base64.urlsafe_b64encode(b"[" * 40_000).decode().rstrip("=") + ".e30.x",
    ],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(UnauthorizedError):
        verify(text)


def test_another_secret_or_algorithm_is_refused() -> None:
    with pytest.raises(UnauthorizedError, match="signature"):
        verify(signed("another secret of 32 bytes or more"))
    for algorithm in ("HS384", "HS512"):
        with pytest.raises(UnauthorizedError, match=algorithm):
            verify(signed(SECRET * 2, algorithm))
    with pytest.raises(UnauthorizedError, match="RS256"):
        verify(signed(RSA, "RS256"))
    head, _, tail = signed(role="web").split(".")
    with pytest.raises(UnauthorizedError, match="signature"):
        verify(f"{head}.{part({'role': 'admin', 'exp': 2**40})}.{tail}")


@pytest.fixture
def keys(tmp_path: Path) -> str:
    file = tmp_path / "jwks.json"
    file.write_text(document(jwk(RSA, "r"), jwk(EC, "e")))
    return str(file)


def test_public_keys_verify_what_they_are_for(keys: str) -> None:
    tokens = JwtTokens(Config(jwt_jwks=keys))
    for key, algorithm, kid in ((RSA, "RS256", "r"), (EC, "ES256", "e")):
        assert tokens.verify(signed(key, algorithm, kid=kid)) is not None
        assert tokens.verify(signed(key, algorithm)) is not None, "the only one there is"
    assert tokens.verify(signed(RSA, "RS256", kid="e")) is None
    assert tokens.verify(signed(RSA, "RS256", kid="unknown")) is None
    with pytest.raises(UnauthorizedError, match="signature"):
        tokens.verify(signed(rsa.generate_private_key(65_537, 2_048), "RS256", kid="r"))
    with pytest.raises(UnauthorizedError, match="HS256"):
        tokens.verify(signed())
    with pytest.raises(UnauthorizedError, match="PS256"):
        tokens.verify(signed(RSA, "PS256", kid="r"))


def test_a_public_key_is_never_taken_for_a_secret(keys: str) -> None:
    """Whoever knows the public key must not be able to sign with it as if it were the secret."""
    public = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head, body = part({"alg": "HS256", "kid": "r"}), part({"role": "admin", "exp": 2**40})
    signature = jwt.get_algorithm_by_name("HS256").sign(f"{head}.{body}".encode(), public)
    forged = f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
    with pytest.raises(UnauthorizedError):
        verify(forged, jwt_jwks=keys)
    with pytest.raises(UnauthorizedError):
        JwtTokens(Config(jwt_jwks=keys)).verify(forged)


def test_keys_of_other_kinds_and_uses_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    other = ec.generate_private_key(ec.SECP384R1())
    p384: Any = jwt.get_algorithm_by_name("ES384")
    file.write_text(
        document(
            json.loads(p384.to_jwk(other.public_key())),
            {"kty": "oct", "k": "c2VjcmV0", "kid": "o"},
            {"kty": "what?"},
            jwk(EC, "encrypts", use="enc"),
            jwk(RSA, "r"),
        )
    )
    tokens = JwtTokens(Config(jwt_jwks=str(file)))
    assert tokens.verify(signed(RSA, "RS256", kid="r")) is not None
    assert tokens.verify(signed(EC, "ES256", kid="encrypts")) is None
    assert tokens.verify(signed(EC, "ES256")) is None


def test_a_key_that_is_too_small_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(document(jwk(SMALL_RSA, "small")))
    text = jwt.PyJWS(options={"enforce_minimum_key_length": False})
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = text.encode(
            json.dumps({"role": "admin", "exp": 2**40}).encode(),
            SMALL_RSA,
            "RS256",
            headers={"kid": "small"},
        )
    with pytest.raises(UnauthorizedError, match="key"):
        JwtTokens(Config(jwt_jwks=str(file))).verify(token)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"keys": []}', '{"keys": [{}]}', '{"keys": 5}']
)
def test_a_file_that_holds_no_keys_is_told_at_the_start(tmp_path: Path, content: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match=r"jwks\.json"):
        JwtTokens(Config(jwt_jwks=str(file)))
    with pytest.raises(ConfigError, match=r"missing\.json"):
        JwtTokens(Config(jwt_jwks=str(tmp_path / "missing.json")))


# Keys that are far away


class Provider:
    """An identity provider that serves what it is told."""

    def __init__(self) -> None:
        self.body = document(jwk(RSA, "r")).encode()
        self.head: list[tuple[str, str]] = []
        self.status = 200
        self.reads = 0
        self.gate = threading.Event()
        self.gate.set()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.reads += 1
                provider.gate.wait(WAIT_S)
                self.send_response(provider.status)
                for name, value in provider.head:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(provider.body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/jwks"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def providing() -> Iterator[Provider]:
    provider = Provider()
    try:
        yield provider
    finally:
        provider.stop()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as it:
        yield it


async def renewed(rig: Rig) -> None:
    """Wait until all that is judged with far-away keys is judged."""
    async with asyncio.timeout(WAIT_S):
        while rig.server.access._judging:
            await asyncio.wait(rig.server.access._judging)


async def test_keys_are_fetched_beside_the_loop_and_cached(provider: Provider) -> None:
    async with Rig(jwt_jwks=provider.address) as rig:
        await renewed(rig)
        for number in range(3):
            assert rig.client(
                f"c{number}", token=signed(RSA, "RS256", kid="r")
            ).conversation.is_welcome
        assert provider.reads == 1


async def test_a_hello_waits_for_an_unknown_key_while_others_are_served(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "INTERVAL_S_MIN", 0)
    async with Rig(jwt_jwks=provider.address) as rig:
        await renewed(rig)
        known = rig.client("known", token=signed(RSA, "RS256", kid="r", role="worker"))
        provider.body = document(jwk(RSA, "r"), jwk(EC, "new")).encode()
        provider.gate.clear()
        fresh, page = rig.client(), WebPeer(rig)
        hello = fresh.send(Hello("1", "me", signed(EC, "ES256", kid="new")))
        page.send(Hello("1", "page", signed(EC, "ES256", kid="new")), 1)
        get = fresh.send(KvGet("k"))
        await rig.turns(20)
        assert not fresh.is_answered(hello)
        assert known.result(known.send(KvGet("k"))) is None
        provider.gate.set()
        await renewed(rig)
        page.take()
        assert fresh.result(hello).role is Role.WEB
        assert fresh.result(get) is None
        assert page.answer(1).error is None
        assert provider.reads == 2, "both waited for the same"


async def test_a_signal_fetches_keys_at_once(provider: Provider) -> None:
    async with Rig(jwt_jwks=provider.address) as rig:
        await renewed(rig)
        rig.server.access.read_keys_anew()
        await renewed(rig)
        assert provider.reads == 2


async def test_keys_are_not_fetched_too_often(provider: Provider) -> None:
    async with Rig(jwt_jwks=provider.address) as rig:
        await renewed(rig)
        for _ in range(5):
            client = rig.client()
            hello = client.send(Hello("1", "me", signed(EC, "ES256", kid="unknown")))
            await renewed(rig)
            assert "not known" in client.error(hello).message
            assert client.is_closed
        assert provider.reads == 1


async def test_old_keys_are_fetched_anew_and_stay_where_that_fails(provider: Provider) -> None:
    clock = Clock()
    keys = KeySet("source", open_keys(provider.address)._read, now_s=clock)
    assert keys.is_old
    await keys.renew()
    assert not keys.is_old
    clock.now_s += jwks.AGE_S_MAX + 1
    assert keys.is_old
    provider.status = 503
    await keys.renew()
    assert not keys.is_old
    assert keys.find("r", "RS256") is not None
    clock.now_s += jwks.INTERVAL_S_MIN
    provider.status, provider.body = 200, document(jwk(EC, "e")).encode()
    await keys.renew()
    assert keys.find("r", "RS256") is None
    assert keys.find("e", "ES256") is not None


async def test_old_keys_are_fetched_before_one_of_them_is_used(provider: Provider) -> None:
    async with Rig(jwt_jwks=provider.address) as rig:
        await renewed(rig)
        held: Any = rig.server.access._jwt
        held._keys._tried_s -= jwks.AGE_S_MAX + 1
        held._keys._read_s -= jwks.AGE_S_MAX + 1
        provider.body = document(jwk(EC, "e")).encode()
        withdrawn = rig.client()
        hello = withdrawn.send(Hello("1", "me", signed(RSA, "RS256", kid="r")))
        assert not withdrawn.conversation.is_welcome
        await until(lambda: withdrawn.is_closed)
        assert withdrawn.error(hello).code == "unauthorized"
        assert provider.reads == 2


async def test_junk_beside_good_keys_is_passed_over(provider: Provider) -> None:
    keys = open_keys(provider.address)
    good = json.loads(document(jwk(RSA, "r")))["keys"]
    junk: list[Any] = [5, None, "x", {"kty": "RSA", "n": [], "e": {}}, {"kty": {}}]
    provider.body = json.dumps({"keys": [*junk, *good]}).encode()
    await keys.renew()
    assert keys.find("r", "RS256") is not None


async def test_a_hello_is_answered_whatever_a_provider_sends(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "INTERVAL_S_MIN", 0)
    async with Rig(jwt_jwks=provider.address) as rig:
        await renewed(rig)
        for body in (b"[" * 100_000, b'{"keys": {"a": 1}}', b"5", b"\xff"):
            provider.body = body
            client = rig.client()
            hello = client.send(Hello("1", "me", signed(EC, "ES256", kid="new")))
            await until(partial(getattr, client, "is_closed"))
            assert client.error(hello).code == "unavailable"
        known = rig.client("known", token=signed(RSA, "RS256", kid="r"))
        assert known.conversation.is_welcome


def dripping(start: bytes) -> tuple[str, socket.socket]:
    """A provider that sends this, and then a byte now and then, for ever."""
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        with contextlib.suppress(OSError):
            accepted, _ = listening.accept()
            with accepted:
                accepted.recv(4096)
                accepted.sendall(start)
                while select.select([accepted], [], [], 0.01)[0] == []:
                    accepted.sendall(b"a")

    threading.Thread(target=drip, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/keys", listening


@pytest.mark.parametrize("start", [b"HTTP/1.0 200 OK\r\nX: ", b"HTTP/1.0 200 OK\r\n\r\n"])
async def test_one_bound_holds_for_headers_and_body(
    start: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logging.disable(logging.NOTSET)
    monkeypatch.setattr(jwks, "READ_S_MAX", 0.2)
    address, listening = dripping(start)
    with listening:
        keys = open_keys(address)
        async with asyncio.timeout(WAIT_S):
            await keys.renew()
        assert "it takes longer than 0.2 s" in caplog.text
        await until(lambda: "flo-jwks" not in [each.name for each in threading.enumerate()])


@pytest.mark.parametrize(
    ("status", "head", "body"),
    [
        (404, [], b"nothing here"),
        (302, [("Location", "http://127.0.0.1:1/elsewhere")], b""),
        (200, [], b"<html>"),
        (200, [], b"x" * (jwks.BYTES_MAX + 1)),
        (200, [], b'{"keys": []}'),
    ],
)
async def test_a_provider_that_serves_no_keys_changes_nothing(
    provider: Provider, status: int, head: Any, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "INTERVAL_S_MIN", 0)
    keys = open_keys(provider.address)
    await keys.renew()
    provider.status, provider.head, provider.body = status, head, body
    await keys.renew()
    assert provider.reads == 2
    assert keys.find("r", "RS256") is not None


async def test_a_provider_that_is_away_at_the_start_is_asked_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "INTERVAL_S_MIN", 0)
    provider.status = 503
    async with Rig(jwt_jwks=provider.address) as rig:
        await renewed(rig)
        provider.status = 200
        client = rig.client()
        hello = client.send(Hello("1", "me", signed(RSA, "RS256", kid="r")))
        await renewed(rig)
        assert client.result(hello) is not None


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "READ_S_MAX", 0.0)

    class Dripping:
        def __enter__(self) -> Dripping:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is held."""

        def read1(self, size: int) -> bytes:
            return b"x"

    class Opener:
        def open(self, address: str, timeout: float) -> Dripping:
            return Dripping()

    monkeypatch.setattr("urllib.request.build_opener", lambda *_: Opener())
    with pytest.raises(TimeoutError):
        open_keys("https://idp.example/keys")._read()


async def test_a_file_is_read_anew_when_a_key_is_not_in_it(
    keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "INTERVAL_S_MIN", 0)
    async with Rig(jwt_jwks=keys) as rig:
        fresh = ec.generate_private_key(ec.SECP256R1())
        await asyncio.to_thread(Path(keys).write_text, document(jwk(fresh, "fresh")))
        client = rig.client()
        hello = client.send(Hello("1", "me", signed(fresh, "ES256", kid="fresh")))
        await renewed(rig)
        assert client.result(hello) is not None


# In the server


async def test_with_jwt_tokens_are_on_from_the_start_and_both_kinds_are_taken() -> None:
    async with Rig(jwt_secret=SECRET) as rig:
        assert rig.server.access.needs_token
        token = await rig.token("worker")
        assert rig.client("a", token=token).conversation.is_welcome
        page = WebPeer(rig)
        page.greet("b", signed(namespaces=["shop"]))
        page.send(KvGet("k"), 2, namespace="shop")
        page.send(KvGet("k"), 3, namespace="other")
        assert page.answer(2).error is None
        assert isinstance(page.error(3), ForbiddenError)


@pytest.mark.parametrize("ahead_s", [-HOUR_S, 0, HOUR_S])  # the wall clock was wrong, and set right
async def test_a_jwt_that_expires_cuts_its_holder(ahead_s: int) -> None:
    async with Rig(jwt_secret=SECRET) as rig:
        await rig.advance(int(time.time() + ahead_s) * 1_000 - rig.clock.now_ms())
        exp = int(time.time()) + HOUR_S
        client = rig.client("me", token=signed(exp=exp))
        page = WebPeer(rig)
        page.greet("page", signed(exp=exp, sub="ada"))
        slow_ms = 30_000  # for a test that takes its time
        await rig.advance((HOUR_S + LEEWAY_S) * 1_000 - slow_ms)
        assert not client.is_closed
        await rig.advance(slow_ms)
        page.take()
        assert client.is_closed
        assert page.closed is not None
        assert page.closed.reason == "the token has expired"


async def test_the_same_subject_is_known_again_under_a_new_token() -> None:
    async with Rig(jwt_secret=SECRET) as rig:
        from floruntime.core.system import SessionOpen

        client = rig.client("me", token=signed(sub="ada"))
        client.send(SessionOpen())
        await rig.settle()
        again, other = rig.client(), rig.client()
        assert again.greet("me", signed(sub="ada", iat=int(time.time()))).session_known
        assert not other.greet("me", signed(sub="bob")).session_known


async def test_a_stopped_server_leaves_no_fetch_behind(provider: Provider) -> None:
    provider.gate.clear()
    async with Rig(jwt_jwks=provider.address) as rig:
        client = rig.client()
        client.send(Hello("1", "me", signed(EC, "ES256", kid="unknown")))
        await rig.turns()
        judging = list(rig.server.access._judging)
        provider.gate.set()
    await asyncio.gather(*judging, return_exceptions=True)
    assert all(task.done() for task in judging)
