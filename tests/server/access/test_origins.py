"""Which web pages may connect."""

from __future__ import annotations

import pytest

from floruntime.server.access.origins import may_connect, normal_origin

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("http://Example.ORG", "http://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("https://example.org:80", "https://example.org:80"),
        ("http://[::1]:9000", "http://[::1]:9000"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("null", "null"),
        ("", None),
        ("example.org", None),
        ("http://", None),
        ("http://example.org/", None),
        ("http://me@", None),
        ("http://example.org:port", None),
        ("http://example.org?x", None),
        ("http://a b", None),
        ("http://[::1", None),
        ("*", None),
    ],
)
def test_origins_are_written_one_way(text: str, normal: str | None) -> None:
    assert normal_origin(text) == normal


@pytest.mark.parametrize(
    ("origin", "host", "may"),
    [
        (None, None, True),
        (None, "db.example:9000", True),
        ("http://localhost", "127.0.0.1:9000", True),
        ("http://localhost:5173", "localhost:9000", True),
        ("https://app.localhost:3000", "localhost:9000", True),
        ("http://127.0.0.9", None, True),
        ("http://[::1]:8080", "[::1]:9000", True),
        ("http://192.0.2.1:9000", "192.0.2.1:9000", True),
        ("http://192.0.2.1", "192.0.2.1:80", True),
        ("https://[2001:db8::1]", "[2001:db8::1]", True),
        ("http://192.0.2.1:9000", "192.0.2.1:9001", False),
        ("http://192.0.2.1:9000", "192.0.2.2:9000", False),
        ("http://192.0.2.1:9000", None, False),
        ("http://db.example:9000", "db.example:9000", False),
        ("http://evil.example", "localhost:9000", False),
        ("http://localhost.evil.example", "localhost:9000", False),
        ("http://127.0.0.1.evil.example", "127.0.0.1:9000", False),
        ("http://evil.example@localhost", "localhost:9000", False),
        ("null", "localhost:9000", False),
        ("nonsense", "localhost:9000", False),
        ("", "localhost:9000", False),
    ],
)
def test_without_tokens_only_near_pages_may(
    origin: str | None, host: str | None, may: bool
) -> None:
    assert may_connect(origin, host, allowed=NONE, needs_token=False) is may


def test_pages_that_are_named_may_too() -> None:
    allowed = frozenset({"https://app.example", "null"})
    for origin, may in {
        "https://app.example": True,
        "https://APP.example:443": True,
        "http://app.example": False,
        "https://app.example:8443": False,
        "https://x.app.example": False,
        "null": True,
        "http://localhost": True,
    }.items():
        assert may_connect(origin, "h", allowed=allowed, needs_token=False) is may, origin


def test_where_a_token_is_needed_it_decides_unless_pages_are_named() -> None:
    allowed = frozenset({"https://app.example"})
    for origin in ("https://evil.example", "null", "nonsense", "http://localhost"):
        assert may_connect(origin, "h", allowed=NONE, needs_token=True)
        assert not may_connect(origin, "h", allowed=allowed, needs_token=True)
    assert may_connect("https://app.example", "h", allowed=allowed, needs_token=True)
    assert may_connect(None, "h", allowed=allowed, needs_token=True)
