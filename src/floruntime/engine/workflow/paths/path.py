"""Paths of a definition: where they may start, and what they give in a run.

A path is JSONPath (RFC 9535) on what a run knows:

    $.input…                  the run's input
    $.steps.NAME.output…      what a step gave
    $.steps.NAME.outcome      its outcome
    $.steps.NAME.branches.BRANCH.output…  $.steps.NAME.branches.BRANCH.outcome
    $.steps.NAME.failed…  $.steps.NAME.failed_count     of a `forEach`
    $.item…  $.index          within a `forEach`
    $.flo.run_id  $.flo.workflow  $.flo.timestamp  $.flo.event…

Each is one document of its own, and only those that a path touches are loaded. A path that can give
one node only (names and indexes) gives that value, any other the list of what it finds.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Protocol

import msgspec

from floruntime.core.limits import shown
from floruntime.engine.state.json_document import MISSING, find
from floruntime.engine.state.json_path.tree import Query, Steps
from floruntime.engine.workflow.paths.errors import (
    PathError,
    PathFindsNothing,
    PathTooCostly,
)
from floruntime.engine.workflow.paths.first_step import START, START_ALIAS
from floruntime.engine.workflow.paths.query import Compiler, Start
from floruntime.engine.workflow.paths.syntax import parse_query, plain_steps
from floruntime.engine.workflow.paths.walk import Walk

PATH_PREFIX: Final = "$."
"""A text of a mapping that begins so is a path."""
PATHS_KEPT: Final = 4096
"""How many parsed paths are kept to be used again."""


class FloField(StrEnum):
    """What `$.flo` has."""

    RUN_ID = "run_id"
    WORKFLOW = "workflow"
    TIMESTAMP = "timestamp"
    EVENT = "event"


_FLO_FIELDS: Final = frozenset(str(field) for field in FloField)


class HeadKind(StrEnum):
    """Where a path starts."""

    INPUT = "input"
    OUTPUT = "output"
    OUTCOME = "outcome"
    FLO = "flo"
    BRANCH_OUTPUT = "branch output"
    BRANCH_OUTCOME = "branch outcome"
    FAILED = "failed"
    FAILED_COUNT = "failed_count"
    ITEM = "item"
    INDEX = "index"


OF_STEPS: Final = (
    HeadKind.OUTPUT,
    HeadKind.OUTCOME,
    HeadKind.BRANCH_OUTPUT,
    HeadKind.BRANCH_OUTCOME,
    HeadKind.FAILED,
    HeadKind.FAILED_COUNT,
)
OF_BRANCHES: Final = (HeadKind.BRANCH_OUTPUT, HeadKind.BRANCH_OUTCOME)
OF_FAILED: Final = (HeadKind.FAILED, HeadKind.FAILED_COUNT)
OF_ITEMS: Final = (HeadKind.ITEM, HeadKind.INDEX)


class Head(msgspec.Struct, frozen=True):
    """Where a path starts. `name`: the step, or the field of `$.flo`; empty for the input.
    `branch` of a branch.
    """

    kind: HeadKind
    name: str = ""
    branch: str = ""


class Root(Protocol):
    """What a run knows. Each is asked for only when a path touches it, and gives `MISSING`
    (`engine/state/json_document.py`) where there is nothing yet.
    """

    def input(self) -> Any:
        """The run's input."""

    def output(self, step: str) -> Any:
        """What the step gave the last time it ended."""

    def outcome(self, step: str) -> Any:
        """How the step ended the last time."""

    def flo(self, field: FloField) -> Any:
        """A field of `$.flo`."""

    def other(self, head: Head) -> Any:
        """What a branch gave, items that failed, or the item at hand."""


class Remembered:
    """A root whose documents are loaded once, however many paths ask for them."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._known: dict[tuple[str, ...], Any] = {}

    def input(self) -> Any:
        return self._once(HeadKind.INPUT, "", lambda _: self._root.input())

    def output(self, step: str) -> Any:
        return self._once(HeadKind.OUTPUT, step, self._root.output)

    def outcome(self, step: str) -> Any:
        return self._once(HeadKind.OUTCOME, step, self._root.outcome)

    def flo(self, field: FloField) -> Any:
        return self._once(HeadKind.FLO, field, lambda _: self._root.flo(field))

    def other(self, head: Head) -> Any:
        key = (head.kind, head.name, head.branch)
        if key not in self._known:
            self._known[key] = self._root.other(head)
        return self._known[key]

    def _once(self, kind: HeadKind, name: str, load: Callable[[str], Any]) -> Any:
        key = (kind, name)
        if key not in self._known:
            self._known[key] = load(name)
        return self._known[key]


class Path:
    """A parsed path. `heads`: all it touches, those within its filters included."""

    __slots__ = ("_follow", "_start", "_steps", "heads", "is_singular", "text")

    def __init__(self, text: str) -> None:
        """Raises `PathError`."""
        heads: list[Head] = []

        def split(steps: Steps) -> tuple[Start, int]:
            head, length = head_of(text, steps)
            heads.append(head)
            return start_of(head), length

        steps = plain_steps(text)
        query = Query(()) if steps is not None else parse_query(text)
        steps = query.steps() if steps is None else steps
        self.text = text
        self._start, length = split(steps)
        self.is_singular = None not in steps
        self._steps = tuple(step for step in steps[length:] if step is not None)
        self._follow = Compiler(split).relative(query.segments[length:])
        self.heads = tuple(dict.fromkeys(heads))

    def find(self, root: Root) -> Any:
        """What the path gives, `MISSING` if it finds nothing. Raises `PathTooCostly`."""
        if self.is_singular:
            document = self._start(root)
            return document if document is MISSING else find(document, self._steps)
        return self.find_on(Walk(Remembered(root)))

    def find_on(self, walk: Walk) -> Any:
        """The same for several paths that share a walk: its root, and what they may cost."""
        document = self._start(walk.root)
        if document is MISSING:
            return MISSING
        if self.is_singular:
            return find(document, self._steps)
        try:
            return self._follow(document, walk) or MISSING
        except PathTooCostly as error:
            raise PathTooCostly(f"path {shown(self.text)}: {error}") from None

    def evaluate(self, root: Root) -> Any:
        """What the path gives. Raises `PathFindsNothing` or `PathTooCostly`, naming the path."""
        found = self.find(root)
        if found is MISSING:
            raise PathFindsNothing(f"path {shown(self.text)} finds nothing")
        return found


@lru_cache(maxsize=PATHS_KEPT)
def parse_path(text: str) -> Path:
    """The path that `text` is. Raises `PathError`."""
    return Path(text)


def is_path(value: Any) -> bool:
    """Whether a value of a mapping is a path."""
    return isinstance(value, str) and value.startswith(PATH_PREFIX)


def head_of(text: str, steps: Steps) -> tuple[Head, int]:
    """Where a path starts, and how many of its steps that takes."""
    match list(steps[:5]):
        case ["item", *_]:
            return Head(HeadKind.ITEM), 1
        case ["index"]:
            return Head(HeadKind.INDEX), 1
        case ["steps", str(step), "branches", str(branch), "output" | "outcome" as part]:
            kind = HeadKind.BRANCH_OUTPUT if part == "output" else HeadKind.BRANCH_OUTCOME
            return Head(kind, START if step == START_ALIAS else step, branch), 5
        case ["steps", str(step), "failed" | "failed_count" as part, *_]:
            return Head(HeadKind(part), START if step == START_ALIAS else step), 3
        case [HeadKind.INPUT.value, *_]:
            return Head(HeadKind.INPUT), 1
        case ["steps", str(step), HeadKind.OUTPUT.value | HeadKind.OUTCOME.value as part, *_]:
            return Head(HeadKind(part), START if step == START_ALIAS else step), 3
        case ["flo", str(field), *_] if field in _FLO_FIELDS:
            return Head(HeadKind.FLO, field), 2
        case _:
            raise PathError(
                "E502",
                f"path {shown(text)} must start with $.input, $.steps.NAME.output, "
                f"$.steps.NAME.outcome, $.steps.NAME.branches.NAME.output or .outcome, "
                f"$.steps.NAME.failed or .failed_count, $.item, $.index, "
                f"{', '.join(f'$.flo.{field}' for field in FloField)}",
            )


def start_of(head: Head) -> Start:
    match head.kind:
        case HeadKind.INPUT:
            return lambda root: root.input()
        case HeadKind.OUTPUT:
            return lambda root: root.output(head.name)
        case HeadKind.OUTCOME:
            return lambda root: root.outcome(head.name)
        case HeadKind.FLO:
            field = FloField(head.name)
            return lambda root: root.flo(field)
        case _:
            return lambda root: root.other(head)
