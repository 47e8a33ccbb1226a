"""The JSON Schema takes what the reader takes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from scripts.workflow_examples import definitions

from floruntime.engine.workflow.language.definition import Schedule
from floruntime.engine.workflow.language.schema import json_schema
from tests.engine.workflow.language.definitions import (
    HEAD,
    START,
    problems_of,
    with_head,
    with_start,
)
from tests.engine.workflow.language.random_definitions import parts

VALIDATOR = Draft202012Validator(json_schema())


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("text", [text for _, text in definitions()])
def test_it_takes_every_example(text: str) -> None:
    assert not list(VALIDATOR.iter_errors(yaml.safe_load(text)))


@given(parts(Schedule))
@settings(max_examples=50)
def test_it_takes_what_is_made_from_the_types(schedule: dict[str, Any]) -> None:
    document = yaml.safe_load(HEAD + START) | {"schedule": schedule}
    has_one = ("cron" in schedule) != ("interval" in schedule)
    assert VALIDATOR.is_valid(document) == has_one


@pytest.mark.parametrize(
    "text",
    [
        with_start("descripton: x\n"),
        with_start("steps: []\n"),
        with_start("schedule: {interval: 5}\n"),
        with_start("schedule: {}\n"),
        with_start("idempotency: always\n"),
        with_start("trigger: {}\n"),
        with_start("trigger:\n"),
        with_start("searchAttributes: [{name: a, type: string, from: input.a}]\n"),
        with_head("start: {run: 'a', transitions: {success: flo.Completed}}"),
        with_head("start: {transitions: {success: flo.Completed}}"),
        with_head("start: {run: '@actions/a', transitions: {}}"),
        "kind: Workflow\nname: a\nversion: 1.0\n" + START,
    ],
)
def test_it_refuses_what_the_reader_refuses(text: str) -> None:
    assert problems_of(text)
    assert not VALIDATOR.is_valid(yaml.safe_load(text))


def test_every_key_says_what_it_means() -> None:
    schema = json_schema()
    for part in [schema, *schema["$defs"].values()]:
        assert part["description"]
        assert all(key["description"] for key in part["properties"].values())


def test_defaults_are_told() -> None:
    keys = json_schema()["$defs"]["Retry"]["properties"]
    assert keys["max_attempts"]["default"] == 1
    assert keys["backoff"]["default"] == "exponential"
    assert "default" not in keys["within_ms"]
