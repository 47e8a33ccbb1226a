"""The cost of following a path: every node touched is counted, and a budget bounds them."""

from __future__ import annotations

from typing import Any, Final

from floruntime.engine.workflow.paths.errors import PathTooCostly

NODES_MAX: Final = 250_000
"""How many nodes one path, or all of one mapping, may touch; a filter touches a node once for each
of its parts. On a slow machine that takes about 0.1 s.
"""
CHARS_PER_NODE: Final = 4096
"""Comparing texts of this length counts as touching one node more."""

Nodes = list[Any]


class Walk:
    """One evaluation: the root, what is left of the budget, and absolute queries answered so far.

    The same path over the same document costs the same everywhere, so replay is not in doubt.
    """

    __slots__ = ("answers", "left", "root")

    def __init__(self, root: Any, nodes_max: int = NODES_MAX) -> None:
        self.root = root
        self.left = nodes_max
        self.answers: dict[int, Nodes] = {}

    def touch(self, nodes: int) -> None:
        """Count `nodes`. Raises `PathTooCostly` when that is more than is left."""
        self.left -= nodes
        if self.left < 0:
            raise PathTooCostly(f"it would touch more than {NODES_MAX:,} nodes of the document")


def children_of(node: Any) -> Nodes:
    """The values of an object in their order, the elements of an array, nothing of the rest."""
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []
