"""What is counted of a Python module, and how."""

from __future__ import annotations

from pathlib import Path

from scripts.structure.python_code import Module, Span, modules_below

TEXT = '''"""Two lines
of docstring."""

# a comment
import os  # another


@decorated
class Thing:
    """One line."""

    def method(self):
        """Says
        something."""
        text = "# no comment"

        def inner():
            return text

        assert inner()
        return text


async def alone(): ...
'''


def module(text: str = TEXT) -> Module:
    return Module("package.thing", Path("package/thing.py"), text)


def test_functions_have_their_lines_but_those_of_the_docstring() -> None:
    assert sorted(module().functions, key=lambda each: each.name) == [
        Span("package.thing.alone", 1),
        Span("package.thing.inner", 2),
        Span("package.thing.method", 8),
    ]


def test_classes_have_lines_and_methods() -> None:
    assert list(module().classes) == [Span("package.thing.Thing", 13, 1)]


def test_lines_of_text() -> None:
    counted = module()
    assert (counted.lines, counted.lines_not_blank) == (24, 16)
    assert (counted.comment_lines, counted.docstring_lines, counted.asserts) == (2, 5, 1)


def test_an_empty_module_has_nothing() -> None:
    empty = module("")
    assert (empty.lines, empty.comment_lines, empty.docstring_lines) == (0, 0, 0)
    assert not [*empty.functions, *empty.classes]


def test_modules_are_named_by_their_place(tmp_path: Path) -> None:
    for name in ("a/__init__.py", "a/b.py", "a/c/__init__.py", "a/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    found = modules_below(tmp_path)
    assert [each.name for each in found] == ["a", "a.b", "a.c"]
    assert [each.is_package for each in found] == [True, False, True]
