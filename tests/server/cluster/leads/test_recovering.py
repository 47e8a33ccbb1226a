"""Which nodes may be there when a copy goes on as a new history, and who is to say how far."""

from __future__ import annotations

import msgspec
import pytest

from floruntime.core.errors import ConflictError
from floruntime.server.cluster.board.board import Entry
from floruntime.server.cluster.board.lease import LeaseRow, LeaseWatch
from floruntime.server.cluster.board.members import NODES, Members, NodeRow, decode_node, encode
from floruntime.server.cluster.leads.recovering import check_versions, told_reach


def row(name: str, *, knows_anew: bool = True) -> NodeRow:
    return NodeRow(name, "run", "x:1", "0.1", 0, {}, knows_anew=knows_anew)


def test_how_far_a_partition_has_come_is_told_by_the_living_and_the_dead_and_by_its_leader() -> (
    None
):
    members, watch = Members(lambda: 0.0), LeaseWatch(lambda: 0.0)
    watches = [LeaseWatch(lambda: 0.0), watch]
    assert told_reach(members, watches, 1) == 0
    rows = (NodeRow("a", "run", "x:1", "1", 0, {}, reaches={1: 7}), row("older"))
    members.see({NODES + each.name: Entry(1, encode(each)) for each in rows})
    assert (told_reach(members, watches, 1), told_reach(members, watches, 0)) == (7, 0)
    lease = msgspec.msgpack.encode(LeaseRow("b", "run", 1, 0, sequence=9))
    watch.see(Entry(1, lease))
    assert told_reach(members, watches, 1) == 9


def test_versions_that_give_their_copies_up_may_be_mixed() -> None:
    check_versions(3, [row("a"), row("b")])


def test_one_that_would_go_on_with_what_it_had_is_named() -> None:
    old = decode_node(encode((*("c", "run", "x:1", "0.0.9", 0, {}), False, False, 1, 7, {})))
    with pytest.raises(ConflictError, match=r"partition 3 is kept by c \(version 0\.0\.9\)"):
        check_versions(3, [row("a"), old])
