"""Builds what is published: an sdist, a wheel with the console in it, four packages of npm.

python -m scripts.dist [FOLDER]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.javascript import JS, build, node_is_missing, npm

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("core", "node", "otel", "web")
BUILT = (*(f"packages/{name}/dist" for name in PACKAGES), "console/build")
CONSOLE = ROOT / "src" / "floruntime" / "console"
SOURCES = ("pyproject.toml", "README.md", "LICENSE")
"""What goes into the sdist, beside `src`."""
NO_SOURCES = shutil.ignore_patterns("*.egg-info", "__pycache__")
SECONDS_MAX = 300


class DistError(Exception):
    """A package could not be built; it says why."""


def python_packages(folder: Path) -> None:
    """Put the sdist and the wheel into `folder`. The console must be built.

    Both are made from a copy, the wheel from the sdist: so nothing that lies about from an earlier
    build gets in, and nothing is written into the checkout. Raises `DistError` where they cannot be
    built.
    """
    if not (CONSOLE / "index.html").exists():
        raise DistError("the console is not built: make console")
    with tempfile.TemporaryDirectory(prefix="flo-dist-") as place:
        for name in SOURCES:
            shutil.copy(ROOT / name, place)
        shutil.copytree(ROOT / "src", Path(place, "src"), ignore=NO_SOURCES)
        _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)], place)


def npm_packages(folder: Path) -> None:
    """Put the four packages of npm into `folder`. They must be built."""
    folder.mkdir(parents=True, exist_ok=True)
    of_these = [f"--workspace=packages/{name}" for name in PACKAGES]
    npm("pack", "--ignore-scripts", "--pack-destination", str(folder.resolve()), *of_these)


def _run(command: list[str], place: str) -> None:
    run = subprocess.run(
        command,
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if run.returncode != 0:
        raise DistError(f"{' '.join(command)} failed:\n{run.stdout}")


def main(folder: Path) -> None:
    """Build all of it into `folder`, in place of what an earlier call put there."""
    missing = node_is_missing()
    if missing is not None:
        raise SystemExit(f"error: the packages need Node.js for the console: {missing}")
    for built in BUILT:
        shutil.rmtree(JS / built, ignore_errors=True)  # there may be files of older sources
    build()
    for old in folder.glob("floruntime-*"):
        old.unlink()
    python_packages(folder)
    npm_packages(folder)
    for path in sorted(folder.iterdir()):
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist").resolve())
