"""Where items stand within their layers: close to their neighbours, never closer than allowed.

Each layer in turn is the answer to a least-squares problem: every item wants to be at the mean of
its neighbours, in its order and at its distance from the next. Pooling adjacent violators solves
that exactly; a few sweeps let straight lines come out straight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

from floruntime.graph.layers import Item
from floruntime.graph.ordering import Neighbours

SWEEPS = 24
LINE_WEIGHT = 8.0
"""How much more a line wants to be straight than a node wants to be in the middle."""


def place(
    layers: Sequence[Sequence[Item]],
    widths: Mapping[Item, float],
    gap: float,
    above: Neighbours,
    below: Neighbours,
) -> dict[Item, float]:
    """The middle of each item, from left to right; the leftmost edge is at 0."""
    centers: dict[Item, float] = {}
    for layer in layers:
        centers |= _spread(layer, widths, gap, dict.fromkeys(layer, 0.0))
    for sweep in range(SWEEPS):
        is_upwards = sweep % 2 == 1
        joined, numbers = (below, reversed(layers)) if is_upwards else (above, iter(layers))
        for layer in numbers:
            wanted = {item: _mean(item, joined.get(item, ()), centers) for item in layer}
            centers |= _spread(layer, widths, gap, wanted)
    left = min(centers[item] - widths[item] / 2 for item in centers)
    return {item: center - left for item, center in centers.items()}


def _mean(item: Item, neighbours: Sequence[Item], centers: Mapping[Item, float]) -> float:
    if not neighbours:
        return centers[item]
    if item.is_line:  # straight on, whatever joins it
        neighbours = [each for each in neighbours if each.is_line] or neighbours
    return sum(centers[each] for each in neighbours) / len(neighbours)


def _spread(
    layer: Sequence[Item],
    widths: Mapping[Item, float],
    gap: float,
    wanted: Mapping[Item, float],
) -> dict[Item, float]:
    distances = [
        (widths[item] + widths[following]) / 2 + gap for item, following in pairwise(layer)
    ]
    weights = [LINE_WEIGHT if item.is_line else 1.0 for item in layer]
    places = nearest([wanted[item] for item in layer], distances, weights)
    return dict(zip(layer, places, strict=True))


def nearest(
    wanted: Sequence[float], distances: Sequence[float], weights: Sequence[float]
) -> list[float]:
    """The places nearest to those wanted which keep their order and these distances."""
    offsets = [0.0, *accumulate(distances)]
    blocks: list[tuple[float, float, int]] = []
    for place, offset, weight in zip(wanted, offsets, weights, strict=True):
        block = (place - offset, weight, 1)
        while blocks and blocks[-1][0] > block[0]:
            block = _pooled(blocks.pop(), block)
        blocks.append(block)
    starts = [start for start, _, count in blocks for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def _pooled(
    one: tuple[float, float, int], other: tuple[float, float, int]
) -> tuple[float, float, int]:
    weight = one[1] + other[1]
    mean = (one[0] * one[1] + other[0] * other[1]) / weight
    return mean, weight, one[2] + other[2]
