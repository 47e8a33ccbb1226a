"""TypeScript files as they are counted, by their text: lines, functions, comments, imports.

There is no parser of TypeScript in Python, so a function is found by what stands before its brace:
`function name(…)`, `name(…)` in a class, or `=>`. That is right for code that a formatter has laid
out; arrows without braces are no more than their line, and are left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_GENERATED = ".generated.ts"
_QUIET = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`
    |(?<=[=(,:])\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+/[a-z]*""",
    re.DOTALL | re.VERBOSE,
)
"""Comments, texts, and expressions of patterns: what braces in them say nothing."""
_BEGINNING = re.compile(
    r"""(?:=>\s*|                                   # an arrow
    \b(?!(?:if|for|while|switch|catch|with)\b)      # or a name that is no statement's
    [\w$]+\s*(?:<[^<>{}()]*>)?\([^{}]*\)\s*(?::[^{};=]*)?)$""",
    re.VERBOSE,
)
_IMPORT = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.[^"']*)["']""")
_HEAD_CHARS = 400
"""How far before a brace its function's head may begin."""


@dataclass(frozen=True)
class Script:
    """One file; `name` is its path from the folder that was looked at."""

    name: str
    text: str

    @property
    def is_generated(self) -> bool:
        return self.name.endswith(_GENERATED)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def lines_not_blank(self) -> int:
        return sum(1 for line in self.text.splitlines() if line.strip())

    @property
    def comment_lines(self) -> int:
        comments = (found["comment"] for found in _QUIET.finditer(self.text))
        return sum(len(comment.splitlines()) for comment in comments if comment)

    @property
    def functions(self) -> Iterator[int]:
        """The lines of each, from the line of its brace to the one that closes it."""
        code = _QUIET.sub(_blanked, self.text)
        open_at: list[int] = []
        for found in re.finditer(r"[{}]", code):
            if found[0] == "{":
                open_at.append(found.start())
            elif open_at:
                begun = open_at.pop()
                if _is_function(code, begun):
                    yield code.count("\n", begun, found.start()) + 1

    @property
    def imports(self) -> set[str]:
        """The files that it imports, as their names are."""
        folder = posixpath.dirname(self.name)
        return {
            re.sub(r"\.js$", ".ts", posixpath.normpath(posixpath.join(folder, target)))
            for target in _IMPORT.findall(self.text)
        }


def _blanked(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _is_function(code: str, brace: int) -> bool:
    head = code[max(0, brace - _HEAD_CHARS) : brace].rstrip()
    return _BEGINNING.search(head) is not None


def scripts_below(folder: Path, *, under: str) -> list[Script]:
    """The TypeScript in the folders `under` of the packages in `folder`, generated files too."""
    return [
        Script(path.relative_to(folder).as_posix(), path.read_text())
        for path in sorted(folder.glob(f"*/{under}/**/*.ts"))
        if not path.name.endswith(".d.ts")
    ]


def imports_of(scripts: list[Script]) -> dict[str, set[str]]:
    """Per file the others of `scripts` that it imports."""
    known = {script.name for script in scripts}
    return {script.name: script.imports & known for script in scripts}
