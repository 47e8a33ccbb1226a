"""Results on their way to the server, in the order in which handlers finished."""

from __future__ import annotations

from floruntime.core.limits import LIMIT_MAX, MIB, check_value
from floruntime.core.worker import TaskResult

EXCHANGE_BYTES_MAX = MIB
"""Outputs of one exchange together; a single larger one goes alone."""


class Results:
    """What is not delivered yet. `value_bytes_max`: the largest output that the server takes."""

    def __init__(self, value_bytes_max: int) -> None:
        self._value_bytes_max = value_bytes_max
        self._waiting: list[TaskResult] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def check(self, output: bytes) -> None:
        """Raises `BadRequestError` on an output that the server would refuse."""
        check_value("output", output, self._value_bytes_max)

    def add(self, result: TaskResult) -> None:
        """One more."""
        self._waiting.append(result)

    def put_back(self, results: list[TaskResult]) -> None:
        """These were not delivered after all. Sending them twice is safe: leases fence them."""
        self._waiting[:0] = results

    def take(self) -> list[TaskResult]:
        """As many as go into one exchange."""
        size_bytes, count = 0, 0
        for result in self._waiting[:LIMIT_MAX]:
            size_bytes += len(result.output)
            if count and size_bytes > EXCHANGE_BYTES_MAX:
                break
            count += 1
        taken = self._waiting[:count]
        del self._waiting[:count]
        return taken
