"""What a sync would do, said beforehand: the same as it then does."""

from __future__ import annotations

import pytest

from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.workflow import SyncResult, WorkflowSyncPreview, WorkflowValidate
from tests.engine.workflow.calls import ONE_STEP, Workflows

CHANGED = ONE_STEP.replace("flo.Failed", "flo.Cancelled")
NEXT = CHANGED.replace('version: "1"', 'version: "2"')
OTHER = ONE_STEP.replace("name: flow", "name: other")


def foreseen(flows: Workflows, *documents: str) -> list[SyncResult]:
    return flows.ask(WorkflowSyncPreview([document.encode() for document in documents]))


def test_each_action_is_foreseen_and_nothing_is_done() -> None:
    flows = Workflows(ONE_STEP)
    before = flows.engine.rows()
    created, updated, unchanged, refused = foreseen(
        flows, OTHER, NEXT, "# again\n" + ONE_STEP, CHANGED
    )
    assert (created.action, created.current) == ("created", None)
    assert (updated.action, updated.current) == ("updated", ONE_STEP)
    assert (unchanged.action, unchanged.current) == ("unchanged", None)
    assert (refused.action, refused.current) == ("refused", ONE_STEP)
    assert refused.refusal is not None
    assert "has a version '1' with another content" in refused.refusal
    assert flows.engine.rows() == before


def test_those_before_count_as_taken() -> None:
    flows = Workflows()
    actions = [each.action for each in foreseen(flows, ONE_STEP, ONE_STEP, NEXT, CHANGED)]
    assert actions == ["created", "unchanged", "updated", "refused"]
    assert [each.action for each in flows.sync(ONE_STEP, ONE_STEP, NEXT)] == actions[:3]
    with pytest.raises(ConflictError):
        flows.sync(CHANGED)


def test_what_is_not_valid_is_refused_as_by_the_sync() -> None:
    flows = Workflows()
    with pytest.raises(BadRequestError) as error:
        foreseen(flows, ONE_STEP, "kind: Workflow")
    assert error.value.details["documents"] == [1] * len(error.value.problems)


def test_warnings_are_those_of_the_sync() -> None:
    flows = Workflows(actions=())
    [result] = foreseen(flows, ONE_STEP)
    assert [warning.code for warning in result.warnings] == ["W601"]
    assert flows.sync(ONE_STEP)[0].warnings == result.warnings


def test_validate_knows_a_version_with_another_content() -> None:
    flows = Workflows(ONE_STEP)
    [problem] = flows.ask(WorkflowValidate(CHANGED.encode()))
    assert (problem.code, problem.severity, problem.path) == ("E306", "error", "version")
    assert (problem.line, problem.column) == (4, 10)
    for document in (ONE_STEP, NEXT, OTHER):
        assert flows.ask(WorkflowValidate(document.encode())) == []
