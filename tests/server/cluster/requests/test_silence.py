"""What people are told where a request cannot be answered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlparse

import pytest

from floruntime.server.cluster.nats.jetstream import Nats
from floruntime.server.cluster.requests.silence import (
    ELSEWHERE_S,
    Patience,
    Said,
    what_ails_nats,
    why_none,
)
from floruntime.server.config import ConfigError


def node(**more: Any) -> Any:
    """A node that is well, but for `more`."""
    nats = {"is_connected": True, "problem": "", "refusal": ""}
    nats |= {key: more.pop(key) for key in tuple(more) if key in nats}
    told = {
        "name": "a",
        "is_board_heard": True,
        "board_problem": "",
        "leader_of": lambda partition: "",
    }
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
            "NATS refuses what the cluster needs: insufficient resources",
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
    own = node(leader_of=lambda partition: "a")
    assert why_none(own, 1) == "partition 1 is led by this node, whose lease NATS does not renew"


def test_a_server_of_nats_that_is_of_no_use_for_long_is_left_for_the_next() -> None:
    patience = Patience()
    uses = [(0.0, False), (1.0, True), (2.0, False), (2.0 + ELSEWHERE_S, False)]
    assert [patience.is_over(is_of_use, now_s) for now_s, is_of_use in uses] == [False] * 4
    left_s = 2.1 + ELSEWHERE_S
    assert patience.is_over(False, left_s)
    assert not patience.is_over(False, left_s + ELSEWHERE_S)  # so long has the next one, too
    assert patience.is_over(False, left_s + ELSEWHERE_S + 0.1)


@pytest.mark.parametrize(
    ("servers", "is_connected", "times"), [(3, True, 1), (1, True, 0), (3, False, 0)]
)
async def test_the_next_one_is_connected_to_where_there_is_one(
    servers: int, is_connected: bool, times: int, quiet: None
) -> None:
    called: list[None] = []

    async def force_reconnect() -> None:
        called.append(None)

    client: Any = SimpleNamespace(
        servers=[urlparse("nats://n:4222")] * servers,
        is_connected=is_connected,
        connected_url=urlparse("nats://n:4222"),
        force_reconnect=force_reconnect,
    )
    await Nats(client, "flo", []).go_elsewhere()
    assert len(called) == times


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
