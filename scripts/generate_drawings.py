"""Draws the workflow that the pages show: docs/process-order.svg.

python -m scripts.generate_drawings
"""

from __future__ import annotations

import sys

from scripts.sections import DOCS

from floruntime.engine.workflow.language.validation import check
from floruntime.graph import draw_svg, graph_of

SOURCE = DOCS.parent / "examples" / "workflows" / "process-order.yaml"
DRAWING = DOCS / "process-order.svg"


def drawing() -> str:
    """The drawing of the example."""
    definition = check(SOURCE.read_bytes()).definition
    assert definition is not None, "the examples are valid"
    return draw_svg(graph_of(definition))


if __name__ == "__main__":
    DRAWING.write_text(drawing(), encoding="utf-8")
    print(f"docs/{DRAWING.name}: written", file=sys.stderr)
