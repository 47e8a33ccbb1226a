"""`StreamFollower`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.core.stream import StreamRecord
from floruntime.sync.following import Following


class StreamFollower(Following[StreamRecord]):
    """An endless iterator of records; `close()` or leaving the loop ends it.

    Where it begins is fixed when it is made; `start()` to be certain.
    """
