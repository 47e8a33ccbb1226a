"""Where lines meet the edge of a node: straight below or above what they come from, if they can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from floruntime.graph.coordinates import nearest

PORT_GAP: Final = 16.0
INSET: Final = 14.0
"""How far from a corner lines keep."""


def ports(middle: float, width: float, ends: Sequence[float], loops: int) -> list[float]:
    """Places along the edge of a node: those of lines, whose other ends rise, then of loops."""
    count = len(ends) + loops
    reach = max(0.0, width / 2 - INSET)
    left, right = middle - reach, middle + reach
    gap = PORT_GAP if count < 2 else min(PORT_GAP, 2 * reach / (count - 1))
    wanted = [*ends, *[right] * loops]
    bounded = [
        min(max(end, left + gap * number), right - gap * (count - 1 - number))
        for number, end in enumerate(wanted)
    ]
    return nearest(bounded, [gap] * (count - 1), [1.0] * count) if count else []
