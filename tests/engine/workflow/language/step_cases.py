"""What can be wrong with steps: codes, and texts with a mark where each stands."""

from __future__ import annotations

from tests.engine.workflow.language.definitions import with_head

STEP = 'run: "@actions/a"'
TO_END = "transitions: {success: flo.Completed}"
CHOICE = "{cases: [{when: $.input, to: start}], else: flo.Failed}"

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
]
