"""`HistoryFollower`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.core.workflow import HistoryEvent
from floruntime.sync.following import Following


class HistoryFollower(Following[HistoryEvent]):
    """An iterator of events that ends with the run; `close()` ends it earlier.

    A run that failed and was retried has an end amid its history: it ends with the last one.
    """
