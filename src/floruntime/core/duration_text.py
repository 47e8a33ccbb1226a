"""Durations as people read them."""

from __future__ import annotations

NOTHING = "-"
"""Shown if there is no value."""


def lasting(duration_ms: int | None) -> str:
    """Return a duration in its two largest units."""
    if duration_ms is None:
        return NOTHING
    parts: list[str] = []
    rest_ms = duration_ms
    for unit, unit_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        units, rest_ms = divmod(rest_ms, unit_ms)
        if units:
            parts.append(f"{units}{unit}")
    if rest_ms or not parts:
        parts.append(f"{rest_ms}ms")
    return " ".join(parts[:2])
