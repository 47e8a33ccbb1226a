"""The table of a small checkout is right, and that of this one is filled."""

from __future__ import annotations

from pathlib import Path

from scripts.measure_structure import HERE, rows

FILES = {
    "src/floruntime/__init__.py": "",
    "src/floruntime/engine/__init__.py": "",
    "src/floruntime/engine/kv.py": "from floruntime.engine.tx import Tx\n",
    "src/floruntime/engine/tx.py": '"""Rows."""\n\n\nclass Tx:\n    def get():\n        assert 1\n',
    "src/floruntime/client/a.py": "import floruntime.client.b  # round\n",
    "src/floruntime/client/b.py": "import floruntime.client.a\n",
    "tests/engine/test_kv.py": "def test_it(): ...\n",
    "tests/other/test_tx.py": "def test_it(): ...\ndef test_more(): ...\n",
    "js/packages/core/src/kv.ts": 'import "./tx.js";\n',
    "js/packages/core/src/tx.ts": 'import "./kv.js";\nfunction f() {\n}\n',
    "js/packages/core/src/all.generated.ts": "\n" * 100,
    "js/packages/core/test/kv.test.ts": "\n\n",
}


def test_a_small_checkout(tmp_path: Path) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    table = list(rows(tmp_path))
    found = dict(table)
    assert found["Python: files, lines"] == "6, 9"
    assert found["functions"] == "1"
    assert found["largest classes: lines / methods"] == "Tx 3 / 1"
    assert found["docstrings"] == "14.3 %"
    assert found["asserts, of them in the engine"] == "1, 1"
    assert found["`engine`: files, lines"] == "3, 7"
    assert found["`floruntime.engine`: rooms, arrows, floors"] == "2, 1, 2"
    circle = "floruntime.client.a ↔ floruntime.client.b"
    assert found["import circles in Python"] == f"1; {circle}"
    assert found["test files, modules"] == "2, 4"
    assert found["test functions"] == "3"
    assert found["modules with a test of the same name"] == "2"
    assert found["modules with a test of the same name in the same folder"] == "1"
    assert found["JavaScript: files written by hand, lines"] == "2, 4"
    assert found["import circles in JavaScript"] == "1; core/src/kv.ts ↔ core/src/tx.ts"
    assert found["JavaScript tests: lines"] == "2"
    assert [much for what, much in table if what == "comments"] == ["14.3 %", "0.0 %"]
    assert [much for what, much in table if what.startswith("function lines")] == [
        *("2 / 2 / 2", "2 / 2 / 2")
    ]


def test_this_checkout_is_measured_and_no_import_of_ours_goes_round() -> None:
    found = dict(rows(HERE))
    assert all(found.values())
    assert "`floruntime.engine`: rooms, arrows, floors" in found
    assert found["import circles in Python"] == "0"
    assert found["import circles in JavaScript"] == "0"
