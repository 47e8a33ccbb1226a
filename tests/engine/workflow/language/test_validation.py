"""Every code of the table, at its place."""

from __future__ import annotations

import pytest

from floruntime.core.workflow import Severity
from floruntime.engine.workflow.language.problem_codes import CODES
from floruntime.engine.workflow.language.validation import check
from tests.engine.workflow.language.definitions import (
    HEAD,
    START,
    marked,
    problems_of,
    with_head,
    with_start,
)
from tests.engine.workflow.language.step_cases import STEP, STEP_CASES, TO_END

PLAN = """\
kind: Workflow
name: orders
version: "1"
start: {run: "@plan/pay", transitions: {success: flo.Completed}}
plans:
  pay:
"""
EXECUTOR = '{name: one, run: "@actions/a"}'

CASES: list[tuple[str, str]] = [
    # Structure
    ("E103", HEAD + "start: «}\n"),
    ("E103", HEAD + 'description: "a«\x01b"\n'),
    ("E103", HEAD + 'description: "a «\\q b"\n'),
    ("E103", HEAD + 'description: "a «\\ud83c b"\n' + START),
    ("E103", HEAD + 'description: "\\uD83C\\uDF89 «\\udf89\\ud83c"\n' + START),
    ("E103", with_start('output: {"a«\\udbff": 1}\n')),
    ("E104", "«"),
    ("E104", "«# nothing but a comment\n"),
    ("E104", "«- kind: Workflow\n"),
    ("E104", "«just words\n"),
    ("E105", with_start("«---\nkind: Workflow\n")),
    ("E107", with_start("output: " + "[" * 63 + "«[" + "]" * 64 + "\n")),
    ("E108", with_start("«name: again\n")),
    ("E108", with_start("output: {a: 1, «a: 2}\n")),
    ("E109", with_start("«descripton: x\n")),
    ("E109", with_head("start:\n  run: '@actions/a'\n  «retries: 3\n  " + TO_END)),
    ("E110", "«name: orders\nversion: '1'\n" + START),
    ("E110", with_head("«start:\n  " + STEP + "\n")),
    ("E110", PLAN + "    executors: [«{run: '@actions/a'}]\n"),
    ("E111", with_start("steps: «[]\n")),
    ("E111", with_start("searchAttributes: «{}\n")),
    ("E111", with_start("idempotency: «[none]\n")),
    ("E111", with_head("start: {" + STEP + ", timeoutMs: «'5', " + TO_END + "}")),
    ("E111", with_head("start: {" + STEP + ", timeoutMs: «5s, " + TO_END + "}")),
    ("E111", with_head("start: {" + STEP + ", timeoutMs: «5.0, " + TO_END + "}")),
    ("E111", with_head("start: {" + STEP + ", timeoutMs: «true, " + TO_END + "}")),
    ("E111", with_start("schedule: {interval: 5000, paused: «yes}\n")),
    ("E112", with_start("description: «!!str 5\n")),
    ("E112", with_start("output: «!thing {a: 1}\n")),
    ("E113", HEAD + "start:\n  «<<: {run: '@actions/a'}\n  " + STEP + "\n  " + TO_END),
    ("E114", with_start("output: «*nothing\n")),
    ("E114", with_start("output: &a [«*a]\n")),
    ("E115", with_start("steps:\n  «1: {" + STEP + ", " + TO_END + "}\n")),
    ("E115", with_start("output: {«true: 1}\n")),
    ("E115", with_start("output:\n  ? «[a]\n  : 1\n")),
    ("E116", with_start("«steps:\n")),
    ("E116", with_start("«output: null\n")),
    ("E116", with_start("description: x\n«trigger: ~\n")),
    # Values
    ("E201", with_head("start: {" + STEP + ", timeoutMs: «0, " + TO_END + "}")),
    ("E201", with_head("start: {" + STEP + ", timeoutMs: «-1, " + TO_END + "}")),
    ("E201", with_head("start: {" + STEP + ", timeoutMs: «315360000001, " + TO_END + "}")),
    ("E201", PLAN + f"    executors: [{EXECUTOR}]\n    health: {{decay: «1.5}}\n"),
    ("E201", PLAN + f"    executors: [{EXECUTOR}]\n    health: {{decay: «0}}\n"),
    ("E201", PLAN + f"    executors: [{EXECUTOR}]\n    health: {{decay: «.nan}}\n"),
    ("E202", with_start("idempotency: «always\n")),
    ("E202", "kind: «Worfklow\nname: a\nversion: b\n" + START),
    ("E203", "kind: Workflow\nname: orders\nversion: «1.0\n" + START),
    ("E203", "kind: Workflow\nname: «true\nversion: a\n" + START),
    ("E203", with_start("description: «0x10\n")),
    ("E204", with_start("description: «" + "x" * 4097 + "\n")),
    ("E205", with_head("start: {" + STEP + ", " + TO_END + ", inputMapping: '{\"a\": «}'}")),
    ("E205", with_start('output: "{\\"a\\": 1, \\«"a\\": 2}"\n')),
    ("E205", with_start('output: |\n  {\n    "a": 1,\n    «b: 2\n  }\n')),
    ("E205", with_start("output: '[«1e999]'\n")),
    ("E205", with_start("output: '[«NaN]'\n")),
    ("E205", with_start("output: '[«18446744073709551616]'\n")),
    ("E205", with_start('output: \'["a", «"b\\ud800"]\'\n')),
    ("E205", with_start("output: '{«\"\\udfff\": 1}'\n")),
    ("E205", with_start("output: '[" + "«" + "1" * 1001 + "]'\n")),
    ("E205", with_start("output: '" + "[" * 64 + "«[" + "]" * 65 + "'\n")),
    ("E205", with_start("output: «plain words\n")),
    ("E206", with_start("steps:\n  «'': {" + STEP + ", " + TO_END + "}\n")),
    ("E206", with_start("steps:\n  «" + "é" * 128 + ": {" + STEP + ", " + TO_END + "}\n")),
    ("E206", 'kind: Workflow\nname: «"a\\tb"\nversion: a\n' + START),
    ("E207", with_start("steps:\n  «start: {" + STEP + ", " + TO_END + "}\n")),
    ("E207", with_start("steps:\n  «_start: {" + STEP + ", " + TO_END + "}\n")),
    ("E207", with_start("steps:\n  «flo.x: {" + STEP + ", " + TO_END + "}\n")),
    ("E207", with_start("terminals:\n  «flo.Completed: {status: failed}\n")),
    ("E207", with_start("terminals:\n  «flo.Mine: {status: failed}\n")),
    ("E208", with_head("start: {" + STEP + ", transitions: {«'not so': flo.Failed}}\n")),
    ("E208", with_head("start: {" + STEP + ", transitions: {«flo.Failed: flo.Failed}}\n")),
    ("E209", with_head("start: {run: «validate, " + TO_END + "}\n")),
    ("E209", with_head("start: {run: «'@action/a', " + TO_END + "}\n")),
    ("E209", with_head("start: {run: «'@actions/', " + TO_END + "}\n")),
    ("E209", with_head("start: {run: «'@workflow/a:', " + TO_END + "}\n")),
    ("E209", with_head("start: {run: «'@actions/" + "a" * 256 + "', " + TO_END + "}\n")),
    ("E210", with_start("schedule: {cron: «'* * * *'}\n")),
    ("E211", with_start("schedule: {cron: '0 9 * * *', timezone: «Europe/Atlantis}\n")),
    ("E212", PLAN + f"    executors: [{EXECUTOR}]\n    cache: {{ttl_ms: 1, key: «'a{{b}}'}}\n"),
    ("E213", with_start("output: [1, «.inf]\n")),
    ("E213", with_start("output: [1, «18446744073709551616]\n")),
    ("E213", with_start("output: «-9223372036854775809\n")),
    ("E214", with_head("start:\n  " + STEP + "\n  «transitions: {}\n")),
    ("E214", PLAN + "    «executors: []\n"),
    ("E215", PLAN + "    executors: [{name: a, run: «'@plan/pay'}]\n"),
    # References
    ("E301", with_head("start: {" + STEP + ", transitions: {success: «ship}}\n")),
    (
        "E301",
        with_head(
            "start:\n  waitForSignal: {type: a, timeoutMs: 1, onTimeout: «later}\n  " + TO_END
        ),
    ),
    ("E302", with_head("start: {run: «'@plan/pay', " + TO_END + "}\n")),
    ("E303", PLAN + f"    executors: [{EXECUTOR}, {{name: «one, run: '@actions/b'}}]\n"),
    (
        "E304",
        with_start(
            "searchAttributes:\n"
            "  - {name: a, type: string, from: $.input.a}\n"
            "  - {name: «a, type: number, from: $.input.b}\n"
        ),
    ),
    (
        "E305",
        with_head(
            "start: {" + STEP + ", transitions: {success: a}}\n"
            "steps: {a: {" + STEP + ", " + TO_END + "}}\n"
            "terminals: {«a: {status: failed}}\n"
        ),
    ),
    # Combinations
    *STEP_CASES,
    ("E401", with_head("«start:\n  " + TO_END + "\n")),
    (
        "E402",
        with_head("start: {" + STEP + ", «waitForSignal: {type: a, timeoutMs: 1}, " + TO_END + "}"),
    ),
    *(
        ("E403", with_head("start: {waitForSignal: {type: a, timeoutMs: 1}, " + key + TO_END + "}"))
        for key in ("«inputMapping: {}, ", "«retry: {max_attempts: 2}, ", "«poll: {}, ")
    ),
    (
        "E404",
        with_head("start: {waitForSignal: {type: a, «onTimeout: flo.Failed}, " + TO_END + "}"),
    ),
    ("E405", with_start("«schedule: {timezone: UTC}\n")),
    ("E201", with_start("schedule: {interval: «9}\n")),
    ("E406", with_start("schedule: {cron: '* * * * *', «interval: 5000}\n")),
    (
        "E407",
        PLAN + "    executors: [{name: a, run: '@actions/a', «rate_limit: {}}]\n",
    ),
    (
        "E408",
        PLAN + f"    executors: [{EXECUTOR}]\n    errors: {{retryable: [a], fatal: [b, «a]}}\n",
    ),
    ("E409", with_start("schedule: {interval: 5000, jitter_ms: «5000}\n")),
    ("E409", with_start("schedule: {cron: '0 * * * *', jitter_ms: «3600000}\n")),
    ("W614", with_start("schedule: {cron: «'*/90 * * * *'}\n")),
    ("W614", with_start("schedule: {cron: «'0 0 */1 * 1'}\n")),
    # Paths
    ("E501", with_start("output: {a: «'$.input['}\n")),
    ("E501", with_start('output: \'{"a": "«$.input[?@.a = 1]"}\'\n')),
    ("E502", with_start("output: «$.inptu.a\n")),
    ("E502", with_start("output: [«$.steps.start]\n")),
    ("E502", with_start("output: «'$.flo.secret'\n")),
    ("E502", with_start("output: «$..*\n")),
    ("E502", with_start("output: «$.steps[*].output\n")),
    ("E502", with_start("searchAttributes: [{name: a, type: string, from: «input.a}]\n")),
    ("E502", with_start("output: «$.input[?@.a == $.oops]\n")),
    ("E503", with_start("output: «$.steps.strat.output\n")),
    ("E503", with_start("output: {a: {path: «$.steps.gone.outcome, default: 1}}\n")),
    ("E504", with_start("output: «$.input[?match(@.a, 'x')]\n")),
    ("E504", with_start("output: «$.input[?frob(@.a)]\n")),
    ("E505", with_start("output: «$.input." + "a" * 1025 + "\n")),
    # Warnings
    ("W603", with_start("steps:\n  «lost: {" + STEP + ", " + TO_END + "}\n")),
    ("W605", with_start(f"plans: {{«pay: {{executors: [{EXECUTOR}]}}}}\n")),
    ("W606", with_start("terminals: {«Odd: {status: failed}}\n")),
    ("W607", with_head("start: {" + STEP + ", «retry: {backoff: linear}, " + TO_END + "}")),
    (
        "W607",
        with_head(
            "start: {"
            + STEP
            + ", retry: {max_attempts: 2, initial_delay_ms: «40000}, "
            + TO_END
            + "}"
        ),
    ),
    ("W607", PLAN + f"    executors: [{EXECUTOR}]\n    «health: {{decay: 0.5}}\n"),
    (
        "W607",
        PLAN + "    executors:\n      - name: a\n        run: '@actions/a'\n"
        "        tracking: {«timeout_ms: 5}\n",
    ),
    ("W607", with_start("schedule: {interval: 5000, overlap: allow, «max_concurrent: 2}\n")),
    ("W607", with_start("schedule: {interval: 5000, «timezone: UTC}\n")),
    ("W607", with_start("trigger: {stream: a, «batch_timeout_ms: 5}\n")),
    (
        "W608",
        with_head(
            "start: {waitForSignal: {type: a, timeoutMs: 1}, "
            "transitions: {success: flo.Completed, «failure: flo.Failed}}"
        ),
    ),
    (
        "W608",
        with_head(
            "start: {" + STEP + ", poll: {}, "
            "transitions: {success: flo.Completed, «pending: flo.Failed}}"
        ),
    ),
    (
        "W609",
        with_head(
            "start: {waitForSignal: {type: a, timeoutMs: 1}, «transitions: {timeout: flo.Failed}}"
        ),
    ),
    ("W610", with_head("start: {" + STEP + ", «transitions: {success: start}}")),
    ("W611", with_start("output: «$.flo.event.id\n")),
    (
        "W613",
        with_head(
            "start: {" + STEP + ", transitions: {success: flo.Completed, «failre: flo.Failed}}"
        ),
    ),
]

IDS = [f"{code}-{number}" for number, (code, _) in enumerate(CASES)]


@pytest.mark.parametrize(("code", "text"), CASES, ids=IDS)
def test_each_problem_is_told_with_its_code_at_its_place(code: str, text: str) -> None:
    plain, line, column = marked(text)
    found = [
        (problem.line, problem.column) for problem in problems_of(plain) if problem.code == code
    ]
    assert found == [(line, column)]


@pytest.mark.parametrize(("code", "text"), CASES, ids=IDS)
def test_what_has_an_error_gives_no_definition(code: str, text: str) -> None:
    checked = check(marked(text)[0].encode())
    errors = [one.code for one in checked.problems if one.severity is Severity.ERROR]
    assert (checked.definition is None) == bool(errors)
    assert (CODES[code].severity is Severity.ERROR) <= bool(errors)


@pytest.mark.parametrize(("code", "text"), CASES, ids=IDS)
def test_one_mistake_is_one_error(code: str, text: str) -> None:
    """Nothing is told of what only follows from the mistake."""
    errors = {one.code for one in problems_of(marked(text)[0]) if one.severity is Severity.ERROR}
    assert errors <= {code, "E110"} if code == "E109" else errors <= {code}


def test_every_code_has_a_case() -> None:
    elsewhere = {"E101", "E102", "E106", "E117", "W612"}  # in test_hostile_texts.py
    of_the_sync = {
        "E306",
        "W601",
        "W602",
    }  # of actions and workflows that the namespace does not have
    assert {code for code, _ in CASES} | elsewhere | of_the_sync == CODES.keys()


def test_a_wait_that_times_out_may_say_so_by_a_transition() -> None:
    text = with_head(
        "start: {waitForSignal: {type: a, timeoutMs: 1}, "
        "transitions: {success: flo.Completed, timeout: flo.Failed}}"
    )
    assert check(text.encode()).problems == []


def test_a_wait_without_an_end_is_as_good_as_one_with() -> None:
    text = with_head("start: {waitForSignal: {type: a}, " + TO_END + "}")
    assert check(text.encode()).problems == []


def test_an_outcome_of_the_actions_own_is_no_slip() -> None:
    text = with_head(
        "start: {" + STEP + ", transitions: {success: flo.Completed, declined: flo.Failed, "
        "failed: flo.Failed}}"
    )
    assert check(text.encode()).problems == []
