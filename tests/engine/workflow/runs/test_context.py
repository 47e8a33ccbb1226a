"""What a run knows, as its steps' mappings and its output see it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import astuple

from floruntime.core import limits
from floruntime.core.workflow import WorkflowStart
from floruntime.engine.workflow.runs.rows import DEFINITION, STEP, DefinitionRow
from tests.engine.workflow.calls import Workflows, flow


def mapped(mapping: str, *, second: str = "$.input") -> str:
    return flow(f"""
start:
  run: "@actions/charge"
  inputMapping: {mapping}
  transitions: {{success: second, failure: flo.Failed}}
steps:
  second:
    run: "@actions/charge"
    inputMapping: {second}
    transitions: {{success: flo.Completed}}
""")


def payload_of(mapping: str, input: Any = None, **options: Any) -> Any:
    flows = Workflows(mapped(mapping))
    flows.start(input, **options)
    return json.loads(flows.claim_one().payload)


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ("$.input", {"a": {"b": [1, 2.5, None]}, "text": "$"}),
        ("$.input.a.b[1]", 2.5),
        ("$.input.a.b[-1]", None),
        (
            "{x: $.input.text, y: [$.input.a, 7, '$x', 'input']}",
            {
                "x": "$",
                "y": [{"b": [1, 2.5, None]}, 7, "$x", "input"],
            },
        ),
        ("{path: $.input.none, default: 3}", 3),
        ("{path: $.input.text, default: 3}", "$"),
        ("{a: {path: $.input.none, default: {x: 1}}}", {"a": {"x": 1}}),
        ("{path: $.input.text, other: 3}", {"path": "$", "other": 3}),
        ("7", 7),
        ("[]", []),
        ("{}", {}),
        ("false", False),
    ],
)
def test_what_a_mapping_makes(mapping: str, expected: Any) -> None:
    assert payload_of(mapping, {"a": {"b": [1, 2.5, None]}, "text": "$"}) == expected


def test_without_a_mapping_the_input_is_handed_on_as_it_was_given() -> None:
    flows = Workflows(
        flow('start: {run: "@actions/charge", transitions: {success: flo.Completed}}')
    )
    flows.engine.run(WorkflowStart("flow", b' {"a":  1} '))
    assert flows.claim_one().payload == b' {"a":  1} '


def test_integers_stay_exact() -> None:
    big = 2**70 + 1
    assert payload_of("{n: $.input.n}", {"n": big}) == {"n": big}


def test_what_the_run_knows_of_itself() -> None:
    flows = Workflows(mapped("[$.flo.run_id, $.flo.workflow, $.flo.timestamp]"))
    flows.start(run_id="mine")
    assert json.loads(flows.claim_one().payload) == ["mine", "flow", flows.now_ms]


def test_a_step_sees_what_earlier_ones_gave() -> None:
    second = "[$.steps.start.output.a, $.steps.start.outcome, $.steps._start.output]"
    flows = Workflows(mapped("$.input", second=second))
    flows.start()
    flows.do(output={"a": [1]})
    assert json.loads(flows.claim_one().payload) == [[1], "success", {"a": [1]}]


def test_a_step_that_is_gone_through_twice_has_what_it_gave_last() -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {again: start, success: tell}}
steps:
  tell:
    run: "@actions/charge"
    inputMapping: [$.steps.start.output, $.steps.start.outcome]
    transitions: {success: flo.Completed}
""")
    )
    flows.start()
    flows.do(output=1, outcome="again")
    flows.do(output=2)
    assert json.loads(flows.claim_one().payload) == [2, "success"]


def test_a_step_that_failed_shows_its_error() -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {failure: tell}}
steps:
  tell:
    run: "@actions/charge"
    inputMapping: [$.steps.start.output.error, $.steps.start.outcome]
    transitions: {success: flo.Completed}
""")
    )
    flows.start()
    flows.break_down(error="card: declined")
    assert json.loads(flows.claim_one().payload) == ["card: declined", "failure"]


@pytest.mark.parametrize(
    ("output", "seen"),
    [
        (b"", None),
        (b"\xff\x00", {"base64": "/wA="}),
        (b"text", {"base64": "dGV4dA=="}),
        (b"NaN", {"base64": "TmFO"}),
        (b"[" * 300 + b"]" * 300, {"base64": "W1tb"}),
        (b' {"a" : 1}', {"a": 1}),
    ],
)
def test_an_output_that_is_no_json_is_shown_as_base64(output: bytes, seen: Any) -> None:
    flows = Workflows(mapped("$.input", second="$.steps.start.output"))
    flows.start()
    flows.complete_with(flows.claim_one(), output)
    found = json.loads(flows.claim_one().payload)
    if output.startswith(b"[["):
        assert found["base64"].startswith(seen["base64"])
    else:
        assert found == seen


def test_an_output_is_handed_on_as_the_runs_just_as_it_was_given() -> None:
    flows = Workflows(
        flow('start: {run: "@actions/charge", transitions: {success: flo.Completed}}')
    )
    run_id = flows.start()
    flows.complete_with(flows.claim_one(), b"\xff no json")
    assert flows.run(run_id).output == b"\xff no json"


# What cannot be made


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        ("$.input.missing", "$.input.missing"),
        ("{a: {b: [$.input.a, '$.input.list[3]']}}", "$.input.list[3]"),
        ("$.input.a.b", "$.input.a.b"),
        ("$.steps.second.output", "$.steps.second.output"),
        ("$.steps.second.outcome", "$.steps.second.outcome"),
        ("$.flo.event.id", "$.flo.event.id"),
        ("$.input.list[?@ > 9]", "$.input.list[?@ > 9]"),
    ],
)
def test_a_path_that_finds_nothing_fails_the_step_and_is_named(mapping: str, path: str) -> None:
    flows = Workflows(mapped(mapping))
    run_id = flows.start({"a": 1, "list": [1, 2]})
    assert flows.status(run_id) == "failed"
    assert flows.claim() == []
    [told] = flows.details(run_id, "step_completed")
    assert told == f"execution_failure: path '{path}' finds nothing"
    assert path in (flows.run(run_id).error or "")


@pytest.mark.parametrize(
    ("transitions", "terminal"),
    [
        ("execution_failure: flo.Cancelled, failure: flo.Failed", "flo.Cancelled"),
        ("failure: flo.TimedOut", "flo.TimedOut"),
    ],
)
def test_where_an_input_that_cannot_be_made_leads(transitions: str, terminal: str) -> None:
    flows = Workflows(
        flow(f"""
start:
  run: "@actions/charge"
  inputMapping: $.input.missing
  transitions: {{{transitions}}}
""")
    )
    assert flows.run(flows.start({})).terminal == terminal


@pytest.mark.parametrize("target", ["@actions/charge", "@workflow/flow", "@plan/p"])
def test_each_kind_of_target_wants_an_input_that_can_be_made(target: str) -> None:
    flows = Workflows(
        flow(f"""
plans: {{p: {{executors: [{{name: a, run: "@actions/charge"}}]}}}}
start:
  run: "{target}"
  inputMapping: $.input.missing
  transitions: {{execution_failure: flo.Cancelled}}
""")
    )
    assert flows.run(flows.start({})).terminal == "flo.Cancelled"


def test_a_mapping_makes_no_more_than_a_value_may_be() -> None:
    half = "x" * (limits.VALUE_BYTES_DEFAULT // 2)
    flows = Workflows(mapped("[$.input, $.input]"))
    run_id = flows.start(half)
    assert flows.run(run_id).error == (
        "step 'start' led to flo.Failed: execution_failure: with path '$.input' the mapping makes "
        "more than 1,048,576 bytes of JSON"
    )


def test_a_path_that_would_touch_too_much_fails_the_step_and_is_named() -> None:
    flows = Workflows(mapped("$.input..[?@..x]"))
    deep: Any = 1
    for _ in range(150):
        deep = [deep, deep] if not isinstance(deep, list) else [deep, 1, 2]
    run_id = flows.start([deep] * 200)
    assert flows.status(run_id) == "failed"
    [told] = flows.details(run_id, "step_completed")
    assert told.startswith("execution_failure: path '$.input..[?@..x]'")


# The run's output


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("", {"id": 7}),
        (
            "output: {order: $.input.order, id: $.steps.start.output.id, n: 1}",
            {
                "order": 1,
                "id": 7,
                "n": 1,
            },
        ),
        ("output: $.steps.start.outcome", "success"),
        ("output: {path: $.steps.other.output, default: none}", "none"),
    ],
)
def test_the_output_of_a_run(output: str, expected: Any) -> None:
    flows = Workflows(
        flow(f"""
{output}
start: {{run: "@actions/charge", transitions: {{success: flo.Completed, other: other}}}}
steps:
  other: {{run: "@actions/charge", transitions: {{success: flo.Completed}}}}
""")
    )
    run_id = flows.start({"order": 1})
    flows.do(output={"id": 7})
    assert flows.output(run_id) == expected


def test_an_output_that_cannot_be_made_fails_the_run() -> None:
    flows = Workflows(
        flow("""
output: {a: $.steps.start.output.missing}
start: {run: "@actions/charge", transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    flows.do(output={})
    run = flows.run(run_id)
    assert (run.status, run.terminal) == ("failed", "flo.Failed")
    assert run.error == "the output: path '$.steps.start.output.missing' finds nothing"


def test_the_output_mapping_is_for_completed_runs_only() -> None:
    flows = Workflows(
        flow("""
output: {a: $.steps.start.output.missing}
start: {run: "@actions/charge", transitions: {failure: flo.Failed, bad: flo.Cancelled}}
""")
    )
    run_id = flows.start()
    flows.do(output={"why": 1}, outcome="bad")
    assert (flows.status(run_id), flows.output(run_id)) == ("cancelled", {"why": 1})


@pytest.mark.parametrize(
    ("looks", "kept"),
    [
        ("", []),
        ("output: $.input", []),
        ("output: {a: [{path: $.steps.start.output.x, default: 0}]}", ["start"]),
        ("output: '$.input.list[?@.id == $.steps.second.outcome]'", ["second"]),
        ("searchAttributes: [{name: n, type: number, from: $.steps.second.output}]", ["second"]),
    ],
)
def test_steps_that_no_path_looks_at_are_not_kept(looks: str, kept: list[str]) -> None:
    flows = Workflows(mapped("$.input", second="$.input") + looks)
    flows.start({"list": []})
    flows.do(output="1")
    flows.do(output="2")
    keys = [key for key in flows.engine.rows() if key[:2] == STEP.tag]
    assert [STEP.tail_of(key).decode() for key in keys] == kept


def test_of_a_version_that_was_stored_without_what_it_reads_all_is_kept() -> None:
    flows = Workflows(mapped("$.input", second="$.steps.start.output"))
    [row] = [
        DEFINITION.decode(data)
        for key, data in flows.engine.rows().items()
        if key[:2] == DEFINITION.tag
    ]
    assert [row.reads(step) for step in ("start", "second")] == [True, False]
    former: DefinitionRow = DEFINITION.decode(msgspec.msgpack.encode(astuple(row)[:4]))
    assert former.reads("second")
