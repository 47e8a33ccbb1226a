"""A caller that records what is asked and answers from a list."""

from __future__ import annotations

from typing import Any, NamedTuple

from floruntime.core.types import Request


class Asked(NamedTuple):
    """One recorded call."""

    request: Request[Any]
    namespace: str | None
    block_ms: int


class RecordingCaller:
    """Answers each call with the next of `answers` (an exception is raised)."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []

    async def call(
        self, request: Request[Any], *, namespace: str | None = None, block_ms: int = 0
    ) -> Any:
        self.asked.append(Asked(request, namespace, block_ms))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def requests(self) -> list[Request[Any]]:
        return [each.request for each in self.asked]
