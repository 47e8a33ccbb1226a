"""The guided tour: it runs, tells where the data lies, and can be taken again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOUR = Path(__file__).parents[2] / "examples" / "tour.py"


def take(endpoint: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOUR), endpoint]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_the_tour_can_be_taken_again_and_again(tmp_path: Path) -> None:
    for _ in range(2):
        tour = take("file:data", tmp_path)
        assert (tour.returncode, tour.stderr) == (0, "")
        assert f"The data: {tmp_path / 'data'}" in tour.stdout
        assert "version 2 was expected" not in tour.stdout
        assert "dead letter, max_attempts: mail server is still down" in tour.stdout
        assert "pending 0, lag 0" in tour.stdout
        assert "ConflictError at index 1" in tour.stdout


def test_the_tour_without_a_server_says_so(tmp_path: Path) -> None:
    tour = take("127.0.0.1:1", tmp_path)
    assert tour.returncode == 1
    assert tour.stderr.startswith("error: cannot connect to 127.0.0.1:1")
