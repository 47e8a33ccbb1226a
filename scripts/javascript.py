"""The JavaScript packages in js/: whether they can be built here, and building them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

JS = Path(__file__).resolve().parents[1] / "js"
NODE_MAJOR_MIN = 20
SECONDS_MAX = 900


class NpmError(Exception):
    """npm, or what it ran, failed; it says what it was told."""


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


def npm(*arguments: str, **environment: str) -> str:
    """Run npm in js/; what it said. Raises `NpmError` where it fails."""
    return _run(["npm", "--silent", *arguments], f"npm {' '.join(arguments)}", environment)


def node_test(*files: Path, **environment: str) -> str:
    """Run these built tests of js/; what they said. Raises `NpmError` where one fails."""
    names = [str(file.relative_to(JS)) for file in files]
    return _run(["node", "--test", *names], f"node --test {' '.join(names)}", environment)


def _run(command: list[str], shown: str, environment: dict[str, str]) -> str:
    run = subprocess.run(
        command,
        cwd=JS,
        env={**os.environ, "FLO_PYTHON": sys.executable, "FORCE_COLOR": "0", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if run.returncode != 0:
        raise NpmError(f"{shown} failed:\n{failures_of(run.stdout) or run.stdout}")
    return run.stdout


def failures_of(said: str) -> str:
    """The tests that failed, of what all said: a log that is cut in its middle shows them still."""
    found = re.findall(r"^ *not ok .*?^ *\.\.\.$", said, re.MULTILINE | re.DOTALL)
    return "\n".join(found)


def build() -> None:
    """Bring what package-lock.json names, unless it is there already, and build everything."""
    installed = JS / "node_modules" / ".package-lock.json"
    wanted = JS / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        npm("ci", "--ignore-scripts")
        installed.touch()
    npm("run", "build")
