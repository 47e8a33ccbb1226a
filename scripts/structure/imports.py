"""Who imports whom, where that goes round in circles, and how high it is piled up.

Every import counts, those inside functions and those for types alone too. A room of a package is a
module or folder right in it; an arrow leads from one room to another that something in it imports.
A room that imports no other stands on the first floor, every other one above all that it imports;
those of a circle share a floor.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scripts.structure.python_code import Module

_OF_OTHERS = ""
"""Stands for every module that is none of ours."""

Graph = Mapping[str, set[str]]


@dataclass(frozen=True)
class House:
    """A package's rooms, the arrows among them, and its floors."""

    rooms: int
    arrows: int
    floors: int


def imports_of(modules: Iterable[Module]) -> dict[str, set[str]]:
    """Per module the others of `modules` that it imports."""
    known = {module.name: module for module in modules}
    return {
        name: set(_imported(module, set(known))) - {name, _OF_OTHERS}
        for name, module in known.items()
    }


def _imported(module: Module, known: set[str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (_nearest(alias.name, known) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base_of(node, module)
            yield from (_nearest(f"{base}.{alias.name}", known) for alias in node.names)


def _base_of(node: ast.ImportFrom, module: Module) -> str:
    """What `from … import` is from, as a full name."""
    if not node.level:
        return node.module or ""
    levels = node.level - (1 if module.is_package else 0)
    package = module.name.rsplit(".", levels)[0] if levels else module.name
    return f"{package}.{node.module}" if node.module else package


def _nearest(name: str, known: set[str]) -> str:
    """The module that `name` is, or is in."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def house_of(package: str, imports: Graph) -> House:
    """The rooms of `package`."""
    graph = rooms_of(package, imports)
    return House(len(graph), sum(map(len, graph.values())), floors_of(graph))


def rooms_of(package: str, imports: Graph) -> dict[str, set[str]]:
    """The rooms of `package`, and to which others each has an arrow."""
    graph: dict[str, set[str]] = {}
    for name, targets in imports.items():
        if room := _room_of(name, package):
            found = {_room_of(target, package) for target in targets}
            graph.setdefault(room, set()).update(found - {room, _OF_OTHERS})
    return graph


def _room_of(name: str, package: str) -> str:
    prefix = f"{package}."
    return name.removeprefix(prefix).split(".")[0] if name.startswith(prefix) else _OF_OTHERS


def circles_of(graph: Graph) -> list[list[str]]:
    """What reaches itself by its imports, each circle once, in order of names."""
    found = [sorted(part) for part in _parts_of(graph) if len(part) > 1]
    return sorted(found)


def floors_of(graph: Graph) -> int:
    """How many floors there are."""
    floors: dict[str, int] = {}
    for part in _parts_of(graph):  # what it imports comes before it
        below = {target for node in part for target in graph[node]} - set(part)
        floor = 1 + max((floors[target] for target in below if target in floors), default=0)
        floors.update(dict.fromkeys(part, floor))
    return max(floors.values(), default=0)


def _parts_of(graph: Graph) -> list[list[str]]:
    """The strongly connected parts, each after those that it leads to (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    parts: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in sorted(graph[node] & graph.keys()):
            if target not in order:
                visit(target)
            if target in stack:
                low[node] = min(low[node], low[target])
        if low[node] == order[node]:
            place = stack.index(node)
            parts.append(stack[place:])
            del stack[place:]

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return parts
