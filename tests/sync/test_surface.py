"""Both surfaces are one: what the asynchronous client has, `floruntime.sync` has under its name."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from scripts import generate_sync

import floruntime
import floruntime.sync

KINDS = list(generate_sync.mirrored())


def of_people(kind: type[Any]) -> dict[str, Any]:
    return {
        {"aclose": "close"}.get(name, name): inspect.getattr_static(kind, name)
        for name in dir(kind)
        if name[0] != "_" and name != "take_ready"
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_names_and_parameters_are_the_same(kind: type[Any]) -> None:
    twin = getattr(floruntime.sync, kind.__name__)
    for name, member in of_people(kind).items():
        other = inspect.getattr_static(twin, name)
        if inspect.isfunction(member):
            assert list(inspect.signature(member).parameters) == [
                *inspect.signature(other).parameters
            ]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_nothing_is_to_be_awaited(kind: type[Any]) -> None:
    twin = getattr(floruntime.sync, kind.__name__)
    for name in dir(twin):
        member = inspect.getattr_static(twin, name)
        assert not inspect.iscoroutinefunction(member), name
        if inspect.isfunction(member) and name[0] != "_":
            assert not str(inspect.signature(member).return_annotation).startswith("Operation[")
            assert "await" not in (inspect.getdoc(member) or "").replace("awaited", ""), name


def test_the_parts_of_a_client_are_all_there() -> None:
    theirs = {name for name in vars(floruntime.FloClient("memory://")) if name[0] != "_"}
    ours = {name for name in vars(floruntime.sync.FloClient("memory://")) if name[0] != "_"}
    assert ours == theirs - {"calls", "tls"}


def test_what_the_package_exports_is_sorted() -> None:
    assert list(floruntime.sync.__all__) == sorted(floruntime.sync.__all__)
