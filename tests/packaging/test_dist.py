"""What `make dist` builds, installed where nothing of the checkout is to be seen."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from scripts import dist
from scripts.javascript import JS

from floruntime import FloClient
from floruntime.core.version import VERSION
from floruntime.testing import FloTestServer
from tests.docs.test_readme import the_block

SECONDS_MAX = 60
JS_PROGRAM = """\
import { FloClient } from "@floruntime/node";
await new FloClient(process.env.FLO_URL).kv.put("from", "npm").finally(() => process.exit());
"""
WHEEL_AND_SDIST = ("-py3-none-any.whl", ".tar.gz")
REQUIRING = ";".join(f'require("@floruntime/{name}")' for name in dist.PACKAGES)
OPENTELEMETRY = JS / "node_modules" / "@opentelemetry" / "api"
"""What one of them wants beside it; its users have it from the registry."""


def said(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a program says that has nothing of our environment but `PATH`; it must succeed."""
    run = subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


def environment_with(wheel: Path, place: Path) -> Path:
    """A new virtual environment with `wheel` in it; what it needs comes from where we run."""
    venv.create(place)
    python = place / "bin" / "python"
    into = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    said(*into, "--no-index", "--no-deps", "--disable-pip-version-check", wheel, cwd=place)
    [packages] = place.glob("lib/python*/site-packages")
    # What is named there is searched last, and without the files of this kind that lie in it: so
    # our own link to the checkout is none there.
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.mark.usefixtures("built")
def test_the_wheel_and_the_sdist_work_without_the_checkout(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    dist.python_packages(folder)
    wheel, sdist = (folder / f"floruntime-{VERSION}{end}" for end in WHEEL_AND_SDIST)
    assert set(folder.iterdir()) == {wheel, sdist}
    names = set(zipfile.ZipFile(wheel).namelist())
    console = {path.name for path in dist.CONSOLE.iterdir()}
    assert {"index.html", "console.js", "console.css", "console.js.LEGAL.txt"} <= console
    assert {f"floruntime/console/{name}" for name in console} | {"floruntime/py.typed"} <= names
    assert not [name for name in names if not name.startswith("floruntime")]

    python = environment_with(wheel, tmp_path / "environment")
    where = said(python, "-c", "import floruntime; print(floruntime.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(tmp_path / "environment")
    program = tmp_path / "first.py"
    program.write_text(the_block("python", "asyncio.run(main())\n"))
    assert said(python, program, cwd=tmp_path) == "b'Hello, Flo!'\n"
    assert VERSION in said(python.with_name("flo"), "--version", cwd=tmp_path)


@pytest.mark.usefixtures("built")
async def test_the_packages_of_npm_work_without_the_checkout(tmp_path: Path) -> None:
    dist.npm_packages(tmp_path / "dist")
    packed = sorted((tmp_path / "dist").iterdir())
    assert [path.name for path in packed] == [
        f"floruntime-{name}-{VERSION}.tgz" for name in dist.PACKAGES
    ]
    place = tmp_path / "project"
    place.mkdir()
    (place / "package.json").write_text('{"private": true, "type": "module"}\n')
    quiet = ("--offline", "--silent", "--no-audit", "--no-fund")
    await asyncio.to_thread(said, "npm", "install", *quiet, *packed, OPENTELEMETRY, cwd=place)
    (place / "first.js").write_text(JS_PROGRAM)
    async with FloTestServer() as server:
        await asyncio.to_thread(said, "node", "-e", REQUIRING, cwd=place)
        await asyncio.to_thread(said, "node", "first.js", cwd=place, FLO_URL=server.endpoint)
        async with FloClient(server.endpoint) as client:
            assert await client.kv.get("from") == b"npm"


def test_a_wheel_without_the_console_is_not_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dist, "CONSOLE", tmp_path)
    with pytest.raises(dist.DistError, match="the console is not built: make console"):
        dist.python_packages(tmp_path / "dist")


def test_what_the_build_said_is_told_where_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "console").mkdir()
    (tmp_path / "console" / "index.html").write_text("")
    (tmp_path / "src").mkdir()
    for name in dist.SOURCES:
        shutil.copy(dist.ROOT / name, tmp_path)
    (tmp_path / "pyproject.toml").write_text("[build-system]\nrequires = 3\n")
    monkeypatch.setattr(dist, "ROOT", tmp_path)
    monkeypatch.setattr(dist, "CONSOLE", tmp_path / "console")
    with pytest.raises(dist.DistError, match=r"-m build .* failed:\n(.|\n)*requires"):
        dist.python_packages(tmp_path / "dist")
