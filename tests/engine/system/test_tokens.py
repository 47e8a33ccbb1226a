"""Tokens: made, listed, revoked, forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    StorageFullError,
)
from floruntime.core.system import NamespaceDelete
from floruntime.core.token import (
    Role,
    TokenAdopt,
    TokenCreate,
    TokenInfo,
    TokenList,
    TokenRevoke,
)
from floruntime.engine.state.cursors import make_cursor
from floruntime.engine.system import tokens
from tests.engine.harness import START_MS, Engine

HASH = b"h" * 32
DAY_MS = 24 * 3_600_000
KEPT_MS = limits.TOKEN_KEPT_MS


def make(id: str, role: Role = Role.ADMIN, **options: Any) -> TokenCreate:
    """Of an admin, or, where it is for some namespaces, of a page."""
    role = Role.WEB if "namespaces" in options else role
    return TokenCreate(id.ljust(12, "0"), HASH, role, **options)


def adopt(id: str, hash: bytes = HASH) -> TokenAdopt:
    return TokenAdopt(id.ljust(12, "0"), hash)


def listed(engine: Engine) -> list[str]:
    return [each.id.rstrip("0") for each in engine.query(TokenList()).items]


def are_on(engine: Engine) -> bool:
    return tokens.are_on(engine.machine.view(engine.store, "default", engine.now_ms))


def test_a_token_is_kept_without_its_secret(engine: Engine) -> None:
    first = engine.run(make("0"))
    made = engine.run(
        make("a", namespaces=["shop", "mail", "shop"], lifetime_ms=1_000, description="for me")
    )
    assert made == TokenInfo(
        *("a00000000000", Role.WEB, ["mail", "shop"], START_MS, START_MS + 1_000, None, "for me")
    )
    assert engine.query(TokenList()).items == [first, made]
    assert engine.run(make("b")).expires_at_ms is None
    row = tokens.find_token(engine.machine.view(engine.store, "x", 0), "a00000000000")
    assert row is not None
    assert row.hash == HASH


def test_the_first_token_turns_tokens_on_for_good(engine: Engine) -> None:
    assert not are_on(engine)
    engine.run(make("a"))
    assert are_on(engine)
    engine.run(TokenRevoke("a00000000000"))
    engine.advance(KEPT_MS)
    assert listed(engine) == []
    engine.reopen()
    assert are_on(engine)


@pytest.mark.parametrize("role", [Role.WEB, Role.WORKER, Role.BACKEND])
def test_the_first_one_is_an_admins(engine: Engine, role: Role) -> None:
    with pytest.raises(BadRequestError, match=f"role is '{role}', and there is no token yet"):
        engine.run(make("a", role))
    assert not are_on(engine)
    engine.run(make("a", Role.ADMIN))
    assert engine.run(make("b", role)).role is role
    engine.run(TokenRevoke("a00000000000"))
    assert engine.run(make("c", role)).role is role, "it is the first that counts"


def test_one_that_is_refused_turns_nothing_on(engine: Engine) -> None:
    outcome = engine.outcome(make("a", namespaces=["9"]))
    assert outcome.error is not None
    assert not are_on(engine)
    assert engine.rows().keys() == {b"mm"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"id": "short"}, "id is 'short'"),
        ({"id": "UPPERCASE000"}, "UPPERCASE000"),
        ({"id": "a" * 13}, "12 letters"),
        ({"id": "a/../b000000"}, "a to z"),
        ({"hash": b"h" * 31}, "31 bytes"),
        ({"hash": b""}, "0 bytes"),
        ({"namespaces": ["9"]}, "namespace '9'"),
        ({"namespaces": ["n"] * 101}, "100 is allowed"),
        ({"role": Role.ADMIN, "namespaces": ["shop"]}, "admin"),
        ({"lifetime_ms": 0}, "lifetime_ms is 0"),
        ({"lifetime_ms": limits.DURATION_MS_MAX + 1}, "lifetime_ms"),
        ({"description": "x" * 4097}, "description"),
    ],
)
def test_what_can_never_be_right_is_refused(
    engine: Engine, options: dict[str, Any], told: str
) -> None:
    good: dict[str, Any] = {"id": "a" * 12, "hash": HASH, "role": Role.WORKER}
    with pytest.raises(BadRequestError, match=told):
        engine.run(TokenCreate(**{**good, **options}))


def test_the_limits_themselves_are_allowed(engine: Engine) -> None:
    namespaces = [f"n{number}" for number in range(limits.TOKEN_NAMESPACES_MAX)]
    description = "x" * limits.ERROR_TEXT_BYTES_MAX
    first = engine.run(make("0"))
    made = engine.run(
        make(
            "a",
            namespaces=namespaces,
            lifetime_ms=limits.DURATION_MS_MAX,
            description=description,
        )
    )
    assert sorted(made.namespaces) == sorted(namespaces)
    assert made.expires_at_ms == START_MS + limits.DURATION_MS_MAX
    assert made.description == description
    assert engine.query(TokenList()).items == [first, made]


def test_an_id_is_there_once(engine: Engine) -> None:
    engine.run(make("a"))
    with pytest.raises(ConflictError, match="exists already"):
        engine.run(make("a", Role.ADMIN))


def test_revoking_changes_it_once(engine: Engine) -> None:
    engine.run(make("a", lifetime_ms=DAY_MS))
    engine.now_ms += 5
    revoked = engine.run(TokenRevoke("a00000000000"))
    assert revoked.revoked_at_ms == START_MS + 5
    engine.now_ms += 5
    again = engine.outcome(TokenRevoke("a00000000000"))
    assert again.result == revoked
    assert again.touched == []
    with pytest.raises(NotFoundError, match="'b'"):
        engine.run(TokenRevoke("b"))


def test_every_change_is_told(engine: Engine) -> None:
    assert engine.outcome(make("a")).touched == [tokens.CHANGED]
    assert engine.outcome(TokenRevoke("a00000000000")).touched == [tokens.CHANGED]


def test_one_that_is_over_is_listed_for_30_days_and_then_forgotten(engine: Engine) -> None:
    engine.run(make("expires", lifetime_ms=DAY_MS))
    engine.run(make("lasts"))
    engine.run(make("revoked", lifetime_ms=DAY_MS))
    engine.advance(DAY_MS // 2)
    engine.run(TokenRevoke("revoked00000"))
    engine.advance(KEPT_MS - 1)
    assert listed(engine) == ["expires", "lasts", "revoked"]
    engine.advance(1)
    assert listed(engine) == ["expires", "lasts"]
    engine.advance(DAY_MS // 2)
    assert listed(engine) == ["lasts"]
    assert not any(key[:2] == b"tm" for key in engine.rows())


def test_a_revoked_one_is_kept_from_its_revocation_on(engine: Engine) -> None:
    engine.run(make("a", lifetime_ms=DAY_MS))
    engine.advance(10 * DAY_MS)
    engine.run(TokenRevoke("a00000000000"))
    engine.advance(KEPT_MS - 1)
    assert listed(engine) == ["a"]
    engine.advance(1)
    assert listed(engine) == []


def test_there_are_not_too_many(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TOKENS_MAX", 2)
    engine.run(make("a"))
    engine.run(make("b"))
    with pytest.raises(ConflictError, match="2 tokens"):
        engine.run(make("c"))
    engine.run(TokenRevoke("a00000000000"))
    engine.advance(KEPT_MS)
    engine.run(make("c"))


def test_the_list_pages(engine: Engine) -> None:
    for letter in "cab":
        engine.run(make(letter))
    first = engine.query(TokenList(limit=2))
    assert [each.id[0] for each in first.items] == ["a", "b"]
    last = engine.query(TokenList(cursor=first.cursor))
    assert ([each.id[0] for each in last.items], last.cursor) == (["c"], None)
    with pytest.raises(BadRequestError, match="another listing"):
        engine.query(TokenList(cursor=make_cursor("namespaces", 0, b"a")))
    with pytest.raises(BadRequestError, match="limit"):
        engine.query(TokenList(limit=1_001))


def test_tokens_belong_to_no_namespace(engine: Engine) -> None:
    engine.run(make("a"))
    engine.run(make("b", namespaces=["shop"]), namespace="shop")
    engine.run(NamespaceDelete("shop", force=True))
    assert listed(engine) == ["a", "b"]


def test_while_the_disk_is_nearly_full_tokens_are_revoked_but_not_made(engine: Engine) -> None:
    engine.run(make("a"))
    with pytest.raises(StorageFullError):
        engine.run(make("b"), may_grow=False)
    engine.run(TokenRevoke("a00000000000"), may_grow=False)


def test_a_token_made_again_by_the_same_write_is_made_once(engine: Engine) -> None:
    from floruntime.core.system import SessionOpen

    engine.run(SessionOpen(), session="me")
    first = engine.run(make("a"), session="me", number=1)
    assert engine.run(make("a"), session="me", number=1) == first
    assert len(listed(engine)) == 1


def test_replay_gives_the_same_rows(engine: Engine) -> None:
    engine.run(make("a", lifetime_ms=DAY_MS))
    engine.run(make("b", Role.ADMIN))
    engine.advance(DAY_MS)
    engine.run(TokenRevoke("b00000000000"))
    engine.advance(KEPT_MS)
    again = Engine()
    for entry in engine.entries:
        again.machine.apply(entry)
        again.flush()
    assert again.rows() == engine.rows()


# The one that the server's settings name


def adopted(engine: Engine) -> dict[str, bool]:
    """The ids that are there, and whether each is valid."""
    return {
        each.id.rstrip("0"): each.revoked_at_ms is None for each in engine.query(TokenList()).items
    }


def test_one_from_outside_is_an_admins_and_turns_tokens_on(engine: Engine) -> None:
    made = engine.run(adopt("a"))
    assert (made.role, made.namespaces, made.expires_at_ms) == (Role.ADMIN, [], None)
    assert made.description == "named by the server's setting admin_token_file"
    assert are_on(engine)
    assert engine.run(make("b", Role.WEB)).role is Role.WEB


def test_the_same_one_again_changes_nothing(engine: Engine) -> None:
    made = engine.run(adopt("a"))
    engine.now_ms += 5
    again = engine.outcome(adopt("a"))
    assert (again.result, again.touched) == (made, [])
    engine.reopen()
    assert engine.run(adopt("a")) == made


def test_another_one_takes_its_place(engine: Engine) -> None:
    engine.run(adopt("a"))
    engine.run(make("b", Role.WEB))
    assert engine.outcome(adopt("c", b"c" * 32)).touched == [tokens.CHANGED]
    assert adopted(engine) == {"a": False, "b": True, "c": True}
    engine.run(adopt("a"))
    assert adopted(engine) == {"a": False, "b": True, "c": False}, "what is revoked stays so"


def test_one_that_was_revoked_stays_revoked(engine: Engine) -> None:
    engine.run(adopt("a"))
    engine.run(TokenRevoke("a00000000000"))
    assert engine.run(adopt("a")).revoked_at_ms == engine.now_ms
    assert adopted(engine) == {"a": False}


def test_one_that_was_made_here_may_be_named(engine: Engine) -> None:
    made = engine.run(make("a"))
    assert engine.run(adopt("a")) == made
    engine.run(adopt("b", b"b" * 32))
    assert adopted(engine) == {"a": False, "b": True}


@pytest.mark.parametrize(("role", "hash"), [(Role.WEB, HASH), (Role.ADMIN, b"other" * 6 + b"!!")])
def test_one_that_is_another_ones_is_refused(engine: Engine, role: Role, hash: bytes) -> None:
    engine.run(make("0"))
    engine.run(TokenCreate("a" * 12, HASH, role))
    with pytest.raises(ConflictError, match="it has the id of token"):
        engine.run(TokenAdopt("a" * 12, hash))
    assert adopted(engine) == {"": True, "a" * 12: True}
