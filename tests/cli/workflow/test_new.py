"""`flo workflow new`: what it writes is a workflow, and editors find its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from floruntime.cli.workflow.new import SCHEMA_URL
from floruntime.engine.workflow.language.validation import check
from tests.cli.conftest import invoke

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "docs" / "workflow.schema.json"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_it_writes_is_valid_and_names_its_schema(here: Path) -> None:
    answer = invoke(("workflow", "new", "order", "--dir", "workflows"))
    assert (answer.code, answer.out) == (
        0,
        "workflows/order.yaml: made; next: flo workflow validate workflows/order.yaml\n",
    )
    text = (here / "workflows" / "order.yaml").read_text()
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA_URL}"
    assert check(text.encode()).problems == []
    jsonschema.validate(yaml.safe_load(text), json.loads(SCHEMA.read_text()))
    assert yaml.safe_load(text)["name"] == "order"


@pytest.mark.parametrize("name", ["42", "null", "no", 'q"uo', "a: b", "- c #d", "Grüße", "a\\b"])
def test_a_name_is_quoted_where_yaml_would_take_it_for_something_else(name: str) -> None:
    text = invoke(("workflow", "new", "--print", "--", name)).stdout
    assert check(text).problems == []
    assert yaml.safe_load(text)["name"] == name


def test_a_file_that_is_there_stays_unless_forced(here: Path) -> None:
    (here / "order.yaml").write_text("mine")
    answer = invoke(("workflow", "new", "order"))
    assert answer.code == 3
    assert "order.yaml exists already; --force overwrites it" in answer.err
    assert (here / "order.yaml").read_text() == "mine"
    assert invoke(("workflow", "new", "order", "--force")).code == 0
    assert (here / "order.yaml").read_text() != "mine"


def test_it_can_be_printed(here: Path) -> None:
    answer = invoke(("workflow", "new", "order", "--print"))
    assert check(answer.stdout).problems == []
    assert list(here.iterdir()) == []


def test_a_script_is_told_in_json(here: Path) -> None:
    assert json.loads(invoke(("--json", "workflow", "new", "order")).out) == {"path": "order.yaml"}
    printed = invoke(("--json", "workflow", "new", "order", "--print"))
    assert json.loads(printed.out) == {"text": (here / "order.yaml").read_text()}


def test_what_is_for_a_server_is_refused(here: Path) -> None:
    answer = invoke(("--host", "db:9000", "workflow", "new", "order"))
    assert answer.code == 2
    assert "--host does not apply: this asks no server" in answer.err
    assert list(here.iterdir()) == []


def test_the_entry_for_the_schema_store_leads_to_the_same_schema() -> None:
    entry = json.loads((ROOT / "packaging" / "schemastore.json").read_text())
    assert set(entry) == {"name", "description", "fileMatch", "url"}
    assert entry["url"] == SCHEMA_URL
    assert SCHEMA_URL.endswith(str(SCHEMA.relative_to(ROOT)))
    assert all(pattern.startswith("*.flo.") for pattern in entry["fileMatch"])
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
