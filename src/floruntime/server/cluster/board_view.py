"""The board as a node knows it: what it has read, from whichever server of NATS that was.

Not each server has come equally far, so one read may show less than the one before. What was seen
stays. Only where nothing newer is seen for a while was the board itself set back (its disks were
restored, or lost what was acknowledged): then what was known before means nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from floruntime.server.cluster.board import Entry

SET_BACK_S = 10.0
"""For how long reads must show less than was known."""


class BoardView:
    """Entries by name; of each the newest that was seen."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.entries: dict[str, Entry] = {}
        self._newest = 0
        self._less_since_s: float | None = None

    def see(self, found: Mapping[str, Entry]) -> bool:
        """All that a read has shown; whether the board was set back, and all is known anew."""
        newest = max((entry.revision for entry in found.values()), default=0)
        if newest >= self._newest:
            self._less_since_s = None
        elif self._less_since_s is None:
            self._less_since_s = self._now_s()
        elif self._now_s() - self._less_since_s > SET_BACK_S:
            self.entries, self._newest, self._less_since_s = dict(found), newest, None
            return True
        self._newest = max(newest, self._newest)
        for name, entry in found.items():
            known = self.entries.get(name)
            if known is None or known.revision < entry.revision:
                self.entries[name] = entry
        return False
