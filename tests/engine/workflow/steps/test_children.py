"""Steps that run a child workflow: its outcome, output, version, and its end with its parent's."""

from __future__ import annotations

import pytest

from floruntime.core.action import ActionStatus, RunStatus
from floruntime.core.workflow import WorkflowStart
from floruntime.engine.workflow.runs.advance import HOPS_MAX
from floruntime.engine.workflow.steps.children import DEPTH_MAX
from tests.engine.workflow.calls import Workflows, flow

CHILD = flow(
    """
terminals: {rejected: {status: failed}, approved: {status: completed}}
start:
  run: "@actions/charge"
  transitions:
    success: flo.Completed
    failure: flo.Failed
    good: approved
    rejected: rejected
    gone: flo.Cancelled
    late: flo.TimedOut
""",
    name="child",
)


ONE_WAY = """
start:
  waitForSignal: {type: go}
  transitions: {success: flo.Completed}
"""


def parent(transitions: str, *, run: str = "@workflow/child", more: str = "") -> str:
    return flow(f"""
start:
  run: "{run}"
  {more}
  transitions: {{{transitions}}}
steps:
  seen:
    run: "@actions/tell"
    inputMapping: {{outcome: $.steps.start.outcome, output: $.steps.start.output}}
    transitions: {{success: flo.Completed}}
""")


# Starting


def test_a_child_is_a_run_of_its_own() -> None:
    flows = Workflows(CHILD, parent("success: flo.Completed", more="inputMapping: {a: $.input.n}"))
    run_id = flows.start({"n": 5})
    [child_id] = flows.children(run_id)
    child = flows.run(child_id)
    assert (child.workflow, child.parent_run_id, child.input) == ("child", run_id, b'{"a":5}')
    assert (child.status, flows.status(run_id)) == ("running", "running")
    assert flows.details(run_id, "awaiting_child") == ["child"]
    assert flows.runs(workflow_name="child") == [child_id]


def test_starting_parent_and_child_are_one_commit() -> None:
    flows = Workflows(CHILD, parent("success: flo.Completed"))
    before = flows.engine.machine.index
    flows.start()
    assert flows.engine.machine.index == before + 1


def test_without_a_mapping_the_child_has_its_parents_input() -> None:
    flows = Workflows(CHILD, parent("success: flo.Completed"))
    run_id = flows.engine.run(WorkflowStart("flow", b' {"a" : 1}')).run_id
    assert flows.run(flows.children(run_id)[0]).input == b' {"a" : 1}'


@pytest.mark.parametrize("run", ["@workflow/lost", "@workflow/child:9"])
def test_a_child_that_is_not_there(run: str) -> None:
    flows = Workflows(CHILD, parent("target_not_found: flo.Cancelled", run=run))
    run_id = flows.start()
    told = run.removeprefix("@workflow/")
    assert flows.run(run_id).terminal == "flo.Cancelled"
    assert flows.details(run_id, "child_not_found") == [told]
    assert flows.details(run_id, "step_completed") == [
        f"target_not_found: workflow '{told}' does not exist"
    ]


@pytest.mark.parametrize(
    ("run", "child"),
    [
        ("bill:ing", ("bill", "ing")),
        ("bill:ing:2", ("bill", "ing:2")),
        ("bill:ing:1", ("bill:ing", "1")),
        ("bill:night", ("bill:night", "3")),
        ("bill:night:3", ("bill:night", "3")),
        ("n" * 255 + ":1", ("n" * 255, "1")),
        ("n" * 253 + ":n", ("n" * 253 + ":n", "1")),
        (":".join("n" * 100), ("n:" * 99 + "n", "1")),
    ],
)
def test_names_and_versions_may_have_colons(run: str, child: tuple[str, str]) -> None:
    """A version that is there comes first, as it always did."""
    names = ("bill", "bill:ing", "bill:night", "n" * 255, "n" * 253 + ":n", "n:" * 99 + "n")
    versions = [("bill", "ing"), ("bill", "ing:2"), ("bill:ing", "2"), ("bill:night", "3")]
    versions += [(name, "1") for name in names if name not in ("bill", "bill:night")]
    flows = Workflows(parent("success: flo.Completed", run=f"@workflow/{run}"))
    for name, version in versions:
        assert not flows.sync(flow(ONE_WAY, name=f'"{name}"', version=version))[0].warnings
    [child_id] = flows.children(flows.start())
    found = flows.run(child_id)
    assert (found.workflow, found.version) == child


def test_a_name_with_a_colon_that_is_there_needs_no_warning() -> None:
    def codes(*there: str) -> list[str]:
        [result] = Workflows(*there).sync(parent("success: seen", run="@workflow/bill:night"))
        return [warning.code for warning in result.warnings]

    assert codes(flow(ONE_WAY, name="'bill:night'")) == ["W601"], "of the action alone"
    assert codes() == ["W602", "W601"]


def test_a_child_that_is_disabled() -> None:
    flows = Workflows(CHILD, parent("target_disabled: flo.Cancelled"))
    flows.enable(False, "child")
    run_id = flows.start()
    assert flows.run(run_id).terminal == "flo.Cancelled"
    assert flows.details(run_id, "step_completed") == [
        "target_disabled: workflow 'child' is disabled"
    ]


def test_a_child_that_is_disabled_meanwhile_goes_on() -> None:
    flows = Workflows(CHILD, parent("success: flo.Completed"))
    run_id = flows.start()
    flows.enable(False, "child")
    flows.do()
    assert flows.status(run_id) == "completed"


def test_a_child_is_not_looked_for_in_another_namespace() -> None:
    flows = Workflows(CHILD)
    other = Workflows(
        parent("target_not_found: flo.Cancelled"), engine=flows.engine, namespace="other"
    )
    assert other.run(other.start()).terminal == "flo.Cancelled"


# Its end


@pytest.mark.parametrize(
    ("said", "transitions", "terminal"),
    [
        ("success", "flo.Completed: flo.TimedOut, success: flo.Failed", "flo.TimedOut"),
        ("success", "success: flo.Completed", "flo.Completed"),
        ("good", "approved: flo.Cancelled, success: flo.Failed", "flo.Cancelled"),
        ("good", "success: flo.Completed, failure: flo.Failed", "flo.Completed"),
        ("rejected", "rejected: flo.Cancelled, failure: flo.Failed", "flo.Cancelled"),
        ("rejected", "success: flo.Completed, failure: flo.TimedOut", "flo.TimedOut"),
        ("failure", "flo.Failed: flo.Cancelled, failure: flo.Failed", "flo.Cancelled"),
        ("failure", "failure: flo.TimedOut", "flo.TimedOut"),
        ("gone", "flo.Cancelled: flo.TimedOut, failure: flo.Failed", "flo.TimedOut"),
        ("gone", "failure: flo.TimedOut", "flo.TimedOut"),
        ("late", "flo.TimedOut: flo.Cancelled, timeout: flo.Failed", "flo.Cancelled"),
        ("late", "failure: flo.Cancelled, timeout: flo.Failed", "flo.Cancelled"),
    ],
)
def test_the_outcome_is_the_terminal_and_falls_back(
    said: str, transitions: str, terminal: str
) -> None:
    flows = Workflows(CHILD, parent(transitions))
    run_id = flows.start()
    flows.do(outcome=said)
    assert flows.run(run_id).terminal == terminal


def test_a_terminal_that_leads_nowhere_fails_the_parent_and_is_named() -> None:
    flows = Workflows(CHILD, parent("success: flo.Completed"))
    run_id = flows.start()
    flows.do(outcome="rejected")
    error = flows.run(run_id).error or ""
    assert error.startswith("step 'start' has no transition for its outcome rejected: ")
    assert "step 'start' led to rejected" in error


def test_the_childs_output_is_the_steps() -> None:
    flows = Workflows(
        CHILD.replace("terminals:", "output: {wrapped: $.steps.start.output}\nterminals:"),
        parent("success: seen"),
        actions=("charge", "tell"),
    )
    flows.start()
    flows.do(output=5)
    assert flows.claim_one("tell").payload == (
        b'{"outcome":"flo.Completed","output":{"wrapped":5}}'
    )


def test_a_childs_end_and_its_parents_going_on_are_one_commit() -> None:
    flows = Workflows(CHILD, parent("success: flo.Completed"))
    run_id = flows.start()
    task = flows.claim_one()
    before = flows.engine.machine.index
    flows.complete(task)
    assert flows.engine.machine.index == before + 1
    assert flows.status(run_id) == "completed"
    [event] = [event for event in flows.history(run_id) if event.type == "child_completed"]
    assert (event.detail, event.run_id) == ("flo.Completed", flows.children(run_id)[0])


def test_a_child_that_ends_at_once() -> None:
    at_once = flow(
        'start: {run: "@actions/lost", waitForTargetMs: 0, transitions: {failure: flo.Completed}}',
        name="child",
    )
    flows = Workflows(at_once, parent("success: flo.Completed"))
    run_id = flows.start()
    assert flows.status(run_id) == "completed"
    assert flows.status(flows.children(run_id)[0]) == "completed"
    assert flows.types(run_id)[2:4] == ["awaiting_child", "child_completed"]


def test_a_child_that_fails_is_tried_again_as_a_new_run() -> None:
    more = "retry: {max_attempts: 2, initial_delay_ms: 10}"
    flows = Workflows(CHILD, parent("success: flo.Completed", more=more))
    run_id = flows.start()
    flows.break_down()
    assert flows.status(run_id) == "waiting"
    flows.advance(10)
    first, second = flows.children(run_id)
    flows.do()
    assert (flows.status(first), flows.status(second)) == ("failed", "completed")
    assert flows.status(run_id) == "completed"


def test_a_terminal_of_the_childs_own_that_the_parent_knows_is_not_tried_again() -> None:
    more = "retry: {max_attempts: 2, initial_delay_ms: 10}"
    flows = Workflows(CHILD, parent("rejected: flo.Cancelled", more=more))
    run_id = flows.start()
    flows.do(outcome="rejected")
    assert flows.run(run_id).terminal == "flo.Cancelled"


# Versions

VERSION_1 = flow(
    'start: {run: "@actions/one", transitions: {success: flo.Completed}}', name="child"
)
VERSION_2 = flow(
    'start: {run: "@actions/two", transitions: {success: flo.Completed}}', name="child", version="2"
)


@pytest.mark.parametrize(
    ("run", "action"),
    [("@workflow/child", "two"), ("@workflow/child:1", "one"), ("@workflow/child:2", "two")],
)
def test_which_version_a_child_runs(run: str, action: str) -> None:
    flows = Workflows(
        VERSION_1, VERSION_2, parent("success: flo.Completed", run=run), actions=("one", "two")
    )
    run_id = flows.start()
    flows.do(action)
    assert flows.status(run_id) == "completed"
    assert flows.run(flows.children(run_id)[0]).version == {"one": "1", "two": "2"}[action]


def test_a_child_stays_on_the_version_it_began_with() -> None:
    two_steps = flow(
        """
start: {run: "@actions/one", transitions: {success: again}}
steps:
  again: {run: "@actions/one", transitions: {success: flo.Completed}}
""",
        name="child",
    )
    flows = Workflows(two_steps, parent("success: flo.Completed"), actions=("one", "two"))
    run_id = flows.start()
    flows.sync(VERSION_2)
    flows.do("one")
    flows.do("one")
    assert flows.status(run_id) == "completed"
    flows.start()
    assert len(flows.claim("two")) == 1


# Cancelling


def test_cancelling_the_parent_cancels_the_whole_line() -> None:
    middle = flow(
        'start: {run: "@workflow/child", transitions: {success: flo.Completed}}', name="middle"
    )
    flows = Workflows(CHILD, middle, parent("success: flo.Completed", run="@workflow/middle"))
    run_id = flows.start()
    [middle_id] = flows.children(run_id)
    [child_id] = flows.children(middle_id)
    action_run_id = flows.last_action_run(child_id)
    flows.cancel(run_id, "enough")
    assert [flows.status(id) for id in (run_id, middle_id, child_id)] == ["cancelled"] * 3
    assert flows.run(run_id).error == "enough"
    assert flows.run(child_id).error == "its parent no longer waits for it"
    assert flows.engine.query(ActionStatus(action_run_id)).status == RunStatus.CANCELLED
    assert flows.types(run_id).count("child_completed") == 0


def test_cancelling_the_child_is_its_outcome() -> None:
    flows = Workflows(CHILD, parent("flo.Cancelled: seen"), actions=("charge", "tell"))
    run_id = flows.start()
    flows.cancel(flows.children(run_id)[0], "by hand")
    assert flows.step(run_id) == "seen"
    assert flows.details(run_id, "child_completed") == ["flo.Cancelled: by hand"]


def test_a_child_that_is_retried_after_its_parent_went_on_tells_nobody() -> None:
    flows = Workflows(CHILD, parent("failure: seen"), actions=("charge", "tell"))
    run_id = flows.start()
    [child_id] = flows.children(run_id)
    flows.break_down()
    assert flows.step(run_id) == "seen"
    flows.retry(child_id)
    types = flows.types(run_id)
    flows.do()
    assert (flows.status(child_id), flows.types(run_id)) == ("completed", types)


# Bounds


def test_workflows_go_32_deep_and_no_deeper() -> None:
    flows = Workflows(
        flow("""
start: {run: "@workflow/flow", transitions: {success: flo.Completed, execution_failure: wait}}
steps:
  wait: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    ids = [run_id]
    while flows.children(ids[-1]):
        ids += flows.children(ids[-1])
    assert len(ids) == DEPTH_MAX == 32
    assert flows.step(ids[-1]) == "wait"
    assert flows.details(ids[-1], "step_completed") == [
        "execution_failure: workflow 'flow' would be 33 deep; 32 are allowed"
    ]
    flows.signal(ids[-1], "x")
    assert {flows.status(id) for id in ids} == {"completed"}


def test_a_line_of_32_that_waits_ends_in_one_commit_when_the_root_is_cancelled() -> None:
    flows = Workflows(
        flow("""
start: {run: "@workflow/flow", transitions: {success: flo.Completed, execution_failure: wait}}
steps:
  wait: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    flows.cancel(run_id)
    assert len(flows.runs(status="cancelled")) == 32


@pytest.mark.parametrize(
    "transitions",
    [
        "failure: again",
        "failure: start",
        "failure: flo.Completed",
        "success: start, failure: start",
        "success: again, failure: again",
        "failure: flo.Failed",
    ],
)
def test_a_workflow_that_runs_itself_is_bounded(transitions: str) -> None:
    """However it goes on after its child: in one command, in a bounded number of runs."""
    flows = Workflows(
        flow(f"""
start: {{run: "@workflow/flow", transitions: {{{transitions}}}}}
steps:
  again: {{run: "@workflow/flow", transitions: {{{transitions}}}}}
""")
    )
    run_id = flows.start()
    assert flows.status(run_id) in ("completed", "failed")
    assert len(flows.runs()) <= HOPS_MAX + 1


def test_two_workflows_that_run_each_other_are_bounded() -> None:
    one = flow(
        'start: {run: "@workflow/two", transitions: {failure: start, success: start}}', name="one"
    )
    two = flow(
        'start: {run: "@workflow/one", transitions: {failure: start, success: start}}', name="two"
    )
    flows = Workflows(one, two)
    assert flows.status(flows.start(name="one")) == "failed"
    assert len(flows.runs()) <= HOPS_MAX + 1


def test_steps_without_waiting_are_counted_over_children_that_end_at_once() -> None:
    child = flow(
        'start: {run: "@actions/lost", waitForTargetMs: 0, transitions: {failure: flo.Completed}}',
        name="child",
    )
    flows = Workflows(child, flow('start: {run: "@workflow/child", transitions: {success: start}}'))
    run_id = flows.start()
    assert flows.status(run_id) == "failed"
    assert len(flows.path(run_id)) == HOPS_MAX // 2
    assert "256 steps" in (flows.run(run_id).error or "")


def test_steps_without_waiting_are_counted_over_children_that_waited_before() -> None:
    """A child that ends after a wait takes its parent on in the same command."""
    child = flow(
        """
start: {waitForSignal: {type: x}, transitions: {success: s0}}
steps:
"""
        + "".join(
            f'  s{n}: {{run: "@actions/lost", waitForTargetMs: 0, '
            f"transitions: {{failure: s{n + 1}}}}}\n"
            for n in range(200)
        )
        + '  s200: {run: "@actions/lost", waitForTargetMs: 0, '
        "transitions: {failure: flo.Completed}}\n",
        name="child",
    )
    flows = Workflows(
        child,
        flow("""
start: {run: "@workflow/child", transitions: {success: lost}}
steps:
  lost: {run: "@actions/lost", waitForTargetMs: 0, transitions: {failure: lost}}
"""),
    )
    run_id = flows.start()
    flows.signal(flows.children(run_id)[0], "x")
    assert flows.status(run_id) == "failed"
    assert flows.path(run_id).count("lost") == HOPS_MAX - 201
