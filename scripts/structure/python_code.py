"""Python modules as they are counted: lines, functions, classes, comments, docstrings, asserts.

A function has the lines from its `def` to its end, without decorators and docstring. Comments and
docstrings are counted in lines, a comment behind code too; their share is of the lines not blank.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


@dataclass(frozen=True)
class Span:
    """Something with a name that takes some lines; `methods` are those of a class."""

    name: str
    lines: int
    methods: int = 0


@dataclass(frozen=True)
class Module:
    """One file. `name` is dotted; a package goes by its own name."""

    name: str
    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def lines_not_blank(self) -> int:
        return sum(1 for line in self.text.splitlines() if line.strip())

    @property
    def functions(self) -> Iterator[Span]:
        """Methods and inner functions too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield Span(f"{self.name}.{node.name}", _lines_of(node) - _docstring_lines(node))

    @property
    def classes(self) -> Iterator[Span]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                methods = sum(isinstance(each, Function) for each in node.body)
                yield Span(f"{self.name}.{node.name}", _lines_of(node), methods)

    @property
    def comment_lines(self) -> int:
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return sum(token.type == tokenize.COMMENT for token in tokens)

    @property
    def docstring_lines(self) -> int:
        return sum(
            _docstring_lines(node) for node in ast.walk(self.tree) if isinstance(node, Documented)
        )

    @property
    def asserts(self) -> int:
        return sum(isinstance(node, ast.Assert) for node in ast.walk(self.tree))


def _lines_of(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _docstring_lines(node: Documented) -> int:
    return _lines_of(node.body[0]) if ast.get_docstring(node, clean=False) is not None else 0


def modules_below(folder: Path) -> list[Module]:
    """Every module below `folder`, which is not part of their names; in order of their paths."""
    return [
        Module(_name_of(path.relative_to(folder)), path, path.read_text())
        for path in sorted(folder.rglob("*.py"))
    ]


def _name_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
