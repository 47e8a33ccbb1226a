"""The pages of docs/guide: each is a program, which does what the page says."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from floruntime.testing import FloTestServer

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
PAGES = sorted(page.name for page in GUIDE.glob("*.md"))
PROGRAMS = [name for name in PAGES if name not in ("index.md", "testing.md", "live-page.md")]
SECONDS_MAX = 120


def blocks(page: str, language: str) -> list[str]:
    text = (GUIDE / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def run(directory: Path, *arguments: str, **environment: str) -> str:
    """What a program prints that ends well."""
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("page", PROGRAMS)
def test_a_page_is_a_program_and_prints_what_it_says(page: str, tmp_path: Path) -> None:
    for definition in blocks(page, "yaml"):
        [name] = re.findall(r"^name: (\S+)", definition, re.M)
        (tmp_path / f"{name}.yaml").write_text(definition)
    (tmp_path / "program.py").write_text("\n\n".join(blocks(page, "python")))
    printed = run(tmp_path, "program.py")
    for told in blocks(page, "text"):
        assert told in printed
        printed = printed.partition(told)[2]


async def test_two_pages_talk(tmp_path: Path) -> None:
    [program] = blocks("live-page.md", "python")
    async with FloTestServer() as server:
        (tmp_path / "program.py").write_text(program.replace("localhost:9000", server.endpoint))
        printed = await asyncio.to_thread(run, tmp_path, "program.py")
    assert [printed] == blocks("live-page.md", "text")


def test_the_tests_pass(tmp_path: Path) -> None:
    worker, *tests = blocks("testing.md", "python")
    (tmp_path / "jobs.py").write_text(worker)
    (tmp_path / "test_jobs.py").write_text("".join(tests))
    # A plugin of our own tests takes a second to begin; readers have it not.
    without = ("-p", "no:cacheprovider", "-p", "no:schemathesis")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # no configuration, as the page says
    options = ("-q", *without, "--rootdir=.")
    assert "3 passed" in run(tmp_path, "-m", "pytest", *options, PYTHONPATH=str(tmp_path))


async def test_paths_of_the_port_are_there() -> None:
    paths = set(re.findall(r"`(/[a-z]+z|/metrics)`", (GUIDE / "production.md").read_text()))
    assert len(paths) == 3
    async with FloTestServer() as server:
        for path in paths:
            url = f"http://{server.endpoint}{path}"
            answer = await asyncio.to_thread(urllib.request.urlopen, url)
            assert answer.status == 200, path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")])
def test_shell_lines_work(page: str, tmp_path: Path) -> None:
    lines = [line for line in "".join(blocks(page, "console")).splitlines() if line[:2] == "$ "]
    for line in lines:
        program, *arguments = shlex.split(line[2:], comments=True)
        assert program == "flo"
        run(tmp_path, "-m", "floruntime", *arguments)


def test_the_index_has_every_page() -> None:
    named = re.findall(r"\]\(([\w-]+\.md)\)", (GUIDE / "index.md").read_text())
    assert sorted(named) == [page for page in PAGES if page != "index.md"]
