"""Words that depend on a number."""

from __future__ import annotations


def counted(count: int, what: str) -> str:
    """How many there are: `1 record`, `2 records`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
