"""A row of numbers in three: the median, the 95th percentile, the largest."""

from __future__ import annotations

from collections.abc import Iterable


def spread(numbers: Iterable[int]) -> tuple[int, int, int]:
    """Median, 95th percentile and largest; zeros where there are none."""
    ordered = sorted(numbers)
    if not ordered:
        return 0, 0, 0
    return ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100], ordered[-1]


def shown(numbers: Iterable[int]) -> str:
    """`spread` as text."""
    return " / ".join(f"{number:,}" for number in spread(numbers))


def percent(part: int, whole: int) -> str:
    """`part` of `whole`, with one place after the point."""
    return f"{100 * part / whole:.1f} %" if whole else "0.0 %"
