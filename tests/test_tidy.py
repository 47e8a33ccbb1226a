"""The repository stays tidy: short functions and files, no loose ends, nothing without a reason."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import floruntime
from floruntime.client.api.action.action import Action
from floruntime.client.api.kv.kv import Kv
from floruntime.client.api.namespaces import Namespaces
from floruntime.client.api.queue.queue import Queue
from floruntime.client.api.stream.stream import Stream
from floruntime.client.api.worker.worker import Worker
from floruntime.client.api.workflow.workflow import Workflow

ROOT = Path(__file__).resolve().parents[1]
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = {"src": 500, "bench": 500, "scripts": 500, "examples": 500, "tests": 850}
GENERATED_HEAD_CHARS = 300
IMPURE = {
    *("asyncio", "datetime", "io", "os", "pathlib", "random", "secrets", "select", "shutil"),
    *("socket", "ssl", "subprocess", "tempfile", "threading", "time", "uuid"),
}
"""What the engine must not know. Its stores live at its edge and may."""
REAL_PROCESSES = ROOT / "tests" / "crash"
"""Drives server processes, whose events it can only look for, again and again."""
SOURCES = [path for part in FILE_LINES_MAX for path in sorted((ROOT / part).rglob("*.py"))]
MUTED = re.compile(r"#\s*(?:type:\s*ignore|noqa)\b(?:\s*[\[:][\w\[\], -]*\]?)?(?P<reason>[^\n]*)")
LOOSE_END = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


@cache
def trees() -> dict[Path, ast.Module]:
    """All sources, parsed when the first test asks: collecting the tests does not."""
    return {path: ast.parse(path.read_text()) for path in SOURCES}


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_functions_are_short() -> None:
    long = [
        f"{where(path, node.lineno)} {node.name}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert not long


def test_files_are_short() -> None:
    counts = {path: len(path.read_text().splitlines()) for path in SOURCES}
    long = []
    for path, count in counts.items():
        name = path.relative_to(ROOT)
        if "; do not edit." in path.read_text()[:GENERATED_HEAD_CHARS]:
            continue
        if count > FILE_LINES_MAX[name.parts[0]]:
            long.append(where(path, count))
    assert not long


def test_no_loose_ends() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "Makefile"]
    assert not [
        where(path, number)
        for path in [*SOURCES, *pages]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if LOOSE_END.search(line)
    ]


def test_what_is_muted_has_a_reason() -> None:
    """`# type: ignore[code]  # why` and `# noqa: CODE # why`."""
    bare = []
    for path in SOURCES:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            last = list(MUTED.finditer(line))[-1:]
            if any(len(found["reason"].strip(" #")) < 4 for found in last):
                bare.append(where(path, number))
    assert not bare


def test_no_test_sleeps_on_the_wall_clock() -> None:
    """Move the clock, or wait for the event; `sleep(0)` only gives others a turn."""
    assert not [
        where(path, call.lineno)
        for path, tree in trees().items()
        if path.is_relative_to(ROOT / "tests") and not path.is_relative_to(REAL_PROCESSES)
        for call in set(calls(tree)) - set(calls_in_virtual_time(tree))
        if ast.unparse(call.func) in ("asyncio.sleep", "time.sleep", "sleep")
        and [ast.unparse(argument) for argument in call.args] != ["0"]
    ]


def calls_in_virtual_time(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls of tests under `tests/client/virtual_time.py`, where sleeping takes no time."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
            ast.unparse(decorator) == "virtual" for decorator in node.decorator_list
        ):
            yield from calls(node)


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_the_engine_is_pure() -> None:
    engine = ROOT / "src/floruntime/engine"
    rules = [
        path
        for path in SOURCES
        if path.is_relative_to(engine) and not path.is_relative_to(engine / "store")
    ]
    assert len(rules) > 100
    assert not {
        where(path, 1): found for path in rules if (found := IMPURE & set(imported(trees()[path])))
    }


PUBLIC: list[tuple[str, Any]] = [
    (name, getattr(floruntime, name)) for name in floruntime.__all__ if name[0] != "_"
]
CALLED_BY_PEOPLE = [
    *(floruntime.FloClient, Kv, Queue, Stream, Action, Worker, Workflow, Namespaces),
]


@pytest.mark.parametrize(("name", "thing"), PUBLIC)
def test_what_is_public_is_documented(name: str, thing: Any) -> None:
    # A struct without one of its own shows its signature, or its base's text.
    own = vars(thing).get("__doc__")
    assert own, name
    assert not own.startswith(f"{name}("), name


@pytest.mark.parametrize("thing", CALLED_BY_PEOPLE)
def test_every_method_is_documented(thing: type[Any]) -> None:
    methods = [
        (name, member)
        for name, member in inspect.getmembers(thing)
        if name[0] != "_" and (callable(member) or isinstance(member, property))
    ]
    assert methods
    assert not [name for name, member in methods if not inspect.getdoc(member)]


def test_all_is_sorted_and_complete() -> None:
    assert list(floruntime.__all__) == sorted(floruntime.__all__)
    assert all(hasattr(floruntime, name) for name in floruntime.__all__)
