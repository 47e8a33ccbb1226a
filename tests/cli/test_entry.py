"""`flo` where only the client is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from floruntime.cli.entry import EXIT_NOT_INSTALLED, main


def test_a_missing_package_is_one_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "floruntime.cli.main", raising=False)
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == EXIT_NOT_INSTALLED
    assert capsys.readouterr().err == (
        "error: flo needs the package typer, which is not installed: "
        "pip install 'floruntime[cli]'\n"
    )


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_any_of_the_standard_descriptors_may_be_closed(
    closed: tuple[int, ...], tmp_path: Path
) -> None:
    """A store's files must not take their places: what is printed would go into them."""
    shell = f'"{sys.executable}" -m floruntime --host file:data --create kv incr count'
    told = subprocess.run(
        f"exec {shell} " + " ".join(f"{each}>&-" for each in closed),
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == (5 if 1 in closed else 0), told.stderr
    assert told.stdout == ("" if 1 in closed else "1\n")
    if 2 not in closed:
        assert ("standard output is closed (it has taken effect)" in told.stderr) == (1 in closed)
    again = subprocess.run(
        [sys.executable, "-m", "floruntime", "--host", "file:data", "kv", "incr", "count"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.stdout == "2\n"


def test_a_full_disk_for_errors_changes_no_exit_code(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "floruntime", "nonsense"]
        assert subprocess.run(command, stderr=full, cwd=tmp_path, check=False).returncode == 2
