"""Points and boxes, in pixels from the top left."""

from __future__ import annotations

import msgspec

Point = tuple[float, float]


class Size(msgspec.Struct, frozen=True):
    width: float
    height: float


class Rect(msgspec.Struct, frozen=True):
    """A box, by its middle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2
