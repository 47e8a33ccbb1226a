"""`HistoryFollower`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.core.workflow import HistoryEvent
from floruntime.sync.following import Following


class HistoryFollower(Following[HistoryEvent]):
    """An iterator of events that ends with the run. `close()` ends it earlier.

    If a failed run was retried, its history has an end in the middle; the iterator goes on to the
    last one.
    """
