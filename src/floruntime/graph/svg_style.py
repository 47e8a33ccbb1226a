"""How a drawing looks, by light and by dark.

Colours stand in classes, once for each scheme, rather than in variables, so that converters which
know only the simple part of CSS draw it as browsers do.
"""

from __future__ import annotations

from typing import Final

FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"

_PALETTE: Final = {
    "page": ("#ffffff", "#0f141b"),
    "ink": ("#1c2430", "#e6ebf2"),
    "muted": ("#5b6675", "#97a3b4"),
    "box": ("#f7f9fc", "#1a212c"),
    "border": ("#b9c3d1", "#435066"),
    "line": ("#97a3b4", "#57657b"),
    "way": ("#2563c9", "#6aa6ff"),
    "way_box": ("#eaf1fd", "#172a47"),
    "good": ("#1f8a4c", "#4cc983"),
    "good_box": ("#e9f7ef", "#12301f"),
    "bad": ("#c7392f", "#ff7b70"),
    "bad_box": ("#fdeeec", "#3a1a18"),
    "late": ("#a86b00", "#e8b04a"),
    "late_box": ("#fdf5e3", "#35280f"),
    "stopped": ("#6b7686", "#9aa6b6"),
    "stopped_box": ("#f1f3f6", "#222933"),
}
"""Each colour, light and dark."""

_RULES: Final = """
.page {{ fill: {page} }}
.title, .name {{ fill: {ink} }}
.note, .does, .outcome {{ fill: {muted} }}
.chip {{ fill: {page} }}
.box {{ fill: {box}; stroke: {border} }}
.line {{ stroke: {line} }}
.head {{ fill: {line} }}
.icon {{ stroke: {muted} }}
.completed {{ fill: {good_box}; stroke: {good} }}
.failed {{ fill: {bad_box}; stroke: {bad} }}
.cancelled {{ fill: {stopped_box}; stroke: {stopped} }}
.timed_out {{ fill: {late_box}; stroke: {late} }}
.been {{ fill: {way_box}; stroke: {way} }}
.way {{ stroke: {way} }}
.way-head, .way-name, .badge {{ fill: {way} }}
.halo {{ stroke: {way} }}
.badge-name {{ fill: {page} }}
"""

_SHAPES: Final = f"""
text {{ font-family: {FONT} }}
.title {{ font-size: 17px; font-weight: 600 }}
.note {{ font-size: 12px }}
.name {{ font-size: 14px; font-weight: 600 }}
.does {{ font-size: 12px }}
.outcome, .way-name {{ font-size: 11.5px }}
.way-name {{ font-weight: 600 }}
.badge-name {{ font-size: 11px; font-weight: 600 }}
.box, .completed, .failed, .cancelled, .timed_out {{ stroke-width: 1.2 }}
.been {{ stroke-width: 2 }}
.line, .way {{ fill: none; stroke-width: 1.4 }}
.way {{ stroke-width: 2.4 }}
.late-line {{ stroke-dasharray: 5 4 }}
.icon {{ fill: none; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round }}
.halo {{ fill: none; stroke-width: 1.5; stroke-dasharray: 4 4 }}
.pale {{ opacity: 0.5 }}
"""


def style_sheet() -> str:
    """The rules of a drawing."""
    light = {name: pair[0] for name, pair in _PALETTE.items()}
    dark = {name: pair[1] for name, pair in _PALETTE.items()}
    return (
        f"{_SHAPES.strip()}\n{_RULES.format(**light).strip()}\n"
        f"@media (prefers-color-scheme: dark) {{\n{_RULES.format(**dark).strip()}\n}}"
    )
