"""What people are told where a request cannot be answered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from floruntime.server.cluster.jetstream import Nats
from floruntime.server.cluster.silence import Said, what_ails_nats, why_none
from floruntime.server.config import ConfigError


def node(**more: Any) -> Any:
    """A node that is well, but for `more`."""
    nats = {"is_connected": True, "problem": "", "refusal": ""}
    nats |= {key: more.pop(key) for key in tuple(more) if key in nats}
    told = {"is_board_heard": True, "board_problem": "", "leader_of": lambda partition: ""}
    return SimpleNamespace(nats=SimpleNamespace(**nats), **told | more)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ""),
        ({"is_connected": False}, "NATS cannot be reached"),
        (
            {"is_connected": False, "problem": "Authorization Violation"},
            "NATS cannot be reached (Authorization Violation)",
        ),
        (
            {"refusal": "insufficient resources"},
            "NATS does not take what the cluster needs: insufficient resources",
        ),
        (
            {"is_board_heard": False, "board_problem": "no answer"},
            "NATS does not answer; it needs a majority of its nodes (no answer)",
        ),
    ],
)
def test_what_ails_nats_is_told_with_its_own_words(more: dict[str, Any], told: str) -> None:
    assert what_ails_nats(node(**more)) == told
    if told:
        wanted = f"partition system has no leader that can be asked: {told}"
        assert why_none(node(**more), 0) == wanted


def test_where_nats_is_well_the_leader_is_named_or_that_there_is_none() -> None:
    assert why_none(node(), 1) == "partition 1 has no leader; NATS may lack a majority for its log"
    led = node(leader_of=lambda partition: "b")
    assert why_none(led, 1) == "partition 1 is led by node b, which cannot be reached"


def test_the_same_is_not_said_over_and_over() -> None:
    said = Said()
    assert [said.is_new(text) for text in ("a", "a", "b", "b", "a")] == [
        *(True, False, True, False, True)
    ]


def connected_to(version: str) -> Nats:
    major, minor, patch = map(int, version.split("."))
    found = SimpleNamespace(major=major, minor=minor, patch=patch)
    client: Any = SimpleNamespace(connected_server_version=found)
    return Nats(client, "flo", [])


def test_nats_that_is_too_old_is_refused_by_its_version() -> None:
    for version in ("2.11.0", "2.15.1", "3.0.0"):
        connected_to(version).check_version()
    with pytest.raises(
        ConfigError, match=r"NATS is of version 2\.10\.29; Flo needs 2\.11 or newer"
    ):
        connected_to("2.10.29").check_version()
