"""A caller that records what is asked and answers from a list."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from floruntime.client.api.base.leases import Leases
from floruntime.client.api.base.operation import Ask, Operation
from floruntime.core.types import Request

R = TypeVar("R")


class Asked(NamedTuple):
    """One recorded call."""

    request: Request[Any]
    namespace: str | None
    block_ms: int


class RecordingCaller:
    """Answers each call with the next of `answers` (an exception is raised)."""

    def __init__(self, *answers: Any, namespace: str = "default") -> None:
        self.namespace = namespace
        self.leases = Leases()
        self.answers = list(answers)
        self.asked: list[Asked] = []

    def perform(self, ask: Ask[R]) -> Operation[R]:
        return Operation(self._answer(ask))

    async def _answer(self, ask: Ask[R]) -> R:
        self.asked.append(Asked(ask.request, ask.namespace, ask.block_ms))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return ask.finished(answer)

    @property
    def requests(self) -> list[Request[Any]]:
        return [each.request for each in self.asked]
