"""Results to be sent to the server, in the order in which handlers finished."""

from __future__ import annotations

from typing import NamedTuple

from floruntime.core.limits import LIMIT_MAX, MIB, check_value
from floruntime.core.worker import TaskResult

EXCHANGE_BYTES_MAX = MIB
"""The outputs of one message together; a single larger output goes alone."""


class Ended(NamedTuple):
    """How a run ended, and until when the worker held it."""

    result: TaskResult
    lease_ends_ms: float


class Results:
    """Results that are not delivered yet. `value_bytes_max`: the largest output that the server
    takes.
    """

    def __init__(self, value_bytes_max: int) -> None:
        self._value_bytes_max = value_bytes_max
        self._waiting: list[Ended] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def check(self, output: bytes) -> None:
        """Raise `BadRequestError` for an output that the server would refuse."""
        check_value("output", output, self._value_bytes_max)

    def add(self, ended: Ended) -> None:
        """Add one result."""
        self._waiting.append(ended)

    def put_back(self, taken: list[Ended]) -> None:
        """These were not delivered after all. Sending a result twice is safe, because leases fence
        it.
        """
        self._waiting[:0] = taken

    def take(self) -> list[Ended]:
        """Take as many results as fit into one message."""
        size_bytes, count = 0, 0
        for each in self._waiting[:LIMIT_MAX]:
            size_bytes += len(each.result.output)
            if count and size_bytes > EXCHANGE_BYTES_MAX:
                break
            count += 1
        taken = self._waiting[:count]
        del self._waiting[:count]
        return taken
