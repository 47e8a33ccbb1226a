"""Taking definitions over: all or none, by content; looking at them; what is not there is told."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError, StorageFullError
from floruntime.core.workflow import (
    DefinitionInfo,
    Severity,
    SyncResult,
    WorkflowEnable,
    WorkflowGetDefinition,
    WorkflowListDefinitions,
    WorkflowSync,
    WorkflowValidate,
)
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow

NEWER = ONE_STEP.replace('"1"', '"2"')
OTHER_TEXT = ONE_STEP.replace("failure: flo.Failed", "failure: flo.Cancelled")


def text_of(flows: Workflows, name: str = "flow", version: str | None = None) -> str | None:
    data = flows.ask(WorkflowGetDefinition(name, version))
    return None if data is None else data.decode()


# What a sync does


def test_a_new_name_is_created() -> None:
    assert Workflows().sync(ONE_STEP) == [SyncResult("flow", "1", "created")]  # type: ignore[arg-type]  # its text


def test_the_description_is_told() -> None:
    [result] = Workflows().sync(f"{ONE_STEP}\ndescription: For people.\n")
    assert result.description == "For people."


def test_the_same_text_is_unchanged() -> None:
    flows = Workflows(ONE_STEP)
    rows = flows.engine.rows()
    [result] = flows.sync(ONE_STEP)
    assert (result.action, flows.engine.rows()) == ("unchanged", rows)


def test_the_same_said_in_other_words_is_unchanged() -> None:
    flows = Workflows(ONE_STEP)
    respelled = "# a comment\n" + ONE_STEP.replace('"1"', "'1'").replace(
        "transitions: {success: flo.Completed, failure: flo.Failed}",
        "transitions:\n    failure: flo.Failed\n    success: flo.Completed",
    )
    assert respelled != ONE_STEP
    assert flows.sync(respelled)[0].action == "unchanged"
    assert text_of(flows) == ONE_STEP


def test_a_new_version_is_an_update() -> None:
    flows = Workflows(ONE_STEP)
    [result] = flows.sync(NEWER)
    assert (result.action, result.version, text_of(flows)) == ("updated", "2", NEWER)


def test_the_same_version_with_another_content_conflicts() -> None:
    flows = Workflows(ONE_STEP)
    rows = flows.engine.rows()
    with pytest.raises(ConflictError, match="'1'"):
        flows.sync(OTHER_TEXT)
    assert flows.engine.rows() == rows


def test_an_older_version_said_again_is_unchanged_and_does_not_come_back() -> None:
    flows = Workflows(ONE_STEP, NEWER)
    assert flows.sync(ONE_STEP)[0].action == "unchanged"
    assert flows.run(flows.start()).version == "2"


def test_many_are_taken_over_in_one_commit_and_answered_in_order() -> None:
    flows = Workflows(ONE_STEP)
    others = [ONE_STEP.replace("name: flow", f"name: w{n}") for n in (3, 1, 2)]
    before = flows.engine.machine.index
    results = flows.sync(*others, ONE_STEP, NEWER)
    assert flows.engine.machine.index == before + 1
    assert [(one.name, one.version, one.action) for one in results] == [
        ("w3", "1", "created"),
        ("w1", "1", "created"),
        ("w2", "1", "created"),
        ("flow", "1", "unchanged"),
        ("flow", "2", "updated"),
    ]


def test_if_one_conflicts_none_is_taken_over() -> None:
    flows = Workflows(ONE_STEP)
    rows = flows.engine.rows()
    with pytest.raises(ConflictError):
        flows.sync(NEWER, ONE_STEP.replace("name: flow", "name: other"), OTHER_TEXT)
    assert flows.engine.rows() == rows


def test_if_one_is_wrong_none_is_taken_over_and_all_problems_are_told() -> None:
    flows = Workflows()
    rows = flows.engine.rows()
    wrong = ONE_STEP.replace("flo.Failed", "nowhere")
    with pytest.raises(BadRequestError, match="nowhere") as refused:
        flows.sync(ONE_STEP, wrong, "kind: [", wrong)
    problems = refused.value.problems
    assert flows.engine.rows() == rows
    assert refused.value.details["documents"] == [1, 2, 3]
    assert all(problem.line >= 1 and problem.code for problem in problems)


@pytest.mark.parametrize("count", [0, 1001])
def test_how_many_documents_one_sync_takes(count: int) -> None:
    flows = Workflows()
    with pytest.raises(BadRequestError, match="documents"):
        flows.tell(WorkflowSync([ONE_STEP.encode()] * count))


def test_nothing_is_taken_over_while_the_disk_is_nearly_full() -> None:
    flows = Workflows()
    outcome = flows.engine.outcome(WorkflowSync([ONE_STEP.encode()]), may_grow=False)
    assert isinstance(outcome.error, StorageFullError)


def test_a_sync_makes_its_namespace() -> None:
    flows = Workflows(ONE_STEP, namespace="fresh", actions=())
    assert flows.status(flows.start()) == "waiting"


@pytest.mark.parametrize("number", [2**64 - 1, -(2**63)])
def test_the_largest_numbers_of_a_definition_are_stored_exactly(number: int) -> None:
    """Larger ones are refused: writing them to a row would end the server."""
    json_text = f"output: '{{\"n\": {number}}}'"
    for version, output in (("1", f"output: {{n: {number}}}"), ("2", json_text)):
        flows = Workflows(ONE_STEP.replace('"1"', f'"{version}"') + f"\n{output}")
        flows.engine.reopen()
        run_id = flows.start()
        flows.do()
        assert flows.output(run_id) == {"n": number}


# Warnings


def test_what_is_not_there_yet_is_warned_of_where_it_is_named() -> None:
    document = flow("""
start:
  run: "@actions/lost"
  transitions: {success: child, failure: flo.Failed}
steps:
  child: {run: "@workflow/nobody", transitions: {success: known, failure: flo.Failed}}
  known: {run: "@actions/charge", transitions: {success: flo.Completed, failure: flo.Failed}}
""")
    flows = Workflows()
    [result] = flows.sync(document)
    told = [(one.code, one.severity, one.line, one.path) for one in result.warnings]
    assert told == [
        ("W601", Severity.WARNING, 6, "start.run"),
        ("W602", Severity.WARNING, 9, "steps.child.run"),
    ]
    assert "'lost'" in result.warnings[0].message
    assert flows.ask(WorkflowValidate(document.encode())) == result.warnings
    flows.register("lost")
    assert [one.code for one in flows.ask(WorkflowValidate(document.encode()))] == ["W602"]


def test_a_workflow_that_runs_itself_is_no_surprise() -> None:
    flows = Workflows()
    document = flow("""
start: {run: "@workflow/flow", transitions: {success: flo.Completed, failure: flo.Failed}}
""")
    assert flows.sync(document)[0].warnings == []


def test_an_action_that_was_deleted_is_warned_of() -> None:
    flows = Workflows(ONE_STEP)
    flows.delete_action("charge")
    assert [one.code for one in flows.ask(WorkflowValidate(ONE_STEP.encode()))] == ["W601"]


# Looking


def test_a_definition_is_given_back_as_it_was_synced() -> None:
    odd = "# mine\n" + ONE_STEP + "\n\n# the end ä\n"
    flows = Workflows(odd, NEWER)
    assert text_of(flows) == text_of(flows, version="2") == NEWER
    assert text_of(flows, version="1") == odd
    assert text_of(flows, version="3") is None
    assert text_of(flows, "other") is None


def test_definitions_are_listed_by_name_page_by_page() -> None:
    names = [f"w{n:02}" for n in range(25)]
    flows = Workflows(*(ONE_STEP.replace("name: flow", f"name: {name}") for name in names[::-1]))
    found: list[str] = []
    cursor = None
    while len(found) < 25:
        page = flows.ask(WorkflowListDefinitions(7, cursor))
        found += [info.name for info in page.items]
        cursor = page.cursor
    assert (found, cursor) == (names, None)
    with pytest.raises(BadRequestError, match="cursor"):
        flows.ask(WorkflowListDefinitions(7, "garbled"))
    with pytest.raises(BadRequestError, match="limit"):
        flows.ask(WorkflowListDefinitions(0))


def test_what_a_listing_says_of_a_definition() -> None:
    flows = Workflows(ONE_STEP + "\ndescription: charges")
    began_ms = flows.now_ms
    assert flows.ask(WorkflowListDefinitions()).items == [
        DefinitionInfo("flow", "1", True, began_ms, "charges")
    ]
    flows.advance(5)
    flows.sync(NEWER)
    assert flows.tell(WorkflowEnable("flow", False)) == DefinitionInfo(
        "flow", "2", False, began_ms + 5, None
    )
    assert flows.ask(WorkflowListDefinitions()).items[0].enabled is False


def test_an_unknown_workflow_cannot_be_disabled() -> None:
    with pytest.raises(NotFoundError, match="other"):
        Workflows(ONE_STEP).enable(False, "other")


def test_disabling_twice_changes_nothing_the_second_time() -> None:
    flows = Workflows(ONE_STEP)
    flows.enable(False)
    rows = flows.engine.rows()
    flows.enable(False)
    assert flows.engine.rows() == rows


def test_disabling_goes_on_while_the_disk_is_nearly_full() -> None:
    flows = Workflows(ONE_STEP)
    assert flows.engine.outcome(WorkflowEnable("flow", False), may_grow=False).error is None


@pytest.mark.parametrize("past", [0, 1])
def test_how_many_bytes_one_sync_takes(past: int) -> None:
    documents = [
        flow(ONE_STEP.partition('version: "1"')[2] + "#" * 200_000, name=f"flow-{number}")
        for number in range(limits.SYNC_BYTES_MAX // 201_000)
    ]
    left_bytes = limits.SYNC_BYTES_MAX + past - sum(map(len, documents))
    last = flow(ONE_STEP.partition('version: "1"')[2], name="last")
    documents.append(last + "#" * (left_bytes - len(last)))
    flows = Workflows()
    if past:
        with pytest.raises(BadRequestError, match=str(limits.SYNC_BYTES_MAX)):
            flows.sync(*documents)
    else:
        assert len(flows.sync(*documents)) == len(documents)
