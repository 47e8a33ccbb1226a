"""What an example of the workflow language is, and the definitions that several stand in."""

from __future__ import annotations

import textwrap
from typing import Final

import msgspec

from floruntime.engine.workflow.language.definition import Part

PLACE: Final = "HERE"

HEAD: Final = """\
kind: Workflow
name: order
version: "1.0.0"
"""
OF_START: Final = f"""\
{HEAD}start:
  run: "@actions/charge"
  {PLACE}
  transitions:
    success: flo.Completed
    failure: flo.Failed
"""
IS_START: Final = f"""\
{HEAD}start:
  {PLACE}
"""


class Example(msgspec.Struct, frozen=True):
    """What the reference shows of a part, and the definition that it stands in."""

    part: type[Part]
    shown: str
    frame: str = PLACE

    def text(self) -> str:
        """The whole definition."""
        line = next(line for line in self.frame.splitlines() if PLACE in line)
        margin = " " * line.index(PLACE)
        inner = textwrap.indent(self.shown, margin).strip(" \n")
        return self.frame.replace(PLACE, inner)
