"""The input of the rules: a reading, and a way to report what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from floruntime.core.errors import BadRequestError
from floruntime.engine.workflow.language.definition import (
    BUILT_IN_TERMINALS,
    Definition,
    Step,
    Work,
)
from floruntime.engine.workflow.language.problems import KeyPath
from floruntime.engine.workflow.language.reading import Reading
from floruntime.engine.workflow.paths.first_step import START


class Report:
    """Complaints about a definition that was read, by the path of what they are about."""

    def __init__(self, definition: Definition, reading: Reading) -> None:
        self.definition = definition
        self.step_names = {START, *definition.steps}
        self.goals = {
            **dict.fromkeys(self.step_names),
            **definition.terminals,
            **BUILT_IN_TERMINALS,
        }
        """What transitions may lead to."""
        self._reading = reading

    def at_value(self, code: str, path: KeyPath, message: str) -> None:
        """Complain about a value; not about one that could not be read in the first place."""
        if self._reading.is_sound(path):
            self._reading.problems.add(code, path, self._reading.places.of_value(path), message)

    def at_key(self, code: str, path: KeyPath, message: str) -> None:
        """Complain about a key, such as the name of a step."""
        if self._reading.is_sound(path):
            self._reading.problems.add(code, path, self._reading.places.of_key(path), message)

    def lacking(self, code: str, path: KeyPath, message: str) -> None:
        """Complain that a part lacks something; not if a key of it could not be read."""
        if self._reading.is_sound_within(path):
            self.at_key(code, path, message)

    def missing(self, path: KeyPath, key: str, wanted: str) -> None:
        """Complain that a part lacks a key, as a reader would of one that is always required."""
        if self._reading.is_sound_within(path) and self._reading.is_sound(path):
            message = f"the key {key} is missing in {path[-1]}: it is required, {wanted}"
            place = self._reading.places.of_key(path)
            self._reading.problems.add("E110", (*path, key), place, message)

    def refused(self, code: str, path: KeyPath, error: BadRequestError) -> None:
        """Complain in the words of a check that refused a value."""
        self.at_value(code, path, error.message)

    def is_given(self, path: KeyPath) -> bool:
        """Whether the text says anything at this place, or leaves it to the default."""
        return self._reading.is_given(path)

    def steps(self) -> Iterator[tuple[KeyPath, str, Step]]:
        """Every step with its path and name, the first one first."""
        yield (START,), START, self.definition.start
        for name, step in self.definition.steps.items():
            yield ("steps", name), name, step

    def works(self) -> Iterator[tuple[KeyPath, Work]]:
        """All that may run a target: steps, their branches, what is done for each item."""
        for path, _, step in self.steps():
            yield path, step
            if step.parallel is not None:
                for name, branch in step.parallel.branches.items():
                    yield (*path, "parallel", "branches", name), branch
            if step.for_each is not None:
                yield (*path, "forEach"), step.for_each

    def suggest(self, word: str, choices: Iterable[str]) -> str:
        """`; did you mean …?`, or nothing."""
        return self._reading.problems.suggest(word, choices)
