"""Layers of a drawing: which item stands in which, and which lines run from one to the next.

Nodes stand in the even layers, by their longest way from the start; each link's label stands in
the odd layer below its source, as an item of its own, so that nothing is ever drawn over it. A link
that passes further layers has a place kept in each; links with the same target share these, and
become one line. What leads back, or to its own node, is a loop: it is drawn beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from floruntime.graph.geometry import Size


class Link(msgspec.Struct, frozen=True):
    """A line to be drawn, with the size of its label."""

    source: str
    target: str
    label: Size


class Item(msgspec.Struct, frozen=True):
    """What takes up a place in a layer: a node, the label of a link, or a line passing through.

    `node`: its name; of a label its source's, of a line its target's. `link`: the label's.
    """

    node: str
    link: int = -1
    layer: int = -1

    @property
    def is_node(self) -> bool:
        """Whether it is a node, and no label or line."""
        return self.link < 0 and self.layer < 0

    @property
    def is_line(self) -> bool:
        """Whether it only keeps a place free."""
        return self.layer >= 0


Segment = tuple[Item, Item]
"""A piece of a line, from one layer to the next."""


class Layered(msgspec.Struct, frozen=True):
    """Items by layer, not yet in any order; the segments of each link that is no loop."""

    layers: list[list[Item]]
    segments: dict[int, list[Segment]]
    loops: list[int]
    ranks: dict[str, int]


def layered(nodes: Sequence[str], links: Sequence[Link]) -> Layered:
    """Spread nodes and links over layers. The first node is the start."""
    order = _depth_first(nodes, links)
    loops = [place for place, link in enumerate(links) if order[link.source] >= order[link.target]]
    forward = [link for place, link in enumerate(links) if place not in set(loops)]
    ranks = _ranks(nodes, forward, order)
    layers: list[dict[Item, None]] = [{} for _ in range(2 * max(ranks.values()) + 1)]
    for node in sorted(nodes, key=order.__getitem__):
        layers[2 * ranks[node]][Item(node)] = None
    segments = {}
    for place, link in enumerate(links):
        if place not in set(loops):
            items = _items_of(place, link, ranks)
            segments[place] = list(pairwise(items))
            for above, item in enumerate(items[1:-1], 2 * ranks[link.source] + 1):
                layers[above][item] = None
    return Layered([list(layer) for layer in layers], segments, loops, ranks)


def _depth_first(nodes: Sequence[str], links: Iterable[Link]) -> dict[str, int]:
    """Places in an order in which every node comes before those that it leads to, but by loops."""
    targets: dict[str, list[str]] = {node: [] for node in nodes}
    for link in links:
        targets[link.source].append(link.target)
    left: list[str] = []
    seen: set[str] = set()
    for root in nodes:
        _visit(root, targets, seen, left)
    return {node: place for place, node in enumerate(reversed(left))}


def _visit(root: str, targets: Mapping[str, list[str]], seen: set[str], left: list[str]) -> None:
    """Note each node when it is left for good. No recursion: a chain may be long."""
    if root in seen:
        return
    seen.add(root)
    way = [(root, iter(reversed(targets[root])))]
    while way:
        node, rest = way[-1]
        for target in rest:
            if target not in seen:
                seen.add(target)
                way.append((target, iter(reversed(targets[target]))))
                break
        else:
            left.append(node)
            way.pop()


def _ranks(
    nodes: Sequence[str], forward: Sequence[Link], order: Mapping[str, int]
) -> dict[str, int]:
    """How far each node is from the start, by its longest way."""
    ranks = dict.fromkeys(nodes, 0)
    for link in sorted(forward, key=lambda each: order[each.source]):
        ranks[link.target] = max(ranks[link.target], ranks[link.source] + 1)
    return ranks


def _items_of(place: int, link: Link, ranks: Mapping[str, int]) -> list[Item]:
    first, last = 2 * ranks[link.source] + 2, 2 * ranks[link.target]
    lines = [Item(link.target, layer=layer) for layer in range(first, last)]
    return [Item(link.source), Item(link.source, link=place), *lines, Item(link.target)]
