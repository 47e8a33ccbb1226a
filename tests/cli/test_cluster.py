"""`flo cluster status`, as text."""

from __future__ import annotations

from floruntime.cli.cluster import _lines
from floruntime.core.cluster import ClusterInfo, NodeInfo, PartitionInfo, ReplicaInfo


def status(clock_difference_ms: int, lag_entries: int) -> str:
    node = NodeInfo("a", "h:1", "0.1.0", True, False, clock_difference_ms, 1, 1, 0)
    copy = ReplicaInfo("a", 7, lag_entries, 15_623)
    partition = PartitionInfo(1, "1", "a", 2, 7, [copy], 3)
    return "\n".join(_lines(ClusterInfo("flo", "id", "a", 3, "answers", True, [node], [partition])))


def test_clocks_are_told_as_exactly_as_they_are_known() -> None:
    assert status(-553, 0).splitlines()[3].endswith("  0 s")
    assert status(7_200_900, 0).splitlines()[3].endswith("  +7200 s")
    assert status(-3_100, 0).splitlines()[3].endswith("  -3 s")


def test_how_far_a_copy_is_behind_is_told_in_words() -> None:
    assert "  a (1 behind, heard of 15s ago)" in status(0, 1)
    assert "behind" not in status(0, 0)
