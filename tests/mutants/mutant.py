"""What a mutant is."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """`find`, which stands in `file` once, becomes `put`; one of `tests` must then fail."""

    name: str
    file: str
    """Below `src/floruntime`."""
    find: str
    put: str
    tests: str
    """Files or folders, with spaces between."""
