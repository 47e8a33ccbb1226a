"""The tree of errors, and its way over the wire."""

from __future__ import annotations

import re

import pytest

from floruntime.core import errors
from floruntime.core.errors import (
    BY_CODE,
    BadRequestError,
    BadTypeError,
    ConflictError,
    FloError,
    GapError,
    from_wire,
)

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, FloError) and value is not BadTypeError
]
"""Those that travel; a `BadTypeError` is raised by the client before anything is sent."""


def test_every_error_stands_directly_under_flo_error() -> None:
    assert {cls.__bases__[0] for cls in CLASSES} == {Exception, FloError}


def test_a_bad_type_is_a_bad_request_and_a_type_error() -> None:
    error = BadTypeError("a value must be bytes")
    assert isinstance(error, BadRequestError)
    assert isinstance(error, TypeError)
    assert error.code == "bad_request"


def test_codes_are_unique_and_all_registered() -> None:
    assert len({cls.code for cls in CLASSES}) == len(CLASSES)
    assert {cls.code: cls for cls in CLASSES} == BY_CODE


def test_the_drawn_tree_shows_every_error() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    every = [*CLASSES, BadTypeError]
    assert sorted(drawn) == sorted(cls.__name__ for cls in every if cls is not FloError)


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_is_documented_and_comes_back_from_the_wire(cls: type[FloError]) -> None:
    assert cls.__doc__
    error = from_wire(cls.code, "it went wrong", "maybe", 3, {"extra": 1})
    assert type(error) is cls
    assert (str(error), error.ran, error.index) == ("it went wrong", "maybe", 3)
    assert error.details == {"extra": 1}


def test_a_code_of_a_newer_server_becomes_a_plain_error() -> None:
    error = from_wire("from_the_future", "hm", "no", None, {})
    assert type(error) is FloError
    assert str(error) == "hm"


def test_details_of_any_name_are_taken() -> None:
    details = {"message": "x", "ran": "x", "index": 5, "self": 1}
    error = from_wire("conflict", "real", "no", None, details)
    assert (str(error), error.ran, error.index, error.details) == ("real", "no", None, details)


def test_an_error_did_not_run_unless_told() -> None:
    assert FloError("x").ran == "no"
    assert FloError("x").index is None


@pytest.mark.parametrize(("given", "expected"), [({}, None), ({"current_version": 0}, 0)])
def test_a_conflict_tells_the_current_version(given: dict[str, int], expected: int | None) -> None:
    assert ConflictError("x", **given).current_version == expected  # type: ignore[arg-type]  # details


def test_details_of_a_wrong_type_are_not_believed() -> None:
    assert from_wire("conflict", "x", "no", None, {"current_version": "7"}).details
    assert ConflictError("x", current_version="7").current_version is None
    assert GapError("x", first_version=None).first_version == 0
    assert GapError("x", first_version=12).first_version == 12
