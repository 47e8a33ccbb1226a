"""What every result is: a frozen struct, an array on the wire."""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Base of results: frozen, an array on the wire. Fields are only ever appended."""
