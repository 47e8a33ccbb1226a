"""What YAML 1.2 takes plain scalars for, and what it leaves as text."""

from __future__ import annotations

import math
from typing import Any

import pytest

from floruntime.engine.workflow.language.scalars import DIGITS_MAX, value_of
from floruntime.engine.workflow.language.yaml_nodes import Scalar


def plain(text: str) -> Any:
    return value_of(Scalar(0, len(text), text=text, is_plain=True))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("null", None),
        ("~", None),
        ("", None),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
    ],
)
def test_plain_scalars_of_the_core_schema(text: str, value: Any) -> None:
    assert (plain(text), type(plain(text))) == (value, type(value))
    assert value_of(Scalar(0, 0, text=text, is_plain=False)) == text


def test_not_a_number_is_a_number_of_yaml() -> None:
    assert math.isnan(plain(".NaN"))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "on",
            "off",
            "yes",
            "no",
            "y",
            "n",
            "On",
            "tRUE",
            "1_000",
            "012",
            "-07",
            "12:30",
            "1:2:3",
        ),
        *(
            "0b11",
            "0o8",
            "0xg",
            "1,000",
            "1e",
            ".",
            "-",
            "+",
            "e3",
            "nan",
            "inf",
            "-.nan",
            "=",
            "<<",
        ),
        *("nil", "none", "2024-01-01", "\u0661\u0662", "z" * (DIGITS_MAX + 1)),
    ],
)
def test_all_else_is_text(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize("text", ["1{}", "-1{}", "0x1{}", "0o1{}", "1.{}", "+1{}"])
def test_more_digits_than_a_number_may_have_are_no_text(text: str) -> None:
    number = plain(text.format("1" * DIGITS_MAX))
    assert number == (-math.inf if text[0] == "-" else math.inf)
