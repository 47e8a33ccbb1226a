"""What can be wrong with steps: codes, and texts with a mark where each stands."""

from __future__ import annotations

from tests.engine.workflow.language.definitions import with_head

STEP = 'run: "@actions/a"'
TO_END = "transitions: {success: flo.Completed}"
CHOICE = "{cases: [{when: $.input, to: start}], else: flo.Failed}"

TRACKED = "plans: {p: {executors: [{name: e, run: '@actions/a', tracking: {mode: async}}]}}\n"


def branch(body: str) -> str:
    """A definition with a branch of this body."""
    return with_head("start: {parallel: {branches: {b: {" + body + "}}}, " + TO_END + "}")


def joined(join: str) -> str:
    """A definition with one branch, and this join."""
    parallel = "{branches: {a: {" + STEP + "}}, join: " + join + "}"
    return with_head("start: {parallel: " + parallel + ", " + TO_END + "}")


def each(body: str, beside: str = "") -> str:
    """A definition with a `forEach` of this body."""
    return with_head("start: {forEach: {items: $.input, " + body + "}, " + beside + TO_END + "}\n")


STEP_CASES: list[tuple[str, str]] = [
    ("E216", with_head("start: {sleep: {forMs: «-1}, " + TO_END + "}")),
    ("E216", with_head("start: {sleep: {until: «tomorrow}, " + TO_END + "}")),
    ("E410", with_head("start: {waitForSignal: {type: a, «anyOf: [b]}, " + TO_END + "}")),
    ("E411", with_head("start: {waitForSignal: {allOf: [b, «b]}, " + TO_END + "}")),
    ("E412", with_head("start: {waitForSignal: {anyOf: [b, «timeout]}, " + TO_END + "}")),
    ("E412", with_head("start: {waitForSignal: {anyOf: [«a b]}, " + TO_END + "}")),
    ("E413", with_head("start: {«sleep: {}, " + TO_END + "}")),
    ("E413", with_head("start: {sleep: {forMs: 1, «until: 5}, " + TO_END + "}")),
    ("E402", with_head("start: {sleep: {forMs: 1}, «choose: " + CHOICE + "}")),
    ("E403", with_head("start: {choose: " + CHOICE + ", «timeoutMs: 1}")),
    ("E403", with_head("start: {choose: " + CHOICE + ", «" + TO_END + "}")),
    ("E301", with_head("start: {choose: {cases: [{when: $.input, to: «x}], else: flo.Failed}}")),
    ("E301", with_head("start: {choose: {cases: [{when: $.input, to: start}], else: «x}}")),
    ("E506", with_head("start: {choose: {cases: [{when: «$.input >, to: start}], else: start}}")),
    ("E506", with_head("start: {choose: {cases: [{when: «'@.a', to: start}], else: start}}")),
    (
        "E504",
        with_head(
            "start: {choose: {cases: [{when: «'match($.input, \"a\")', to: start}], else: start}}"
        ),
    ),
    (
        "E503",
        with_head("start: {choose: {cases: [{when: «$.steps.x.outcome, to: start}], else: start}}"),
    ),
    ("E110", with_head("start: {«choose: {cases: [{when: $.input, to: start}]}}")),
    ("E401", with_head("start: {parallel: {branches: {«a: {}}}, " + TO_END + "}")),
    ("E402", branch("run: '@actions/a', «sleep: {forMs: 1}")),
    ("E403", branch("sleep: {forMs: 1}, «retry: {max_attempts: 2}")),
    (
        "E403",
        with_head(
            "start: {forEach: {items: $.input, run: '@actions/a'}, «poll: {}, " + TO_END + "}"
        ),
    ),
    ("E403", branch("sleep: {forMs: 1}, «key: a")),
    ("E403", branch("run: '@workflow/a', «key: a")),
    ("E403", each("run: '@workflow/a', «key: a")),
    ("E403", with_head("start: {choose: " + CHOICE + ", «key: a}")),
    ("E203", branch(STEP + ", key: «7")),
    ("E204", branch(STEP + ", key: «''")),
    ("E206", branch(STEP + ", key: «" + "k" * 256)),
    ("E501", branch(STEP + ", key: «'$.input['")),
    ("E503", branch(STEP + ", key: «$.steps.nope.output")),
    ("E508", branch(STEP + ", key: «$.item.x")),
    ("E111", branch(STEP + ", key: «[a]")),
    ("E413", branch("«sleep: {}")),
    ("E414", branch("waitForSignal: {type: a, timeoutMs: 5, «onTimeout: flo.Failed}")),
    (
        "E415",
        joined("«2"),
    ),
    (
        "E415",
        joined("«0"),
    ),
    (
        "E415",
        with_head(
            "start: {parallel: {branches: {a: {" + STEP + "}}, join: «most}, " + TO_END + "}"
        ),
    ),
    ("E214", with_head("start: {parallel: {«branches: {}}, " + TO_END + "}")),
    (
        "E201",
        with_head(
            "start: {forEach: {items: $.input, " + STEP + ", concurrency: «1001}, " + TO_END + "}"
        ),
    ),
    (
        "E416",
        with_head(
            "start: {parallel: {branches: {a: {waitForSignal: {type: x}}, "
            "«b: {waitForSignal: {anyOf: [y, x]}}}}, " + TO_END + "}"
        ),
    ),
    (
        "E416",
        with_head(
            "start: {parallel: {branches: {a: {run: '@plan/p'}, "
            "«b: {waitForSignal: {type: 'plan:e'}}}}, " + TO_END + "}\n" + TRACKED
        ),
    ),
    (
        "E417",
        with_head(
            "start: {forEach: {items: $.input, run: «'@plan/p'}, " + TO_END + "}\n" + TRACKED
        ),
    ),
    ("E418", branch(STEP + ", compensate: {run: «'@plan/p'}")),
    ("E209", branch(STEP + ", compensate: {run: «nope}")),
    ("E403", branch("sleep: {forMs: 1}, «compensate: {run: '@actions/a'}")),
    ("E508", branch(STEP + ", compensate: {run: '@actions/a', inputMapping: «$.item}")),
    ("W607", "compensation: none\n" + branch(STEP + ", «compensate: {run: '@actions/a'}")),
    ("E302", branch("run: «'@plan/nope'")),
    ("E209", branch("run: «nope")),
    ("E503", branch(STEP + ", inputMapping: {a: «$.steps.nope.output}")),
    ("E507", branch(STEP + ", inputMapping: {a: «$.steps.start.branches.c.output}")),
    ("E508", branch(STEP + ", inputMapping: {a: «$.item.x}")),
    ("E508", with_head("start: {forEach: {items: «$.item, " + STEP + "}, " + TO_END + "}")),
    ("E502", branch(STEP + ", inputMapping: {a: «$.steps.start.failed_count}")),
]
