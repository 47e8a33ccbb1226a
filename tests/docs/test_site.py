"""`make site`: the site of the documents builds without a warning, and without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("material", reason="the extra `site` is not installed")


def test_it_builds_and_has_every_page_and_the_api(tmp_path: Path) -> None:
    # By a name that leads nowhere, what would ask the network fails.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stderr) == (0, "")
    named = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text()))
    docs = ROOT / "docs"
    assert named == {str(page.relative_to(docs)) for page in docs.rglob("*.md")}
    kv = (tmp_path / "api" / "kv" / "index.html").read_text()
    assert "get_or_set" in kv
    assert (tmp_path / "search" / "search_index.json").exists()
    home = (tmp_path / "index.html").read_text()
    assert not re.findall(r'(?:src|rel="stylesheet" href)="https?:', home), "fonts, scripts"
