"""What is taken out of a server so that it counts nothing is what counts, and nothing else."""

from __future__ import annotations

import ast
from importlib.util import find_spec

import pytest
from bench.counting import COUNTED_IN, COUNTING, Without


@pytest.mark.parametrize("module", COUNTED_IN)
def test_what_counts_is_taken_out(module: str) -> None:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    with open(spec.origin) as file:
        tree = ast.parse(file.read())
    without = ast.unparse(Without().visit(tree))
    assert not [name for name in COUNTING if f".{name}" in without.replace("# ", "")]
    compile(without, spec.origin, "exec")


def test_what_else_there_is_stays() -> None:
    source = """
def give(self, asked):
    size_bytes, kind = asked
    self.held_bytes -= size_bytes
    if asked:
        self._note_answered(kind)
    self.received_bytes += 5
    if self.timed_from_s > 3:
        self.rest()
    return asked[0]
"""
    left = ast.unparse(Without().visit(ast.parse(source)))
    assert left == (
        "def give(self, asked):\n    size_bytes = asked\n    self.held_bytes -= size_bytes\n"
        "    self.is_heard = True\n    return asked"
    )
