"""docs/workflow-language.md and the schema beside it: current, and every example is right."""

from __future__ import annotations

import re

import pytest
from scripts.generate_workflow_docs import (
    PAGE,
    SCHEMA,
    example_of,
    parts_of,
    schema_text,
    sections,
)
from scripts.sections import DOCS, with_sections
from scripts.workflow_examples import EXAMPLES, definitions

from floruntime.core.limits import KIB
from floruntime.engine.workflow.language.definition import Part, Work
from floruntime.engine.workflow.language.path_rules import QUERY_CHARS_MAX
from floruntime.engine.workflow.language.problem_codes import CODES
from floruntime.engine.workflow.language.shapes import keys_of
from floruntime.engine.workflow.language.validation import check
from floruntime.engine.workflow.language.yaml_nodes import (
    DEFINITION_BYTES_MAX,
    DEPTH_MAX,
    NODES_MAX,
)
from floruntime.engine.workflow.paths.path import parse_path
from floruntime.engine.workflow.paths.syntax import PATH_BYTES_MAX
from floruntime.engine.workflow.paths.walk import NODES_MAX as PATH_NODES_MAX

TEXT = (DOCS / PAGE).read_text()
KEYS = [(part, key) for part in parts_of() for key in keys_of(part)]


def test_the_generated_parts_are_current() -> None:
    assert with_sections(TEXT, sections()) == TEXT, "run `make docs`"
    assert SCHEMA.read_text() == schema_text(), "run `make docs`"


@pytest.mark.parametrize(("name", "text"), list(definitions()))
def test_every_example_is_right_without_a_warning(name: str, text: str) -> None:
    assert check(text.encode()).problems == [], name


@pytest.mark.parametrize(("part", "key"), KEYS)
def test_every_key_has_an_example(part: type[Part], key: str) -> None:
    example_of(part, key)


def test_every_part_is_in_the_reference() -> None:
    assert {example.part for example in EXAMPLES} == set(parts_of())
    assert set(_kinds_of(Part)) - {Part, Work} == set(parts_of())


def _kinds_of(part: type[Part]) -> list[type[Part]]:
    """A part and all that are made from it."""
    return [part, *(kind for one in part.__subclasses__() for kind in _kinds_of(one))]


def test_whole_definitions_in_the_page_are_right() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    whole = [block for block in blocks if "kind: Workflow" in block]
    assert len(whole) >= 2
    assert all(check(block.encode()).problems == [] for block in whole)


def test_paths_in_the_page_are_paths() -> None:
    rows = TEXT.partition("## Paths")[2].partition("## Cron")[0]
    paths = re.findall(r"`(\$\.[^`…]*)`", rows)
    assert len(paths) >= 10
    for path in paths:
        assert parse_path(path).heads


def test_numbers_are_the_constants() -> None:
    flowed = " ".join(TEXT.split())
    for sentence, holds in {
        "at most 256 KiB, 50,000 values and keys, 64 levels": (
            (DEFINITION_BYTES_MAX, NODES_MAX, DEPTH_MAX) == (256 * KIB, 50_000, 64)
        ),
        "at most 1,024 bytes": PATH_BYTES_MAX == 1_024,
        "32,768 characters together": QUERY_CHARS_MAX == 32_768,
        "may touch 250,000 nodes": PATH_NODES_MAX == 250_000,
    }.items():
        assert sentence in flowed
        assert holds, sentence


def test_every_code_is_in_the_page() -> None:
    assert all(f"| {code} |" in TEXT for code in CODES)


def test_anchors_lead_somewhere() -> None:
    headings = re.findall(r"^##+ (.+)$", TEXT, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors
