"""Batches of one read of the log, gathered for one write to the store.

A write has a fixed cost, and rows that later batches overwrite need not be written at all.
Everything is written together with the position of the last batch, or nothing is.
"""

from __future__ import annotations

from floruntime.engine.store import Changes, Store
from floruntime.server.cluster.log.message import POSITION_KEY, Position
from floruntime.server.cluster.log.position import encode_position


class Gathered:
    """What is to go into `store`, which has come to `position`."""

    def __init__(self, store: Store, position: Position) -> None:
        self._store = store
        self._changes = Changes({}, [])
        self._is_new = False
        #: Up to where the store is once this is written.
        self.position = position

    def add(self, changes: Changes, position: Position) -> None:
        """The next batch: it brings the store to `position`."""
        if changes.cleared:
            self.write()  # within one write, ranges are cleared before any row is written
            self._changes = changes
        elif self._changes.rows:
            self._changes.rows.update(changes.rows)
        else:
            self._changes = Changes(changes.rows, self._changes.cleared)
        self.position, self._is_new = position, True

    def write(self) -> None:
        """Put it into the store, if there is anything."""
        if not self._is_new:
            return
        rows, cleared = self._changes
        self._changes, self._is_new = Changes({}, []), False
        self._store.write(Changes({**rows, POSITION_KEY: encode_position(self.position)}, cleared))
