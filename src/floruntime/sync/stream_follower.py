"""`StreamFollower`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.core.stream import StreamRecord
from floruntime.sync.following import Following


class StreamFollower(Following[StreamRecord]):
    """An endless iterator of records. `close()` or leaving the loop ends it.

    Its starting position is asked for when it is made; `start()` makes certain that it is
    fixed.
    """
