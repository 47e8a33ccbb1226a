"""Scopes as they are written."""

from __future__ import annotations

import pytest

from floruntime.core.errors import BadRequestError
from floruntime.core.scope import Scope, check_scopes, parse_scope
from floruntime.core.token import Role


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("read:kv:a", Scope("read", "kv", "a", False)),
        ("read:kv:a:b:*", Scope("read", "kv", "a:b:", True)),
        ("group:stream:*", Scope("group", "stream", "", True)),
        ("write:queue:a*b", Scope("write", "queue", "a*b", False)),
        ("write:queue:**", Scope("write", "queue", "*", True)),
        ("read:workflow:" + "x" * 255 + "*", Scope("read", "workflow", "x" * 255, True)),
        ("read:kv:" + "x" * 4096, Scope("read", "kv", "x" * 4096, False)),
    ],
)
def test_good_ones(text: str, scope: Scope) -> None:
    assert parse_scope(text) == scope


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "::", "read", "read:kv", "read:kv:", "read::a", ":kv:a", "Read:kv:a"),
        *(" read:kv:a", "read:keys:a", "delete:kv:a", "append:kv:a", "group:queue:a"),
        *("append:queue:a", "*:kv:a", "read:*:a", "read:kv:\ud800", "read:queue:" + "x" * 256),
        *("read:kv:" + "x" * 4097, "read:job:a"),
    ],
)
def test_bad_ones_are_refused_by_name(text: str) -> None:
    with pytest.raises(BadRequestError, match="scope '"):
        check_scopes(Role.ADMIN, ["read:kv:good", text])


@pytest.mark.parametrize(
    "text", ["write:kv:a", "read:queue:a", "write:action:a", "read:workflow:a"]
)
def test_what_a_page_can_never_use_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadRequestError, match=f"scope '{text}' gives nothing to the role web"):
        check_scopes(Role.WEB, [text])
    assert check_scopes(Role.WORKER, [text])


def test_there_are_a_hundred_at_most() -> None:
    check_scopes(Role.WEB, ["read:kv:a"] * 100)
    with pytest.raises(BadRequestError, match="101"):
        check_scopes(Role.WEB, ["read:kv:a"] * 101)


@pytest.mark.parametrize(
    ("outer", "inner", "does"),
    [
        ("read:kv:a*", "read:kv:ab", True),
        ("read:kv:a*", "read:kv:ab*", True),
        ("read:kv:a*", "read:kv:a*", True),
        ("read:kv:ab*", "read:kv:a*", False),
        ("read:kv:a", "read:kv:a*", False),
        ("read:kv:a", "read:kv:a", True),
        ("read:kv:*", "write:kv:a", False),
        ("write:stream:*", "append:stream:a", True),
        ("append:stream:*", "write:stream:a", False),
        ("read:kv:a", "read:queue:a", False),
    ],
)
def test_what_includes_what(outer: str, inner: str, does: bool) -> None:
    assert parse_scope(outer).includes(parse_scope(inner)) is does
