"""Measures how the code is built, and prints it as a table in Markdown.

python -m scripts.measure_structure [DIRECTORY]

DIRECTORY is a checkout, by default this one; that of another commit shows what has changed since.
What each figure counts stands in `scripts/structure/`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scripts.structure import imports, javascript_code
from scripts.structure.figures import percent, shown
from scripts.structure.javascript_code import Script, scripts_below
from scripts.structure.python_code import Module, modules_below

HERE = Path(__file__).resolve().parents[1]
PACKAGE = "floruntime"
ENGINE = f"{PACKAGE}.engine"
LONG = 30
VERY_LONG = 45
LARGEST = 6
TEST_PREFIX = "test_"

Row = tuple[str, str]


def rows(root: Path) -> Iterator[Row]:
    """The table of the checkout in `root`: what, and how much."""
    modules = modules_below(root / "src")
    tests = modules_below(root / "tests")
    scripts = scripts_below(root / "js" / "packages", under="src")
    script_tests = scripts_below(root / "js" / "packages", under="test")
    yield from _sizes(modules)
    yield from _text(modules)
    yield from _folders(modules)
    yield from _imports(modules)
    yield from _tests(modules, tests)
    yield from _javascript(scripts, script_tests)


def _sizes(modules: list[Module]) -> Iterator[Row]:
    lines = [module.lines for module in modules]
    yield "Python: files, lines", f"{len(lines):,}, {sum(lines):,}"
    yield "file lines: median / 95th / max", shown(lines)
    functions = [each.lines for module in modules for each in module.functions]
    yield "functions", f"{len(functions):,}"
    yield "function lines: median / 95th / max", shown(functions)
    yield f"functions over {LONG} lines", str(sum(each > LONG for each in functions))
    yield f"functions over {VERY_LONG} lines", str(sum(each > VERY_LONG for each in functions))
    classes = sorted(
        (each for module in modules for each in module.classes), key=lambda each: -each.lines
    )
    largest = (f"{each.name.rpartition('.')[2]} {each.lines} / {each.methods}" for each in classes)
    yield "largest classes: lines / methods", ", ".join([*largest][:LARGEST])


def _text(modules: list[Module]) -> Iterator[Row]:
    written = sum(module.lines_not_blank for module in modules)
    yield "comments", percent(sum(module.comment_lines for module in modules), written)
    yield "docstrings", percent(sum(module.docstring_lines for module in modules), written)
    asserts = sum(module.asserts for module in modules)
    in_engine = sum(module.asserts for module in modules if _is_in(module, ENGINE))
    yield "asserts, of them in the engine", f"{asserts}, {in_engine}"


def _folders(modules: list[Module]) -> Iterator[Row]:
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for module in modules:
        folder = ".".join(module.path.parts[module.path.parts.index(PACKAGE) + 1 : -1])
        files[folder] += 1
        lines[folder] += module.lines
    for folder in sorted(files):
        yield f"`{folder or PACKAGE}`: files, lines", f"{files[folder]}, {lines[folder]:,}"


def _imports(modules: list[Module]) -> Iterator[Row]:
    graph = imports.imports_of(modules)
    yield "import circles in Python", _circles(imports.circles_of(graph))
    packages = [module.name for module in modules if module.is_package]
    for package in packages:
        house = imports.house_of(package, graph)
        if house.rooms > 1:
            told = f"{house.rooms}, {house.arrows}, {house.floors}"
            yield f"`{package}`: rooms, arrows, floors", told


def _tests(modules: list[Module], tests: list[Module]) -> Iterator[Row]:
    named = {name for test in tests if (name := _tested(test)) is not None}
    mine = [module.name for module in modules if not module.is_package]
    by_name = {name.rpartition(".")[2] for name in named}
    functions = sum(
        each.name.rpartition(".")[2].startswith(TEST_PREFIX)
        for test in tests
        for each in test.functions
    )
    yield "tests: files, lines", f"{len(tests):,}, {sum(test.lines for test in tests):,}"
    yield "test functions", f"{functions:,}"
    yield "test files, modules", f"{len(named)}, {len(mine)}"
    found = sum(name.rpartition(".")[2] in by_name for name in mine)
    yield "modules with a test of the same name", str(found)
    mirrored = sum(name.removeprefix(f"{PACKAGE}.") in named for name in mine)
    yield "modules with a test of the same name in the same folder", str(mirrored)


def _tested(test: Module) -> str | None:
    """The module that a test is named after: `engine.test_kv` after `engine.kv`."""
    folder, _, name = test.name.rpartition(".")
    if not name.startswith(TEST_PREFIX):
        return None
    own = name.removeprefix(TEST_PREFIX)
    return f"{folder}.{own}" if folder else own


def _javascript(scripts: list[Script], tests: list[Script]) -> Iterator[Row]:
    by_hand = [script for script in scripts if not script.is_generated]
    lines = sum(script.lines for script in by_hand)
    yield "JavaScript: files written by hand, lines", f"{len(by_hand)}, {lines:,}"
    yield "file lines: median / 95th / max", shown(script.lines for script in by_hand)
    functions = [each for script in by_hand for each in script.functions]
    yield "function lines: median / 95th / max", shown(functions)
    written = sum(script.lines_not_blank for script in by_hand)
    yield "comments", percent(sum(script.comment_lines for script in by_hand), written)
    graph = javascript_code.imports_of(scripts)
    yield "import circles in JavaScript", _circles(imports.circles_of(graph))
    yield "JavaScript tests: lines", f"{sum(test.lines for test in tests):,}"


def _circles(circles: list[list[str]]) -> str:
    return "; ".join([str(len(circles)), *(" ↔ ".join(circle) for circle in circles)])


def _is_in(module: Module, package: str) -> bool:
    return module.name == package or module.name.startswith(f"{package}.")


def main() -> None:
    """Print the table."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    print("| what | how much |\n| --- | --- |")
    for what, how_much in rows(root):
        print(f"| {what} | {how_much} |")


if __name__ == "__main__":
    main()
