"""Results on their way to the server, in the order in which handlers finished."""

from __future__ import annotations

from typing import NamedTuple

from floruntime.core.limits import LIMIT_MAX, MIB, check_value
from floruntime.core.worker import TaskResult

EXCHANGE_BYTES_MAX = MIB
"""Outputs of one exchange together; a single larger one goes alone."""


class Ended(NamedTuple):
    """How a run ended, and until when it was ours."""

    result: TaskResult
    lease_ends_ms: float


class Results:
    """What is not delivered yet. `value_bytes_max`: the largest output that the server takes."""

    def __init__(self, value_bytes_max: int) -> None:
        self._value_bytes_max = value_bytes_max
        self._waiting: list[Ended] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def check(self, output: bytes) -> None:
        """Raises `BadRequestError` on an output that the server would refuse."""
        check_value("output", output, self._value_bytes_max)

    def add(self, ended: Ended) -> None:
        """One more."""
        self._waiting.append(ended)

    def put_back(self, taken: list[Ended]) -> None:
        """These were not delivered after all. Sending them twice is safe: leases fence them."""
        self._waiting[:0] = taken

    def take(self) -> list[Ended]:
        """As many as go into one exchange."""
        size_bytes, count = 0, 0
        for each in self._waiting[:LIMIT_MAX]:
            size_bytes += len(each.result.output)
            if count and size_bytes > EXCHANGE_BYTES_MAX:
                break
            count += 1
        taken = self._waiting[:count]
        del self._waiting[:count]
        return taken
