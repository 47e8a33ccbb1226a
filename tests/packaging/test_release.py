"""A version stands in many files; one command writes it."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest
from scripts.release import ROOT, ReleaseError, begin, current, versions

from floruntime.core.version import VERSION

DAY = datetime.date(2026, 12, 1)
NEXT = "7.0.12"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that name the version, copied."""
    for name in (*versions(ROOT), "js/package.json", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def texts(root: Path) -> dict[Path, str]:
    """Every file below, with its text."""
    return {path: path.read_text() for path in root.rglob("*") if path.is_file()}


def test_all_files_name_the_version_that_is_installed() -> None:
    assert current(ROOT) == VERSION
    found = versions(ROOT)
    assert {"pyproject.toml", "js/packages/web/package.json"} < set(found)
    assert len(found["js/packages/node/package.json"]) == 2, "its own, and that of core"


def test_a_version_is_written_everywhere_and_nothing_else_is_changed(checkout: Path) -> None:
    before = texts(checkout)
    begin(checkout, NEXT, DAY)
    assert current(checkout) == NEXT
    for path, text in before.items():
        if path.name == "CHANGELOG.md":
            continue
        kept = text.splitlines()
        written = path.read_text().splitlines()
        changed = [(old, new) for old, new in zip(kept, written, strict=True) if old != new]
        assert all(old.replace(VERSION, NEXT) == new for old, new in changed), path


def test_the_changelog_gets_a_section_and_the_one_before_its_day(checkout: Path) -> None:
    changelog = checkout / "CHANGELOG.md"
    rest = "- This.\n\n## 0.0.1\n\nOld.\n"
    changelog.write_text(f"# Changelog\n\n## {VERSION} (unreleased)\n\n{rest}")
    assert begin(checkout, NEXT, DAY) == "- This."
    assert changelog.read_text() == (
        f"# Changelog\n\n## {NEXT} (unreleased)\n\n## {VERSION} (2026-12-01)\n\n{rest}"
    )


def test_the_version_that_is_there_already_changes_nothing(checkout: Path) -> None:
    before = texts(checkout)
    assert begin(checkout, VERSION, DAY).startswith("The durable core")
    assert texts(checkout) == before


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("v1.0.0", r"three numbers like 0\.2\.0, not 'v1\.0\.0'"),
        ("1.0", "three numbers"),
        ("01.0.0", "three numbers"),
        ("1.0.0rc1", "three numbers"),
        ("0.0.9", f"0.0.9 is before {VERSION}"),
    ],
)
def test_a_version_that_is_none_or_is_old_is_refused(
    checkout: Path, version: str, told: str
) -> None:
    before = texts(checkout)
    with pytest.raises(ReleaseError, match=told):
        begin(checkout, version, DAY)
    assert texts(checkout) == before


def test_files_that_do_not_agree_are_told_before_anything_is_written(checkout: Path) -> None:
    manifest = checkout / "js" / "testing" / "package.json"
    manifest.write_text(manifest.read_text().replace(VERSION, "0.0.7"))
    before = texts(checkout)
    with pytest.raises(ReleaseError, match=r"js/testing/package\.json.*0\.0\.7"):
        begin(checkout, NEXT, DAY)
    assert texts(checkout) == before


def test_a_changelog_without_an_open_section_is_told(checkout: Path) -> None:
    (checkout / "CHANGELOG.md").write_text("# Changelog\n")
    with pytest.raises(ReleaseError, match="no section that says"):
        begin(checkout, NEXT, DAY)
    assert current(checkout) == VERSION
