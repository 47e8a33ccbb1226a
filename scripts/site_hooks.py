"""For `make site`: links from the documents to what is beside them lead to the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """The page, whose links out of docs/ lead to the same file in the repository."""
    directory = (DOCS / page.file.src_path).parent
    blob = f"{config['repo_url'].rstrip('/')}/blob/main"

    def link(found: re.Match[str]) -> str:
        path = (directory / found[1]).resolve()
        if path.is_relative_to(DOCS) and path.suffix != ".json":
            return found[0]
        return f"]({blob}/{path.relative_to(ROOT)}{found[2] or ''})"

    return _LINK.sub(link, markdown)
