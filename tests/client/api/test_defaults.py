"""A default stands in core alone: what clients and commands take, they take from there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from floruntime.core.defaults import Kept, unless_kept

SOURCE = Path(__file__).resolve().parents[3] / "src/floruntime"
PLACES = [
    *sorted((SOURCE / "client" / "api").glob("*.py")),
    *sorted((SOURCE / "client").glob("*.py")),
    *sorted((SOURCE / "cli").rglob("*.py")),
]


def numbers_given(tree: ast.AST) -> Iterator[ast.Constant]:
    """Numbers that stand as the default of a parameter, but 0 and 1, which need no name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                for part in ast.walk(default) if default is not None else ():
                    if isinstance(part, ast.Constant) and type(part.value) in (int, float):
                        yield part


@pytest.mark.parametrize("path", PLACES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_number_is_a_default_there(path: Path) -> None:
    numbers = [
        each for each in numbers_given(ast.parse(path.read_text())) if each.value not in (0, 1)
    ]
    assert not [(each.lineno, each.value) for each in numbers]


def test_a_default_that_keeps_is_a_number_and_can_be_told_from_it() -> None:
    assert Kept(5) == 5
    assert unless_kept(Kept(5)) is None
    assert unless_kept(None) is None
    assert unless_kept(5) == 5
