"""The texts of Python modules: which classes they have, and where their names come from."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from types import ModuleType
from typing import Any


class Source:
    """The text of one module: its classes, and where it has its names from."""

    def __init__(self, module: ModuleType) -> None:
        self.name = module.__name__
        tree = ast.parse(inspect.getsource(module))
        self.classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        self.imports: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for each in node.names:
                    self.imports[each.name] = f"from {node.module} import {each.name}"
            elif isinstance(node, ast.Import):
                for each in node.names:
                    self.imports[each.name] = f"import {each.name}"

    def import_of(self, name: str) -> str:
        """The line that brings what `name` is in this module."""
        return self.imports.get(name, f"from {self.name} import {name}")


@cache
def source_of(module: ModuleType) -> Source:
    """The source of a module."""
    return Source(module)


def written(kind: type[Any], name: str) -> tuple[Source, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Where `kind` has its method `name` from, and its text."""
    for owner in kind.__mro__:
        if name in vars(owner):
            source = source_of(sys.modules[owner.__module__])
            for node in source.classes[owner.__name__].body:
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
                    return source, node
    raise LookupError(f"{kind.__name__}.{name}")
