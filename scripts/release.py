"""Begins a version: writes it wherever it stands, and opens its section of the changelog.

python -m scripts.release VERSION
"""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}")
"""Three numbers, which pip and npm read alike."""
ANY = r"\d+\.\d+\.\d+"
PLACES = {
    "pyproject.toml": rf'^version = "({ANY})"$',
    "src/floruntime/core/version.py": rf'^VERSION = "({ANY})"$',
    "js/packages/core/src/base/limits.generated.ts": rf'^export const VERSION = "({ANY})";$',
    "packaging/kubernetes.yaml": rf"^ *image: \S+/flo:({ANY})$",
    "examples/kubernetes.yaml": rf"^ *image: \S+/flo:({ANY})$",
}
"""Files of text that name the version once, and where."""
UNRELEASED = re.compile(rf"^## ({ANY}) \(unreleased\)$", re.M)


class ReleaseError(Exception):
    """The version cannot be written; it says why."""


def versions(root: Path) -> dict[str, list[str]]:
    """The version as each file has it, by the file's path: once, or wherever it stands there."""
    found = {name: _matches(root, name, pattern) for name, pattern in PLACES.items()}
    for name in _manifests(root):
        found[name] = [holder[key] for holder, key in _held(_json(root, name))]
    return found


def begin(root: Path, version: str, today: datetime.date) -> str:
    """Write `version` everywhere below `root`; what the version before it brought, as text.

    The changelog's section that says "unreleased" gets `today` in place of it, and an empty one is
    opened above; where the section of `version` itself is still open, the changelog stays as it is.
    Raises `ReleaseError`, before anything is written, for a version that is not three numbers or is
    not in order, and for a file in which the version is not found.
    """
    changelog = (root / "CHANGELOG.md").read_text()
    now = current(root)
    _check(version, now)
    opened, notes = _opened(changelog, version, today)
    changed = {root / "CHANGELOG.md": opened}
    for name, pattern in PLACES.items():
        changed[root / name] = _replaced((root / name).read_text(), pattern, version)
    for name in _manifests(root):
        changed[root / name] = _with_version(_json(root, name), version)
    for path, text in changed.items():
        path.write_text(text)
    return notes


def current(root: Path) -> str:
    """The one version that stands everywhere. Raises `ReleaseError` where two differ."""
    found = versions(root)
    all_of_them = {version for each in found.values() for version in each}
    if len(all_of_them) != 1 or not all(found.values()):
        raise ReleaseError(f"every file must name one version, the same, but they say: {found}")
    return all_of_them.pop()


def _check(version: str, now: str) -> None:
    if VERSION.fullmatch(version) is None:
        raise ReleaseError(f"a version is three numbers like 0.2.0, not {version!r}")
    if _numbers(version) < _numbers(now):
        raise ReleaseError(f"{version} is before {now}, which is written here")


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _opened(changelog: str, version: str, today: datetime.date) -> tuple[str, str]:
    """The changelog with an open section of `version`, and the text of the section before it."""
    found = UNRELEASED.search(changelog)
    if found is None:
        raise ReleaseError('CHANGELOG.md has no section that says "(unreleased)"')
    before, rest = changelog[: found.start()], changelog[found.end() :]
    notes = re.split(r"^## ", rest, maxsplit=1, flags=re.M)[0].strip()
    if found[1] == version:
        return changelog, notes
    return f"{before}## {version} (unreleased)\n\n## {found[1]} ({today}){rest}", notes


# Files of text


def _matches(root: Path, name: str, pattern: str) -> list[str]:
    return re.findall(pattern, (root / name).read_text(), re.M)


def _replaced(text: str, pattern: str, version: str) -> str:
    def put(found: re.Match[str]) -> str:
        return found[0].replace(found[1], version)

    return re.sub(pattern, put, text, flags=re.M)


# Files of npm


def _manifests(root: Path) -> list[str]:
    """The package.json of each workspace, and what npm has locked."""
    workspaces = _json(root, "js/package.json")["workspaces"]
    return [*(f"js/{each}/package.json" for each in workspaces), "js/package-lock.json"]


def _json(root: Path, name: str) -> Any:
    return json.loads((root / name).read_text())


def _held(document: Any) -> list[tuple[dict[str, str], str]]:
    """Where a document of npm has our version: the object, and the key in it."""
    ours = [each for each in (document, *document.get("packages", {}).values()) if _is_ours(each)]
    held = [(each, "version") for each in ours]
    for each in ours:
        needs = each.get("dependencies", {})
        held += [(needs, key) for key in needs if key.startswith("@floruntime/")]
    return [(holder, key) for holder, key in held if holder[key] != "*"]


def _is_ours(package: Any) -> bool:
    return bool(package.get("name", "").startswith("@floruntime/"))


def _with_version(document: Any, version: str) -> str:
    for holder, key in _held(document):
        holder[key] = version
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(say: Callable[[str], object] = print) -> None:
    """Do it for this checkout, and say what the version before it brought: its release notes."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m scripts.release VERSION")
    try:
        say(begin(ROOT, sys.argv[1], datetime.date.today()))
    except ReleaseError as problem:
        raise SystemExit(f"error: {problem}") from None


if __name__ == "__main__":
    main()
