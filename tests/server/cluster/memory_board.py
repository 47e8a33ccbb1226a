"""A board in memory, which can be cut off."""

from __future__ import annotations

from floruntime.server.cluster.board.board import BoardSilentError, Entry, RevisionError


class MemoryBoard:
    """Shared by all who see it."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.is_cut = False
        #: Whether writes land, but their answers are lost.
        self.is_mute = False
        self._revision = 0

    async def read_all(self) -> dict[str, Entry]:
        self._check()
        return dict(self.entries)

    async def read(self, name: str) -> Entry | None:
        self._check()
        return self.entries.get(name)

    async def write(self, name: str, value: bytes, revision: int | None) -> int:
        self._check()
        found = self.entries.get(name)
        if revision is not None and revision != (0 if found is None else found.revision):
            raise RevisionError(name)
        self._revision += 1
        self.entries[name] = Entry(self._revision, value)
        if self.is_mute:
            raise BoardSilentError("the answer was lost")
        return self._revision

    def _check(self) -> None:
        if self.is_cut:
            raise BoardSilentError("cut off")
