"""Placement: the partition of a namespace, and the nodes that keep and lead a partition.

All of it follows from names alone, so every node calculates the same, and nothing is stored. A
namespace is in the partition `1 + H(name) % partitions`. `H` is the first eight bytes, big end
first, of BLAKE2b of the name's UTF-8.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

SYSTEM = 0
"""The log of what belongs to no namespace: tokens. Every node follows it."""
SPREAD = 1
"""By how many leads two nodes may differ before one is handed over."""


def hashed(text: str) -> int:
    """A hash of 64 bits that is the same on every node and in every version."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def partition_of(namespace: str, partitions: int) -> int:
    """The partition of a namespace, counted from 1."""
    digest = hashlib.blake2b(namespace.encode("utf-8", "surrogatepass"), digest_size=64).digest()
    return 1 + int.from_bytes(digest[:8], "big") % partitions


def ranked(partition: int, nodes: Collection[str]) -> list[str]:
    """The nodes in the order in which they keep this partition (rendezvous hashing)."""
    return sorted(nodes, key=lambda node: (hashed(f"{node}/{partition}"), node))


def keepers(partition: int, nodes: Collection[str], copies: int) -> list[str]:
    """The nodes that keep a partition. The first of them leads it if all copies are up to date."""
    order = ranked(partition, nodes)
    return order if partition == SYSTEM else order[:copies]


def handed_over(
    node: str, leads: Mapping[int, str], alive: Collection[str], nodes: Collection[str], copies: int
) -> tuple[int, str] | None:
    """What `node` should hand over, and to which node, so that leads are spread evenly.

    `leads`: the leader of each partition. `alive`: the nodes that may lead. `None` if nothing
    should be handed over.
    """
    counts = dict.fromkeys(alive, 0)
    for leader in leads.values():
        if leader in counts:
            counts[leader] += 1
    own = counts.get(node, 0)
    best: tuple[int, int, str] | None = None
    for partition in sorted(partition for partition, leader in leads.items() if leader == node):
        for other in keepers(partition, nodes, copies):
            if other in counts and other != node and own - counts[other] > SPREAD:
                offer = (counts[other], partition, other)
                best = offer if best is None else min(best, offer)
    return None if best is None else (best[1], best[2])
