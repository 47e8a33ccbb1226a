"""Drawings of workflows: a definition, or a run with the way it took; text, Mermaid and SVG.

Pure: from a checked definition and a run's history to text. `graph_of` and `trace_of` make what
`draw_text`, `draw_mermaid` and `draw_svg` draw.
"""

from __future__ import annotations

from floruntime.graph.mermaid import draw_mermaid
from floruntime.graph.model import Graph, graph_of
from floruntime.graph.svg import draw_svg
from floruntime.graph.text import draw_text
from floruntime.graph.trace import Trace, trace_of

__all__ = ["Graph", "Trace", "draw_mermaid", "draw_svg", "draw_text", "graph_of", "trace_of"]
