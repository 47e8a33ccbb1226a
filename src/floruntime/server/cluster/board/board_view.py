"""The board as one node knows it: what it has read so far, from any server of NATS.

The servers of NATS are not equally up to date, so one read may show less than the one before. What
the node has seen stays. If for a while all reads show an older revision of some entry than the node
has seen, then the board itself was set back: its disks were restored, or lost acknowledged writes.
Everything known before is then invalid. Nodes go on writing to such a board, so its newest revision
may soon be higher than before. That is why each entry is judged separately. If a revision that was
seen now holds something else, the board was set back for certain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from floruntime.server.cluster.board.board import Entry

SET_BACK_S = 10.0
"""For how long reads must show less than was known."""


class BoardView:
    """The newest entry that was seen, by name."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.entries: dict[str, Entry] = {}
        #: By entry, since when all reads show an older revision than the known one.
        self._less_since_s: dict[str, float] = {}

    def see(self, found: Mapping[str, Entry]) -> bool:
        """Take in what a read has shown. True if the board was set back: then only this counts."""
        now_s = self._now_s()
        self._less_since_s = {
            name: self._less_since_s.get(name, now_s)
            for name, known in self.entries.items()
            if _revision(found.get(name)) < known.revision
        }
        is_old = any(now_s - since_s > SET_BACK_S for since_s in self._less_since_s.values())
        if is_old or any(self._is_other(name, entry) for name, entry in found.items()):
            self.entries, self._less_since_s = dict(found), {}
            return True
        for name, entry in found.items():
            if _revision(self.entries.get(name)) < entry.revision:
                self.entries[name] = entry
        return False

    def _is_other(self, name: str, entry: Entry) -> bool:
        """Whether the known entry has the same revision, and another value."""
        known = self.entries.get(name)
        return known is not None and known.revision == entry.revision and known != entry


def _revision(entry: Entry | None) -> int:
    return 0 if entry is None else entry.revision
