"""The text of a token."""

from __future__ import annotations

import hashlib

import pytest

from floruntime.core.token import Role, hash_of, id_of

TEXT = "flo_abc123def456_" + "s" * 43


def test_a_token_names_its_id() -> None:
    assert id_of(TEXT) == "abc123def456"
    assert id_of("flo_abc123def456_" + "-_" * 21 + "x") == "abc123def456"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "flo_",
        TEXT[:-1],
        TEXT + "s",
        TEXT.upper(),
        f" {TEXT}",
        TEXT + "\n",
        "flo_abc_" + "s" * 43,
    ],
)
def test_anything_else_is_no_token(text: str) -> None:
    assert id_of(text) is None


def test_a_hash_is_that_of_the_whole_text() -> None:
    assert hash_of(TEXT) == hashlib.sha256(TEXT.encode()).digest()


def test_roles_stand_in_rising_order() -> None:
    assert list(Role) == ["web", "worker", "backend", "admin"]
