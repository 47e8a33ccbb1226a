"""The offsets of records, which jump if a store went back to an earlier state.

Within one history offsets have no holes. In the next history (`engine/system/eras.py`) they
continue from its floor. A reader may hold an offset that only the lost history gave. It must not
get the record that would have that number now, and miss the records before it. So a *gap* is
stored: the first offset that was not given, and the first that was given after it. A reader that
asks for the gap's beginning has seen everything that this state has seen, and continues after the
gap. A reader that asks for more has seen too much.
"""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.core.errors import GapError
from floruntime.engine.state.tx import View
from floruntime.engine.stream.rows import Gap, Gaps
from floruntime.engine.system import eras


def with_gap(gaps: Gaps, next_offset: int, begin: int) -> Gaps:
    """The gaps of a place whose next offset would be that, once a history begins with `begin`."""
    return (*gaps, (next_offset, begin)) if next_offset < begin else gaps


def skipped(gaps: Gaps, offset: int | None = None) -> int:
    """How many offsets were never given: of all, or of those up to `offset`."""
    if not gaps:  # as in nearly every stream
        return 0
    return sum(begin - end for end, begin in gaps if offset is None or begin <= offset)


def check_is_known(view: View, gaps: Gaps, next_offset: int, offset: int) -> None:
    """Refuse an offset that another history gave, and this one has not seen."""
    is_lost = any(end < offset < begin for end, begin in gaps)
    if is_lost or next_offset < offset < eras.begin_of(view):
        raise GapError(f"offset {offset} {eras.told(view)}; start again")


def stretches(gaps: Gaps, next_offset: int) -> Iterator[Gap]:
    """The ranges of offsets that were given, each from its first to behind its last."""
    first = 0
    for end, begin in gaps:
        yield first, end
        first = begin
    yield first, next_offset
