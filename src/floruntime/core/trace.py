"""Traces: the W3C `traceparent` that accompanies messages, records and runs.

It is a text of 55 characters. It says in which trace, and under which span, a message was enqueued,
a record appended, or a run requested.
"""

from __future__ import annotations

import re

HEADER = "traceparent"
"""Its name over HTTP."""

_OURS = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_OF_ANY_VERSION = re.compile(r"(?!ff)[0-9a-f]{2}(-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})(-.*)?")


def is_traceparent(text: str) -> bool:
    """Whether `text` is a `traceparent` of this version of the W3C document."""
    return _OURS.fullmatch(text) is not None


def read_traceparent(text: str | None) -> str | None:
    """Return the `traceparent` in a header, also of a later version; `None` if it is not valid."""
    match = None if text is None else _OF_ANY_VERSION.fullmatch(text)
    ours = None if match is None else f"00{match[1]}"
    return ours if ours is not None and is_traceparent(ours) else None


def trace_id_of(traceparent: str | None) -> str | None:
    """The id of the trace, 32 hexadecimal digits."""
    return None if traceparent is None else traceparent[3:35]
