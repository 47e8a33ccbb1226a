"""`KvWatch`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.core.kv import KvChange
from floruntime.sync.following import Following


class KvWatch(Following[KvChange]):
    """An endless iterator of changes. `close()` or leaving the loop ends it.

    Without a version it begins at the namespace's version at the moment when it is made.
    """
