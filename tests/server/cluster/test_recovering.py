"""Which nodes may be there when a copy goes on as a new history."""

from __future__ import annotations

import pytest

from floruntime.core.errors import ConflictError
from floruntime.server.cluster.members import NodeRow, decode_node, encode
from floruntime.server.cluster.recovering import check_versions


def row(name: str, *, knows_anew: bool = True) -> NodeRow:
    return NodeRow(name, "run", "x:1", "0.1", 0, {}, knows_anew=knows_anew)


def test_versions_that_give_their_copies_up_may_be_mixed() -> None:
    check_versions(3, [row("a"), row("b")])


def test_one_that_would_go_on_with_what_it_had_is_named() -> None:
    old = decode_node(encode((*("c", "run", "x:1", "0.0.9", 0, {}), False, False, 1, 7, {})))
    with pytest.raises(ConflictError, match=r"partition 3 is kept by c \(version 0\.0\.9\)"):
        check_versions(3, [row("a"), old])
