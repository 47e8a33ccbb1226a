"""`python -m tests.mutants [TEXT …]`: break a copy in each way, and see that a test notices."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.around import MUTANTS as AROUND
from tests.mutants.cluster import MUTANTS as CLUSTER
from tests.mutants.engine import MUTANTS as ENGINE
from tests.mutants.mutant import Mutant
from tests.mutants.once import MUTANTS as ONCE
from tests.mutants.peers import MUTANTS as PEERS
from tests.mutants.simulated import MUTANTS as SIMULATED

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = (*ENGINE, *AROUND, *ONCE, *CLUSTER, *PEERS, *SIMULATED)
COPIED = ("src", "tests", "docs", "examples", "scripts", "js/vectors")
TESTS_FAILED = 1
"""How pytest ends where a test failed; anything else is no proof."""
TESTS_S_MAX = 600.0
"""How long the tests of one mutant may take. What goes on for longer proves nothing either."""


def main() -> int:
    """All of them, or those whose name or file has a text in it; 1 if one survives."""
    wanted = sys.argv[1:]
    chosen = [
        mutant
        for mutant in MUTANTS
        if not wanted or any(text in f"{mutant.file} {mutant.name}" for text in wanted)
    ]
    with tempfile.TemporaryDirectory(prefix="flo-mutants-") as directory:
        copy = Path(directory)
        _copy_to(copy)
        survivors = [mutant for mutant in chosen if not _is_noticed(copy, mutant)]
    print(f"{len(chosen)} mutants, {len(survivors)} survive")
    return 1 if survivors else 0


def _copy_to(copy: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy / name)


def _is_noticed(copy: Path, mutant: Mutant) -> bool:
    """Whether a test fails while the copy is broken so."""
    path = copy / "src" / "floruntime" / mutant.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(mutant.find, mutant.put), encoding="utf-8")
    begun_s = time.monotonic()
    try:
        done = _test(copy, mutant)
    except subprocess.TimeoutExpired:
        is_noticed, said = False, f"SURVIVES (its tests did not end within {TESTS_S_MAX:.0f} s)"
    else:
        is_noticed = done.returncode == TESTS_FAILED
        said = "noticed" if is_noticed else f"SURVIVES (pytest ended with {done.returncode})"
    finally:
        path.write_text(whole, encoding="utf-8")
    took_s = time.monotonic() - begun_s
    print(f"{said}, {took_s:.1f} s: {mutant.name} ({mutant.file})", flush=True)
    return is_noticed


def _test(copy: Path, mutant: Mutant) -> subprocess.CompletedProcess[bytes]:
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly"]
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["CI"] = "1"  # random tests do the same each time
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *mutant.tests.split()],
        cwd=copy,
        env=environment,
        capture_output=True,
        check=False,
        timeout=TESTS_S_MAX,
    )


if __name__ == "__main__":
    sys.exit(main())
