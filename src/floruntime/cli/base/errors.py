"""How a command may end, and the exit code of each end.

0 done · 1 not found or empty · 2 usage · 3 refused · 4 no connection · 5 other · 130 interrupted ·
141 the output's reader has gone
"""

from __future__ import annotations

from typing import Any

import typer

from floruntime.core.errors import FloError

DONE = 0
MISSING = 1
USAGE = 2
REFUSED = 3
NO_CONNECTION = 4
OTHER = 5
INTERRUPTED = 130
BROKEN_PIPE = 141

# Newer versions of typer carry their own click: this is the base class of whichever it is.
UsageProblem: Any = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


class Empty(Exception):
    """There was nothing to show. Not an error, but an exit code of its own."""


class Failure(Exception):
    """A command cannot be done; the message says why. `ran`: whether something was written."""

    def __init__(
        self,
        message: str,
        *,
        exit_code: int = OTHER,
        code: str = "failed",
        ran: str = "no",
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.code = code
        self.ran = ran
        self.details = details


class OutputLost(Exception):
    """Standard output is closed, or takes no more; the text says why."""

    exit_code = OTHER
    code = "output"


class ReaderGone(OutputLost):
    """Whoever read standard output has gone, such as `head` once it has its lines."""

    exit_code = BROKEN_PIPE


class AfterWriting(Exception):
    """What went wrong (its cause) when the command had written something already."""


MEANT = (AfterWriting, Empty, Failure, FloError, typer.Abort, typer.Exit, UsageProblem)
"""How a command ends as its author meant it; where that is an error, it tells the truth itself."""
