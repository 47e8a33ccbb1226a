"""A run as paths see it, in tests."""

from __future__ import annotations

from typing import Any

from floruntime.engine.state.json_document import MISSING
from floruntime.engine.workflow.paths.path import FloField, Head


class FakeRoot:
    """Documents given beforehand; `asked` has what was asked for, in order."""

    def __init__(
        self,
        input: Any = None,
        *,
        outputs: dict[str, Any] | None = None,
        outcomes: dict[str, str] | None = None,
        flo: dict[str, Any] | None = None,
    ) -> None:
        self._input = input
        self._outputs = outputs or {}
        self._outcomes = outcomes or {}
        self._flo = flo or {}
        self.asked: list[str] = []

    def input(self) -> Any:
        self.asked.append("input")
        return self._input

    def output(self, step: str) -> Any:
        self.asked.append(f"output of {step}")
        return self._outputs.get(step, MISSING)

    def outcome(self, step: str) -> Any:
        self.asked.append(f"outcome of {step}")
        return self._outcomes.get(step, MISSING)

    def other(self, head: Head) -> Any:
        self.asked.append(f"{head.kind} of {head.name}")
        return MISSING

    def flo(self, field: FloField) -> Any:
        self.asked.append(field)
        return self._flo.get(field, MISSING)
