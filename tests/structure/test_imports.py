"""Which imports are seen, what is a circle, and what stands on which floor."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.structure.imports import House, circles_of, floors_of, house_of, imports_of
from scripts.structure.python_code import Module


def graph_of(**texts: str) -> dict[str, set[str]]:
    """The imports among modules of the package `p`; `_` in a name stands for a dot."""
    modules = []
    for key, text in texts.items():
        name = key.replace("_", ".")
        is_package = name in ("p", "p.folder")
        path = Path(*name.split("."))
        modules.append(
            Module(name, path / "__init__.py" if is_package else path.with_suffix(".py"), text)
        )
    return imports_of(modules)


@pytest.mark.parametrize(
    "text",
    [
        "import p.b",
        "from p import b",
        "from p.b import Thing",
        "from . import b",
        "from .b import Thing as Other",
        "def later():\n    from p.b import Thing",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.b import Thing",
    ],
)
def test_every_way_to_import_is_seen(text: str) -> None:
    graph = graph_of(p="", p_a=text, p_b="import os")
    assert graph["p.a"] == {"p.b"}
    assert graph["p.b"] == set()


def test_an_import_within_a_package_is_from_the_package() -> None:
    graph = graph_of(p_folder="from . import a\nfrom .. import b", p_folder_a="", p_b="")
    assert graph["p.folder"] == {"p.folder.a", "p.b"}


def test_circles() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert circles_of(graph) == [["a", "b", "c"], ["d", "e"]]
    assert circles_of({"a": {"b"}, "b": set()}) == []


def test_floors() -> None:
    assert floors_of({}) == 0
    assert floors_of({"a": set(), "b": set()}) == 1
    assert floors_of({"top": {"a", "b"}, "a": {"b"}, "b": {"ground"}, "ground": set()}) == 4
    assert floors_of({"top": {"a"}, "a": {"b"}, "b": {"a", "ground"}, "ground": set()}) == 3


def test_rooms_are_what_stands_right_in_the_package() -> None:
    graph = graph_of(
        p="from p.top import thing",  # of the house, but no room
        p_top="from p.folder.x import thing\nfrom p.ground import thing",
        p_folder="",
        p_folder_x="from p.folder.y import thing\nfrom p.ground import thing",
        p_folder_y="from p.ground import thing",
        p_ground="import os",
    )
    assert house_of("p", graph) == House(rooms=3, arrows=3, floors=3)
    assert house_of("p.folder", graph) == House(rooms=2, arrows=1, floors=2)
