"""Generated parts of hand-written pages: what stands between `<!-- begin NAME -->` and its end."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def with_sections(page: str, sections: Mapping[str, str]) -> str:
    """`page` with its marked sections filled anew. Raises `ValueError` where one has no place."""
    for name, text in sections.items():
        marked = re.compile(rf"(<!-- begin {name} [^\n]*-->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if len(marked.findall(page)) != 1:
            raise ValueError(f"the page needs one section between begin {name} and end {name}")
        page = marked.sub(lambda found, text=text: f"{found[1]}{text}\n{found[2]}", page)  # type: ignore[misc]  # bound now
    return page


def write_sections(name: str, sections: Mapping[str, str]) -> None:
    """Bring `docs/NAME` up to date."""
    path = DOCS / name
    before = path.read_text()
    after = with_sections(before, sections)
    if after != before:
        path.write_text(after)
    print(f"docs/{name}: {'updated' if after != before else 'was current'}", file=sys.stderr)
