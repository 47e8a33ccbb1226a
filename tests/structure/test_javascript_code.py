"""What is counted of a TypeScript file, and how."""

from __future__ import annotations

from pathlib import Path

from scripts.structure.javascript_code import Script, imports_of, scripts_below

TEXT = """\
/** Two lines
 * of comment with a { brace. */
import { a } from "./a.js";
import type { B } from "../b.js";
import "left-pad";

export function first(text: string): string {
  // a comment
  if (text === "}") {
    return `{${text}`;
  }
  return text;
}

export class Thing<T> extends Other<T> {
  readonly pattern = /[{]\\/{2}/;

  constructor(private readonly given: T) {
    super();
  }

  async *each<K>(key: K): AsyncGenerator<K> {
    for (const one of [key]) {
      yield one;
    }
  }

  short = (): number => {
    return 1;
  };
}
"""


def test_functions_have_their_lines() -> None:
    assert sorted(Script("x.ts", TEXT).functions) == [3, 3, 5, 7]


def test_comments_are_counted_in_lines_and_not_within_texts() -> None:
    assert Script("x.ts", TEXT).comment_lines == 3
    assert Script("x.ts", 'const url = "https://example.org"; // one\n').comment_lines == 1


def test_imports_are_files() -> None:
    scripts = [
        Script("core/src/x.ts", TEXT),
        Script("core/src/a.ts", 'export * from "../b.js";\nawait import("./x.js");\n'),
        Script("core/b.ts", ""),
    ]
    assert imports_of(scripts) == {
        "core/src/x.ts": {"core/src/a.ts", "core/b.ts"},
        "core/src/a.ts": {"core/b.ts", "core/src/x.ts"},
        "core/b.ts": set(),
    }


def test_what_is_generated_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "core" / "src" / "deep"
    folder.mkdir(parents=True)
    for name in ("a.ts", "b.generated.ts", "c.d.ts", "d.js"):
        (folder / name).write_text("")
    found = scripts_below(tmp_path, under="src")
    assert [(script.name, script.is_generated) for script in found] == [
        ("core/src/deep/a.ts", False),
        ("core/src/deep/b.generated.ts", True),
    ]
