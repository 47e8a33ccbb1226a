"""Which versions stay: the last 20, and each that a run is on."""

from __future__ import annotations

import pytest

from floruntime.core.errors import NotFoundError
from floruntime.core.workflow import WorkflowGetDefinition, WorkflowListVersions, WorkflowUse
from tests.engine.workflow.calls import ONE_STEP, Workflows

DAY_MS = 24 * 3_600_000


def version(number: int) -> str:
    return ONE_STEP.replace('"1"', f'"v{number}"')


def kept(flows: Workflows, last: int) -> list[int]:
    """The versions, among those up to `last`, that can still be had."""
    return [
        number
        for number in range(1, last + 1)
        if flows.ask(WorkflowGetDefinition("flow", f"v{number}")) is not None
    ]


def test_the_last_20_versions_are_kept() -> None:
    flows = Workflows()
    for number in range(1, 31):
        flows.sync(version(number))
        assert kept(flows, number) == list(range(max(1, number - 19), number + 1))
    with pytest.raises(NotFoundError):
        flows.start(version="v10")
    assert flows.run(flows.start(version="v11")).version == "v11"


def test_versions_are_listed_the_last_synced_first() -> None:
    flows = Workflows()
    with pytest.raises(NotFoundError, match="does not exist"):
        flows.ask(WorkflowListVersions("flow"))
    for number in (1, 2, 3):
        flows.sync(version(number))
    flows.tell(WorkflowUse("flow", "v2"))
    page = flows.ask(WorkflowListVersions("flow", 2))
    assert [(each.version, each.current) for each in page.items] == [("v3", False), ("v2", True)]
    rest = flows.ask(WorkflowListVersions("flow", 2, page.cursor))
    assert [(each.version, each.current) for each in rest.items] == [("v1", False)]
    assert rest.cursor is None


def test_a_version_stays_while_a_run_is_on_it() -> None:
    flows = Workflows(version(1))
    run_id = flows.start()
    for number in range(2, 31):
        flows.sync(version(number))
    assert kept(flows, 30) == [1, *range(11, 31)]
    assert flows.run(run_id).version == "v1"
    flows.do()
    assert flows.status(run_id) == "completed"
    assert kept(flows, 30)[0] == 1  # it can still be looked at, and retried if it failed
    flows.advance(30 * DAY_MS)
    assert kept(flows, 30) == list(range(11, 31))


def test_a_version_stays_for_the_last_of_its_runs() -> None:
    flows = Workflows(version(1))
    flows.start()
    flows.do()
    flows.advance(10 * DAY_MS)
    flows.start()
    for number in range(2, 25):
        flows.sync(version(number))
    flows.do()
    flows.advance(20 * DAY_MS)
    assert 1 in kept(flows, 24)
    flows.advance(10 * DAY_MS)
    assert 1 not in kept(flows, 24)


def test_a_version_that_was_let_go_can_be_synced_anew() -> None:
    flows = Workflows()
    for number in range(1, 22):
        flows.sync(version(number))
    assert 1 not in kept(flows, 21)
    [result] = flows.sync(version(1).replace("flo.Failed", "flo.Cancelled"))
    assert result.action == "updated"
    assert flows.run(flows.start()).version == "v1"


def test_versions_of_workflows_do_not_count_together() -> None:
    flows = Workflows()
    for number in range(1, 16):
        flows.sync(version(number), version(number).replace("name: flow", "name: other"))
    assert kept(flows, 15) == list(range(1, 16))


def test_versions_are_texts_not_numbers() -> None:
    flows = Workflows()
    for text in ("10", "9", "1.0", "ä b", "1"):
        assert flows.sync(ONE_STEP.replace('"1"', f'"{text}"'))[0].version == text
    assert flows.run(flows.start()).version == "1"
    assert flows.run(flows.start(version="9")).version == "9"


def test_an_older_version_can_be_made_current_again() -> None:
    flows = Workflows(version(1))
    before = flows.start()
    flows.sync(version(2))
    info = flows.tell(WorkflowUse("flow", "v1"))
    assert (info.name, info.version) == ("flow", "v1")
    assert flows.run(flows.start()).version == "v1"
    assert flows.run(flows.start(version="v2")).version == "v2"
    flows.sync(version(2))
    assert flows.run(flows.start()).version == "v1", "a text that is known changes nothing"
    flows.sync(version(3))
    assert flows.run(flows.start()).version == "v3"
    assert flows.run(before).version == "v1"
    for name, wanted in (("flow", "v9"), ("other", "v1")):
        with pytest.raises(NotFoundError):
            flows.tell(WorkflowUse(name, wanted))
