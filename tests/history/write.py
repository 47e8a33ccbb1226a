"""Makes the history of the version that is checked out.

python -m tests.history.write VERSION

Each data directory is written by a process of its own, since one of them is killed.
"""

from __future__ import annotations

import asyncio
import json
import lzma
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.history.conversation import record
from tests.history.directories import ENDS, HERE, pack, write_directory

VECTORS = HERE.parents[1] / "js" / "vectors"


def main() -> None:
    """Write the folder of one version, or (`--leave`, as a child) one data directory."""
    if sys.argv[1:2] == ["--leave"]:
        directory, notes, end = sys.argv[2:]
        asyncio.run(write_directory(Path(directory), Path(notes), end))
        return
    [version] = sys.argv[1:]
    folder = HERE / version
    folder.mkdir()
    for end in ENDS:
        _write_archive(folder, end)
    lines = [json.dumps(turn, separators=(",", ":")) for turn in asyncio.run(record())]
    _write_compressed(folder / "conversation.jsonl.xz", "\n".join(lines).encode())
    for name in ("requests", "answers", "errors"):
        _write_compressed(folder / f"{name}.json.xz", (VECTORS / f"{name}.json").read_bytes())
    for path in sorted(folder.iterdir()):
        print(f"{path.relative_to(HERE)}: {path.stat().st_size} bytes")


def _write_archive(folder: Path, end: str) -> None:
    with tempfile.TemporaryDirectory(prefix="flo-history-") as temporary:
        directory = Path(temporary) / "data"
        command = [sys.executable, "-m", "tests.history.write", "--leave"]
        child = subprocess.run([*command, directory, folder / f"{end}.json", end], check=False)
        expected = -signal.SIGKILL if end == "killed" else 0
        if child.returncode != expected:
            shutil.rmtree(folder)
            sys.exit(f"writing {end} ended with {child.returncode}, not {expected}")
        (folder / f"{end}.tar.xz").write_bytes(pack(directory))


def _write_compressed(path: Path, content: bytes) -> None:
    path.write_bytes(lzma.compress(content, preset=9))


if __name__ == "__main__":
    main()
