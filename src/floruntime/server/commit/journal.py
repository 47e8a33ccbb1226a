"""The journal makes batches durable: the one seam between the commit and a disk or a log.

The log is that of a partition in a cluster. Batches come in order, one at a time: the next is
appended once the previous one is durable. Meanwhile it collects on top of the previous one. The
machine reads `applied`, which shows a batch from the moment it is appended. Queries read
`readable()`, which shows it once it is durable.

A journal that is lost takes with it the batch being written, and what has collected on top. Nobody
was told of either. The server then goes on with a new machine and a new commit, on the last durable
state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from floruntime.engine.store import Changes, Reader


class Journal(Protocol):
    """Makes batches durable, in order."""

    @property
    def applied(self) -> Reader:
        """The state with everything that was appended, durable or not."""
        ...

    def readable(self) -> Reader:
        """The state that anyone may be told of."""
        ...

    def let_go(self) -> None:
        """Hold on to no earlier state than the last; nothing is under way."""
        ...

    @property
    def beside_s(self) -> float:
        """How long it worked on the loop for the batch before, beside taking it."""
        ...

    @property
    def has_news(self) -> bool:
        """Whether a batch has become durable, and nobody was told yet."""
        ...

    def begin(
        self, on_durable: Callable[[], None], on_lost: Callable[[BaseException], None]
    ) -> None:
        """From now on batches come.

        `on_durable` is called, on the event loop, for each batch that became durable after `append`
        had returned; `on_lost` at most once, when nothing more will become durable.
        """
        ...

    def append(self, changes: Changes, index: int, answers: int) -> bool:
        """Take a batch: its changes, the index of its last command, how many wait for an answer.

        Answers whether it is durable already. Raises nothing: what goes wrong is a loss.
        """
        ...

    def stop(self) -> None:
        """Make durable what may not be yet, and give up threads and timers."""
        ...
