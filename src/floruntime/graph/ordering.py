"""The order within layers: sweeps down and up, each item going to the middle of its neighbours."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from floruntime.graph.layers import Item, Layered, Segment

SWEEPS = 12

Neighbours = Mapping[Item, Sequence[Item]]


def neighbours_of(segments: Iterable[Segment]) -> tuple[dict[Item, list[Item]], Neighbours]:
    """What each item is joined to in the layer above, and in the layer below."""
    above: dict[Item, list[Item]] = {}
    below: dict[Item, list[Item]] = {}
    for upper, lower in dict.fromkeys(segments):
        below.setdefault(upper, []).append(lower)
        above.setdefault(lower, []).append(upper)
    return above, below


def in_order(found: Layered) -> list[list[Item]]:
    """The layers in an order with few crossings; the same one for the same graph."""
    above, below = neighbours_of(each for some in found.segments.values() for each in some)
    layers = [list(layer) for layer in found.layers]
    best, fewest = layers, _crossings(layers, below)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        layers = _swept(layers, below if sweep % 2 else above, is_upwards=bool(sweep % 2))
        count = _crossings(layers, below)
        if count < fewest:
            best, fewest = layers, count
    return best


def _swept(layers: list[list[Item]], joined: Neighbours, *, is_upwards: bool) -> list[list[Item]]:
    swept = [list(layer) for layer in layers]
    numbers = range(len(layers) - 2, -1, -1) if is_upwards else range(1, len(layers))
    for number in numbers:
        fixed = swept[number + 1 if is_upwards else number - 1]
        places = {item: place for place, item in enumerate(fixed)}
        wanted = {
            item: _middle([places[each] for each in joined.get(item, ())], place)
            for place, item in enumerate(swept[number])
        }
        swept[number].sort(key=wanted.__getitem__)
    return swept


def _middle(places: list[int], own: int) -> float:
    return sum(places) / len(places) if places else own


def _crossings(layers: list[list[Item]], below: Neighbours) -> int:
    """How often lines cross."""
    total = 0
    for upper, lower in pairwise(layers):
        places = {item: place for place, item in enumerate(lower)}
        passed: list[int] = []
        for item in upper:
            ends = sorted(places[each] for each in below.get(item, ()))
            total += sum(len(passed) - bisect_left(passed, end + 1) for end in ends)
            for end in ends:
                insort(passed, end)
    return total
