"""The JavaScript packages: installed, built, checked and tested, all of it by their own tools."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from scripts.dist import PACKAGES
from scripts.javascript import JS, NpmError, failures_of, node_is_missing, node_test, npm

from tests.js.missing import chromium, chromium_is_missing, leave_out
from tests.js.pages import write_modules

# `make pictures` runs the one that only takes pictures.
BROWSER_TESTS = sorted(
    path.name.removesuffix(".test.ts")
    for path in (JS / "browser").glob("*.test.ts")
    if path.name != "console-pictures.test.ts"
)
FAILED_ONE = """\
TAP version 13
# Subtest: one
ok 1 - one
  ---
  duration_ms: 5
  ...
# Subtest: two
not ok 2 - two
  ---
  error: |-
    3 !== 1
  ...
1..2
"""


def passed(said: str) -> int:
    """How many tests Node.js says have passed."""
    found = re.search(r"^# pass (\d+)$", said, re.MULTILINE)
    assert found is not None, said
    return int(found[1])


@pytest.mark.usefixtures("built")
def test_they_are_tidy_and_pass_their_tests() -> None:
    npm("run", "check")
    assert write_modules(JS / "build") > 10, "the pages have examples"
    npm("exec", "--", "tsc", "-p", "build")
    assert passed(npm("test")) > 400


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", BROWSER_TESTS)
def test_they_work_in_a_browser(name: str) -> None:
    leave_out("tests in a real browser", chromium_is_missing())
    built = JS / "browser" / "build" / f"{name}.test.js"
    assert passed(node_test(built, CHROMIUM=chromium() or "")) > 0


@pytest.mark.usefixtures("built")
def test_what_npm_said_is_told_where_it_fails() -> None:
    with pytest.raises(NpmError, match=r"npm exec -- tsc --nonsense failed:\n.*--nonsense"):
        npm("exec", "--", "tsc", "--nonsense")


def test_of_many_tests_the_ones_that_failed_are_told() -> None:
    told = "not ok 2 - two\n  ---\n  error: |-\n    3 !== 1\n  ..."
    assert failures_of(FAILED_ONE) == told
    assert failures_of("npm: no such script") == ""


def test_there_are_tests_in_a_browser() -> None:
    assert {"chat", "console", "console-work", "web"} <= set(BROWSER_TESTS)


@pytest.mark.usefixtures("built")
def test_what_npm_packs_from_a_clean_clone_is_built(tmp_path: Path) -> None:
    clone = tmp_path / "js"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "."]
    files = subprocess.run(listed, cwd=JS, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        if (JS / name).exists():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(JS / name, clone / name)
    link_tools(clone / "node_modules")
    packages = (f"--workspace=packages/{name}" for name in PACKAGES)
    packing = ["npm", "pack", "--json", *packages]
    said = subprocess.run(packing, cwd=clone, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    packed = json.loads(said.stdout[said.stdout.index("[") :])
    assert len(packed) == len(PACKAGES)
    for package in packed:
        names = {file["path"] for file in package["files"]}
        assert {"dist/index.js", "dist/cjs/index.d.ts", "LICENSE", "NOTICE", "README.md"} <= names


def link_tools(place: Path) -> None:
    """What npm installed, without a copy of it; but our own packages are those beside `place`."""
    installed = JS / "node_modules"
    own = installed / "@floruntime"
    shutil.copytree(own, place / own.name, symlinks=True)
    for entry in installed.iterdir():
        if entry != own:
            (place / entry.name).symlink_to(entry)


# What is missing


def test_what_is_missing_is_left_out_in_one_line_that_says_what_helps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    for name in ("LEAVE_NOTHING_OUT", "CHROMIUM"):
        monkeypatch.delenv(name, raising=False)
    for missing in (node_is_missing(), chromium_is_missing()):
        assert missing is not None
        with pytest.raises(
            pytest.skip.Exception, match=r"^left out: much \(no .* install it: .*\)$"
        ):
            leave_out("much", missing)


def test_where_nothing_may_be_left_out_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAVE_NOTHING_OUT", "1")
    leave_out("nothing", None)
    with pytest.raises(pytest.fail.Exception, match="left out: much"):
        leave_out("much", "no Chromium here")


def test_ci_leaves_nothing_out() -> None:
    run = (JS.parent / ".ci" / "run").read_text()
    assert "LEAVE_NOTHING_OUT=1 make test" in run
    assert "scripts/install_chromium.sh\n" in run


def test_a_browser_elsewhere_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/opt/chromium")
    assert chromium() == "/opt/chromium"


@pytest.mark.parametrize(("user", "by"), [("0", "apt-get "), ("1000", "sudo apt-get ")])
def test_chromium_is_installed_where_it_is_missing(tmp_path: Path, user: str, by: str) -> None:
    log = tmp_path / "log"
    for name, does in {
        "id": f"echo {user}",
        "apt-get": f'echo "${{SUDO}}apt-get $*" >>{log}',
        "sudo": 'SUDO="sudo " exec "$@"',
        "env": 'shift; exec "$@"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    script = ["/bin/bash", str(JS.parent / "scripts" / "install_chromium.sh")]
    subprocess.run(script, env={"PATH": str(tmp_path)}, check=True)
    update, install = log.read_text().splitlines()
    assert update == f"{by}update -qq"
    assert install.startswith(f"{by}install -y ")
    assert install.endswith(" chromium")
    log.unlink()
    (tmp_path / "chromium").symlink_to("/bin/true")
    subprocess.run(script, env={"PATH": str(tmp_path)}, check=True)
    assert not log.exists()
