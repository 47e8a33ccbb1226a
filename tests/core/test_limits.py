"""Every limit at its edge and one past it, and refusals that say what was wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError

AT_THE_LIMIT: list[tuple[Callable[[Any], Any], Any, Any, str]] = [
    # check, what is still right, what is one past it, what the refusal names
    (lambda v: limits.check_name("queue", v), "q" * 255, "q" * 256, "queue.*256 bytes.*255"),
    (lambda v: limits.check_name("queue", v), "é" * 127, "é" * 128, "queue.*256 bytes"),
    (lambda v: limits.check_name("group", v), "g", "", "group '' has 0 bytes"),
    (limits.check_namespace, "n" * 63, "n" * 64, "namespace.*1 to 63"),
    (limits.check_namespace, "n", "", "namespace ''"),
    (limits.check_key, "k" * 4096, "k" * 4097, "key.*4097 bytes.*4096"),
    (limits.check_key, "k", "", "key '' has 0 bytes"),
    (limits.check_block, 300_000, 300_001, "block_ms is 300001.*300000"),
    (limits.check_block, 0, -1, "block_ms is -1"),
    (limits.check_limit, 1000, 1001, "limit is 1001.*1000"),
    (limits.check_limit, 1, 0, "limit is 0"),
    (
        lambda v: limits.check_duration("ttl_ms", v),
        limits.DURATION_MS_MAX,
        limits.DURATION_MS_MAX + 1,
        "ttl_ms is 315360000001",
    ),
    (lambda v: limits.check_duration("delay_ms", v), 0, -1, "delay_ms is -1"),
    (lambda v: limits.check_duration("ttl_ms", v, low=1), 1, 0, "ttl_ms is 0; 1 to"),
    (lambda v: limits.check_range("priority", v, 0, 9), 9, 10, "priority is 10; 0 to 9"),
    (lambda v: limits.check_range("priority", v, 0, 9), 0, -1, "priority is -1"),
    (lambda v: limits.check_many("seqs", v), 1000, 1001, "seqs has 1001 items; 1 to 1000"),
    (lambda v: limits.check_many("seqs", v), 1, 0, "seqs has 0 items"),
    (lambda v: limits.check_value("value", v, 8), b"8" * 8, b"9" * 9, "value has 9 bytes.*most 8"),
    (limits.check_error_text, "e" * 4096, "e" * 4097, "error has 4097 bytes.*4096"),
]


@pytest.mark.parametrize(("check", "right", "wrong", "names"), AT_THE_LIMIT)
def test_at_the_limit_and_one_past_it(
    check: Callable[[Any], Any], right: Any, wrong: Any, names: str
) -> None:
    for _ in range(2):  # checked names are remembered
        check(right)
        with pytest.raises(BadRequestError, match=names):
            check(wrong)


def test_checks_return_what_comes_next() -> None:
    assert limits.check_name("queue", "é") == "é".encode()
    assert limits.check_namespace("a.b-c_9") == "a.b-c_9"
    assert limits.check_key("é") == "é".encode()
    assert limits.check_limit(7) == 7
    assert limits.check_value("value", b"x", 8) == b"x"
    assert limits.check_error_text(None) is None


@pytest.mark.parametrize("name", ["a\nb", "\x00", "\x7f", "\x9f", "tab\t"])
def test_names_have_no_control_characters(name: str) -> None:
    with pytest.raises(BadRequestError, match="control character"):
        limits.check_name("queue", name)


@pytest.mark.parametrize("name", ["9a", "-a", "_a", ".a", "a b", "a/b", "é", "a\n", "aé"])
def test_namespaces_are_letters_digits_and_three_signs(name: str) -> None:
    with pytest.raises(BadRequestError, match="beginning with a letter"):
        limits.check_namespace(name)


def test_keys_may_have_control_characters() -> None:
    assert limits.check_key("\x00\n") == b"\x00\n"


@pytest.mark.parametrize("check", [limits.check_key, lambda v: limits.check_name("queue", v)])
def test_lone_surrogates_are_refused(check: Callable[[str], bytes]) -> None:
    with pytest.raises(BadRequestError, match="not valid Unicode"):
        check("a\ud800")


def test_long_values_are_shown_short() -> None:
    assert limits.shown("x" * 100) == "'" + "x" * 76 + "..."
    assert limits.shown("x") == "'x'"


def test_the_caches_of_good_names_do_not_grow_without_bound() -> None:
    for number in range(limits._CACHE_MAX + 10):
        limits.check_name("queue", f"q{number}")
        limits.check_namespace(f"n{number}")
    assert len(limits._good_names) <= limits._CACHE_MAX
    assert len(limits._good_namespaces) <= limits._CACHE_MAX
