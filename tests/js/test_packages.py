"""The JavaScript packages: installed, built, checked and tested, all of it by their own tools."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.js.pages import write_modules

JS = Path(__file__).resolve().parents[2] / "js"
NODE_MAJOR_MIN = 20
SECONDS_MAX = 300


def _missing() -> str | None:
    """Why the packages cannot be tested here, in one line."""
    left_out = "left out: build and tests of the JavaScript packages (js/)"
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return f"no Node.js with npm here; {left_out}"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().lstrip("v").split(".")[0]) < NODE_MAJOR_MIN:
        return f"Node.js {version.strip()} is older than {NODE_MAJOR_MIN}; {left_out}"
    return None


MISSING = _missing()


def npm(*arguments: str) -> str:
    """Run npm in js/; what it said. Fails with it where npm does."""
    environment = {**os.environ, "FLO_PYTHON": sys.executable, "FORCE_COLOR": "0"}
    run = subprocess.run(
        ["npm", "--silent", *arguments],
        cwd=JS,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert run.returncode == 0, f"npm {' '.join(arguments)} failed:\n{run.stdout}"
    return run.stdout


def install() -> None:
    """Bring what package-lock.json names, unless it is there already."""
    installed = JS / "node_modules" / ".package-lock.json"
    wanted = JS / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        npm("ci", "--ignore-scripts")
        installed.touch()


@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
def test_they_build_are_tidy_and_pass_their_tests() -> None:
    install()
    npm("run", "build")
    npm("run", "check")
    assert write_modules(JS / "build") > 10, "the pages have examples"
    npm("exec", "--", "tsc", "-p", "build")
    said = npm("test")
    passed = re.search(r"^# pass (\d+)$", said, re.MULTILINE)
    assert passed is not None, said
    assert int(passed[1]) > 400, said
