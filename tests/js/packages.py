"""The JavaScript packages: what they need here, and their own tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

JS = Path(__file__).resolve().parents[2] / "js"
NODE_MAJOR_MIN = 20
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS_MAX = 300


def node_is_missing() -> str | None:
    """Why nothing of JavaScript can be run here."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return "no Node.js with npm here; install it: sudo apt-get install nodejs npm"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().lstrip("v").split(".")[0]) < NODE_MAJOR_MIN:
        newer = f"install it: nvm install {NODE_MAJOR_MIN}"
        return f"no Node.js {NODE_MAJOR_MIN} here but {version.strip()}; {newer}"
    return None


def chromium() -> str | None:
    """Where the browser is: what `CHROMIUM` says, or else the first one found."""
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


def chromium_is_missing() -> str | None:
    """Why no page can be opened here."""
    if chromium() is None:
        return "no Chromium here; install it: scripts/install_chromium.sh"
    return None


def leave_out(what: str, missing: str | None) -> None:
    """Skip the test if something is missing; fail it where nothing may be left out, as in CI."""
    if missing is None:
        return
    told = f"left out: {what} ({missing})"
    if os.environ.get("LEAVE_NOTHING_OUT"):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


def npm(*arguments: str) -> str:
    """Run npm in js/; what it said. Fails with it where npm does."""
    environment = {**os.environ, "FLO_PYTHON": sys.executable, "FORCE_COLOR": "0"}
    run = subprocess.run(
        ["npm", "--silent", *arguments],
        cwd=JS,
        env={**environment, "CHROMIUM": chromium() or ""},
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
