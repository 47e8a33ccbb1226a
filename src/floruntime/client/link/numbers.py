"""Write numbers, and which of them the server can still judge.

The server remembers a client's writes in a ring of blocks by number. A write that is still
unanswered must not lose its place in the ring to a later one, or it could no longer be sent again
safely. So a block whose place holds an unanswered, older number is skipped: a long poll that waits
for minutes costs its neighbours a few numbers, and holds up nobody.
"""

from __future__ import annotations

from floruntime.core.limits import SESSION_BLOCK_WRITES, SESSION_BLOCKS


class WriteNumbers:
    """Gives the numbers of one session, each once."""

    def __init__(self) -> None:
        self._next = 1
        self._unanswered = [0] * SESSION_BLOCKS
        self._block_at = [0] * SESSION_BLOCKS

    def take(self) -> int | None:
        """The next number; `None` while every place in the ring has an unanswered write."""
        number = self._next
        for _ in range(SESSION_BLOCKS):
            block = number // SESSION_BLOCK_WRITES
            place = block % SESSION_BLOCKS
            if not self._unanswered[place] or self._block_at[place] == block:
                self._block_at[place] = block
                self._unanswered[place] += 1
                self._next = number + 1
                return number
            number = (block + 1) * SESSION_BLOCK_WRITES
        return None

    def release(self, number: int) -> None:
        """`number` was answered, or will not be sent again."""
        self._unanswered[number // SESSION_BLOCK_WRITES % SESSION_BLOCKS] -= 1
