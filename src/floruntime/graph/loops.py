"""Lines that lead back, or to their own node: round the right of everything that they pass.

A loop leaves its source at the bottom, runs up in a lane of its own, and enters its target from
above. The shorter a loop, the closer to the middle its lane, so that they do not cross each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from floruntime.graph.geometry import Point, Rect
from floruntime.graph.layers import Layered, Link

ROW_GAP: Final = 9.0
"""Between the level parts of loops that leave from, or arrive at, one layer."""
LANE_GAP: Final = 22.0


class Loop(msgspec.Struct, frozen=True):
    """Its corners, from its source to its target, and where its label is."""

    corners: tuple[Point, ...]
    label: Rect


class Ends(msgspec.Struct, frozen=True):
    """Where the loops of a node meet its edges, from left to right."""

    exits: Sequence[float]
    entries: Sequence[float]


def rows_needed(found: Layered, links: Sequence[Link], rank: int, *, is_entry: bool) -> int:
    """How many loops run level above (`is_entry`) or below the nodes of a rank."""
    ends = (links[place] for place in found.loops)
    return sum(found.ranks[each.target if is_entry else each.source] == rank for each in ends)


class Loops:
    """Draws the loops one by one. `rights`: how far each layer reaches, which grows."""

    def __init__(
        self,
        found: Layered,
        links: Sequence[Link],
        nodes: Mapping[str, Rect],
        ends: Mapping[str, Ends],
        layers: Sequence[tuple[float, float]],
        rights: Sequence[float],
    ) -> None:
        self._ranks = found.ranks
        self._links = links
        self._nodes = nodes
        self._ends = ends
        self._layers = layers
        self._rights = list(rights)
        self._ports: Counter[tuple[str, bool]] = Counter()
        self._rows: Counter[tuple[int, bool]] = Counter()
        self.drawn = {
            place: self._draw(links[place]) for place in sorted(found.loops, key=self._span)
        }

    @property
    def right(self) -> float:
        """How far everything reaches."""
        return max(self._rights)

    def _span(self, place: int) -> tuple[int, int]:
        link = self._links[place]
        return self._ranks[link.source] - self._ranks[link.target], place

    def _draw(self, link: Link) -> Loop:
        first, last = self._ranks[link.target], self._ranks[link.source]
        lane = self._lane(range(2 * first, 2 * last + 1), link.label.width)
        leave, enter = self._port(link.source, False), self._port(link.target, True)
        low = self._layers[2 * last][1] + ROW_GAP * self._row(last, False)
        high = self._layers[2 * first][0] - ROW_GAP * (self._row(first, True) + 0.5)
        source, target = self._nodes[link.source], self._nodes[link.target]
        corners = (
            *((leave, source.bottom), (leave, low), (lane, low)),
            *((lane, high), (enter, high), (enter, target.top)),
        )
        return Loop(corners, Rect(lane, (low + high) / 2, link.label.width, link.label.height))

    def _lane(self, passed: range, width: float) -> float:
        lane = max(self._rights[number] for number in passed) + LANE_GAP + width / 2
        for number in passed:
            self._rights[number] = lane + width / 2
        return lane

    def _port(self, node: str, is_entry: bool) -> float:
        """The next one from the right."""
        self._ports[node, is_entry] += 1
        ends = self._ends[node]
        return (ends.entries if is_entry else ends.exits)[-self._ports[node, is_entry]]

    def _row(self, rank: int, is_entry: bool) -> int:
        self._rows[rank, is_entry] += 1
        return self._rows[rank, is_entry]
