"""The TypeScript in the pages about the JavaScript packages, as modules that can be checked."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / "javascript.md", *sorted((ROOT / "js" / "packages").glob("*/README.md"))]
BLOCK = re.compile(r"^```ts\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SETTINGS = """\
{
  "extends": "../tsconfig.base.json",
  "compilerOptions": {
    "composite": false, "declaration": false, "declarationMap": false, "noEmit": true,
    "lib": ["ES2022", "ESNext.Disposable", "DOM"], "types": ["node"]
  },
  "include": ["*.ts"]
}
"""
GIVEN = """\
declare const client: import("@floruntime/node").FloClient;
"""
"""What a block may use that does not make it itself."""


def blocks() -> dict[str, str]:
    """Every block, by the page's name and its place there."""
    found = {}
    for page in PAGES:
        name = page.stem if page.parent.name == "docs" else page.parent.name
        for index, block in enumerate(BLOCK.findall(page.read_text())):
            makes_its_own = re.search(r"\b(const|using) client\b", block)
            given = "" if makes_its_own else GIVEN
            found[f"{name}-{index}"] = f"{given}{block}\nexport {{}};\n"
    return found


def write_modules(folder: Path) -> int:
    """Write them for the compiler into `folder`, beside nothing else; how many."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.ts"):
        old.unlink()
    (folder / "tsconfig.json").write_text(SETTINGS)
    modules = blocks()
    for name, text in modules.items():
        (folder / f"{name}.ts").write_text(text)
    return len(modules)
