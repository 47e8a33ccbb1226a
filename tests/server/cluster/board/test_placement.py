"""Where things are: stable hashes, copies, and leads that spread; simulated for a large cluster."""

from __future__ import annotations

from collections import Counter

import pytest

from floruntime.server.cluster.board.placement import (
    SPREAD,
    SYSTEM,
    handed_over,
    keepers,
    partition_of,
    ranked,
)

NODES = [f"n{number}" for number in range(16)]
PARTITIONS = 256
COPIES = 3
MOVES_MAX = 600


@pytest.mark.parametrize(
    ("namespace", "partition"), [("default", 3), ("shop", 1), ("a", 2), ("ü", 7)]
)
def test_a_namespace_stays_where_it_is_for_ever(namespace: str, partition: int) -> None:
    assert partition_of(namespace, 8) == partition


def test_namespaces_spread_over_partitions() -> None:
    counts = Counter(partition_of(f"namespace-{n}", PARTITIONS) for n in range(10_000))
    assert set(counts) == set(range(1, PARTITIONS + 1))
    assert max(counts.values()) < 3 * 10_000 / PARTITIONS


def test_a_node_that_goes_moves_only_its_own_copies() -> None:
    for partition in range(1, PARTITIONS + 1):
        before = keepers(partition, NODES, COPIES)
        after = keepers(partition, NODES[1:], COPIES)
        assert [node for node in before if node != "n0"] == after[: len(set(before) - {"n0"})]
    assert keepers(SYSTEM, NODES, COPIES) == ranked(SYSTEM, NODES)


def evened(leads: dict[int, str], alive: list[str]) -> int:
    """Let each node hand over what it should, one lead a round and node; how many rounds."""
    for rounds in range(MOVES_MAX):
        moved = False
        for node in alive:
            move = handed_over(node, leads, alive, NODES, COPIES)
            if move is not None:
                partition, target = move
                assert target in keepers(partition, NODES, COPIES)
                leads[partition] = target
                moved = True
        if not moved:
            return rounds
    raise AssertionError("leads never come to rest")


def test_leads_of_a_large_cluster_spread_and_a_lost_nodes_leads_spread_again() -> None:
    leads = {p: keepers(p, NODES, COPIES)[0] for p in range(1, PARTITIONS + 1)}
    assert evened(leads, NODES) < 60
    counts = Counter(leads.values())
    assert max(counts.values()) - min(counts.values()) <= SPREAD + 1
    alive = [node for node in NODES if node != "n3"]
    lost = [partition for partition, leader in leads.items() if leader == "n3"]
    takers: Counter[str] = Counter()
    for partition in lost:
        leads[partition] = next(n for n in keepers(partition, NODES, COPIES) if n in alive)
        takers[leads[partition]] += 1
    assert max(takers.values()) <= len(lost) // 2  # no herd at one node
    assert evened(leads, alive) < 60
    counts = Counter(leads.values())
    assert "n3" not in counts
    assert max(counts.values()) - min(counts[node] for node in alive) <= SPREAD + 1
