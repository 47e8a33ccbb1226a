"""Starting runs: input, ids, versions, keys as the definition wants them, disabling."""

from __future__ import annotations

import json

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError, StorageFullError
from floruntime.core.system import NamespaceList
from floruntime.core.workflow import WorkflowStart, WorkflowStarted
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow

NEWER = ONE_STEP.replace('"1"', '"2"')


def test_a_run_begins_its_first_step_in_the_same_commit() -> None:
    flows = Workflows(ONE_STEP)
    before = flows.engine.machine.index
    run_id = flows.start()
    assert flows.engine.machine.index == before + 1
    assert flows.types(run_id) == ["workflow_started", "step_started", "awaiting_action"]


def test_a_made_id_says_what_it_is_and_is_never_used_again() -> None:
    flows = Workflows(ONE_STEP)
    run_ids = [flows.start() for _ in range(5)]
    assert len(set(run_ids)) == 5
    assert all(run_id.startswith("wfrun-") for run_id in run_ids)


def test_an_unknown_workflow_is_not_found() -> None:
    flows = Workflows(ONE_STEP)
    with pytest.raises(NotFoundError, match="other"):
        flows.start(name="other")


def test_a_refused_start_makes_no_namespace() -> None:
    flows = Workflows()
    rows = flows.engine.rows()
    with pytest.raises(NotFoundError):
        Workflows(engine=flows.engine, namespace="fresh", actions=()).start()
    assert flows.engine.rows() == rows
    assert [info.name for info in flows.ask(NamespaceList()).items] == ["default"]


# Input


@pytest.mark.parametrize(
    "text", [b"null", b" 1 ", b'"\\ud800"', b"[1e300]", b'{"a":{}}', b"\xc3\xa4"[:0] + b"{}"]
)
def test_the_input_is_json_and_is_kept_as_it_was_given(text: bytes) -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.tell(WorkflowStart("flow", text)).run_id
    assert flows.run(run_id).input == text
    assert flows.details(run_id, "workflow_started") == [text.decode()]


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff", b"NaN", b"1e999", b"[" * 201 + b"]" * 201, b"{} {}", b"undefined"]
)
def test_an_input_that_is_no_json_is_refused(text: bytes) -> None:
    flows = Workflows(ONE_STEP)
    with pytest.raises(BadRequestError, match="input"):
        flows.tell(WorkflowStart("flow", text))


def test_the_size_of_the_input() -> None:
    flows = Workflows(ONE_STEP)
    largest = b'"%b"' % (b"x" * (limits.VALUE_BYTES_DEFAULT - 2))
    run_id = flows.tell(WorkflowStart("flow", largest)).run_id
    assert flows.run(run_id).input == largest
    with pytest.raises(BadRequestError, match="input"):
        flows.tell(WorkflowStart("flow", largest + b" "))


def test_a_large_input_is_told_by_its_size_in_the_history() -> None:
    flows = Workflows(ONE_STEP)
    for size, told in ((1024, '"' + "x" * 1022 + '"'), (1025, "1025 bytes of input")):
        run_id = flows.start("x" * (size - 2))
        assert flows.details(run_id, "workflow_started") == [told]


# Ids


def test_a_run_id_of_ones_own() -> None:
    flows = Workflows(ONE_STEP)
    assert flows.start(run_id="order-1") == "order-1"
    assert flows.run("order-1").run_id == "order-1"
    flows.do()
    assert flows.status("order-1") == "completed"


def test_a_run_id_that_is_used_already_conflicts() -> None:
    flows = Workflows(ONE_STEP, ONE_STEP.replace("name: flow", "name: other"))
    flows.start(run_id="order-1")
    with pytest.raises(ConflictError, match="order-1"):
        flows.start(run_id="order-1")
    with pytest.raises(ConflictError, match="order-1"):
        flows.start(run_id="order-1", name="other")
    flows.do()
    with pytest.raises(ConflictError, match="order-1"):
        flows.start(run_id="order-1")


def test_a_made_id_that_somebody_wants_again_conflicts() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    with pytest.raises(ConflictError, match=run_id):
        flows.start(run_id=run_id)


def test_an_id_that_looks_like_a_made_one_is_kept_clear_of() -> None:
    flows = Workflows(ONE_STEP)
    made = int(flows.start().removeprefix("wfrun-"))
    taken = [f"wfrun-{number}" for number in range(made + 150, made + 190)]
    for run_id in taken:
        assert flows.start("taken", run_id=run_id) == run_id
    fresh = [flows.start("fresh") for _ in range(80)]
    assert not set(fresh) & set(taken)
    numbers = [int(run_id.removeprefix("wfrun-")) for run_id in fresh]
    assert numbers[0] < made + 150 < made + 190 <= numbers[-1]
    for run_id in taken:
        assert flows.run(run_id).input == b'"taken"'
    for run_id in fresh:
        assert flows.run(run_id).input == b'"fresh"'


@pytest.mark.parametrize("run_id", ["wfrun-007", "wfrun-0", "wfrun-99999999999999999999", "run-1"])
def test_other_ids_that_look_nearly_so_are_ordinary(run_id: str) -> None:
    flows = Workflows(ONE_STEP)
    assert flows.start(run_id=run_id) == run_id
    assert flows.run(run_id).run_id == run_id


@pytest.mark.parametrize(
    ("run_id", "is_right"), [("r" * 255, True), ("r" * 256, False), ("", False), ("\x7f", False)]
)
def test_the_length_of_a_run_id(run_id: str, is_right: bool) -> None:
    flows = Workflows(ONE_STEP)
    if is_right:
        assert flows.start(run_id=run_id) == run_id
    else:
        with pytest.raises(BadRequestError, match="run_id"):
            flows.start(run_id=run_id)


# Versions


def test_a_run_is_of_the_current_version_unless_told() -> None:
    flows = Workflows(ONE_STEP, NEWER)
    assert flows.run(flows.start()).version == "2"
    assert flows.run(flows.start(version="1")).version == "1"
    assert flows.run(flows.start(version="2")).version == "2"


def test_an_unknown_version_is_not_found() -> None:
    flows = Workflows(ONE_STEP)
    with pytest.raises(NotFoundError, match="'3'"):
        flows.start(version="3")


def test_a_run_stays_on_its_version() -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {success: second}}
steps:
  second: {run: "@actions/charge", transitions: {success: flo.Completed}}
"""),
    )
    run_id = flows.start()
    flows.sync(NEWER)
    flows.do()
    assert flows.step(run_id) == "second"
    flows.do()
    assert (flows.status(run_id), flows.run(run_id).version) == ("completed", "1")


# Keys, as the definition wants them


@pytest.mark.parametrize(
    ("rule", "without", "with_key"),
    [
        ("", True, False),
        ("idempotency: none", True, False),
        ("idempotency: optional", True, True),
        ("idempotency: required", False, True),
    ],
)
def test_whether_a_start_takes_a_key(rule: str, without: bool, with_key: bool) -> None:
    flows = Workflows(f"{ONE_STEP}\n{rule}")
    for is_right, key in ((without, None), (with_key, "k")):
        if is_right:
            flows.start(idempotency_key=key)
        else:
            with pytest.raises(BadRequestError, match="idempotency_key"):
                flows.start(idempotency_key=key)


def test_the_rule_is_that_of_the_version_that_is_started() -> None:
    flows = Workflows(f"{ONE_STEP}\nidempotency: required", NEWER)
    flows.start()
    flows.start(version="1", idempotency_key="k")
    with pytest.raises(BadRequestError, match="idempotency_key"):
        flows.start(version="1")


# Disabling


def test_a_disabled_workflow_starts_nothing_and_its_runs_go_on() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    flows.enable(False)
    with pytest.raises(ConflictError, match="disabled"):
        flows.start()
    flows.do()
    assert flows.status(run_id) == "completed"
    flows.enable(True)
    assert flows.status(flows.start()) == "running"


def test_a_new_version_does_not_enable() -> None:
    flows = Workflows(ONE_STEP)
    flows.enable(False)
    flows.sync(NEWER)
    with pytest.raises(ConflictError, match="disabled"):
        flows.start()


def test_nothing_starts_while_the_disk_is_nearly_full() -> None:
    flows = Workflows(ONE_STEP)
    outcome = flows.engine.outcome(WorkflowStart("flow"), may_grow=False)
    assert isinstance(outcome.error, StorageFullError)


def test_what_a_start_answers() -> None:
    flows = Workflows(ONE_STEP + "\nidempotency: optional")
    command = WorkflowStart("flow", json.dumps({"a": 1}).encode(), None, "k", "mine")
    assert flows.tell(command) == WorkflowStarted("mine", True)
    assert flows.tell(command) == WorkflowStarted("mine", False)
