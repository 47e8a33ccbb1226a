"""Batches with commands of workflows: all of them or none."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import ActionInvoke
from floruntime.core.errors import ConflictError, FloError, NotFoundError, StorageFullError
from floruntime.core.kv import KvGet, KvPut
from floruntime.core.queue import QueueAck
from floruntime.core.stream import StreamAppend
from floruntime.core.system import Batch
from floruntime.core.worker import WorkerComplete
from floruntime.core.workflow import WorkflowCancel, WorkflowSignal, WorkflowStart
from tests.engine.workflow.calls import ONE_STEP, WORKER, Workflows, flow

WAIT = flow("start: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}", name="wait")


def test_what_one_batch_does_is_one_commit_with_answers_in_order() -> None:
    flows = Workflows(ONE_STEP, WAIT)
    waiting_id, other_id = flows.start(name="wait"), flows.start()
    task = flows.claim_one()
    before = flows.engine.machine.index
    results = flows.tell(
        Batch(
            [
                KvPut("a", b"1"),
                WorkflowStart("flow", b"7", run_id="fresh"),
                WorkflowSignal(waiting_id, "x", b"5"),
                WorkerComplete(WORKER, task.run_id, task.lease, b"8"),
                WorkflowStart("wait", b"null", run_id="gone"),
                WorkflowCancel("gone", "again"),
            ]
        )
    )
    assert flows.engine.machine.index == before + 1
    assert results[1].run_id == "fresh"
    assert [result.status for result in (results[5],)] == ["cancelled"]
    assert (flows.status("fresh"), flows.output(waiting_id), flows.output(other_id)) == (
        "running",
        5,
        8,
    )


def test_a_later_command_sees_what_an_earlier_one_did() -> None:
    flows = Workflows(WAIT)
    flows.tell(
        Batch(
            [
                WorkflowStart("wait", b"null", run_id="r"),
                WorkflowSignal("r", "y", b"1"),
                WorkflowSignal("r", "x", b"2"),
            ]
        )
    )
    assert flows.output("r") == 2


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (WorkflowStart("unknown"), NotFoundError),
        (WorkflowStart("flow", run_id="taken"), ConflictError),
        (WorkflowSignal("unknown", "x"), NotFoundError),
        (WorkflowSignal("done", "x"), ConflictError),
        (WorkflowCancel("done"), ConflictError),
        (KvPut("a", b"2", cas_version=9), ConflictError),
        (WorkerComplete(WORKER, "run-999", 1), NotFoundError),
    ],
)
def test_if_one_is_refused_none_has_happened(command: Any, error: type[FloError]) -> None:
    flows = Workflows(ONE_STEP, WAIT)
    flows.start(run_id="done")
    flows.do()
    flows.start(run_id="taken")
    waiting_id = flows.start(name="wait")
    rows = flows.engine.rows()
    members = [
        KvPut("a", b"1"),
        StreamAppend("events", [b"1"]),
        WorkflowStart("flow", b"1"),
        WorkflowSignal(waiting_id, "x"),
        ActionInvoke("charge"),
        command,
        WorkflowCancel("taken"),
    ]
    with pytest.raises(error) as refused:
        flows.tell(Batch(members))
    assert refused.value.index == 5
    assert flows.engine.rows() == rows
    assert flows.start(name="wait").startswith("wfrun-")


def test_a_stale_lease_refuses_the_batch_of_a_worker() -> None:
    flows = Workflows(ONE_STEP, timeout_ms=1000)
    run_id = flows.start()
    task = flows.claim_one()
    flows.advance(1000)
    with pytest.raises(ConflictError):
        flows.tell(Batch([KvPut("a", b"1"), WorkerComplete(WORKER, task.run_id, task.lease)]))
    assert flows.ask(KvGet("a")) is None
    assert flows.status(run_id) == "failed"


def test_many_starts_in_one_batch() -> None:
    flows = Workflows(ONE_STEP)
    results = flows.tell(Batch([WorkflowStart("flow", b"%d" % n) for n in range(1000)]))
    run_ids = [result.run_id for result in results]
    assert len(set(run_ids)) == 1000
    assert flows.runs() == run_ids[::-1]


def test_the_same_key_twice_in_one_batch_is_one_run() -> None:
    flows = Workflows(ONE_STEP + "\nidempotency: optional")
    one, two = flows.tell(Batch([WorkflowStart("flow", b"1", None, "k")] * 2))
    assert (one.run_id, one.created, two.created) == (two.run_id, True, False)


def test_what_grows_is_refused_on_a_full_disk_within_a_batch_too() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    outcome = flows.engine.outcome(
        Batch([WorkflowCancel(run_id), WorkflowStart("flow")]), may_grow=False
    )
    assert isinstance(outcome.error, StorageFullError)
    assert flows.status(run_id) == "running"
    assert flows.engine.outcome(Batch([WorkflowCancel(run_id)]), may_grow=False).error is None


def test_a_refused_queue_ack_keeps_a_start_from_happening() -> None:
    flows = Workflows(ONE_STEP)
    with pytest.raises(FloError):
        flows.tell(Batch([WorkflowStart("flow", run_id="r"), QueueAck("none", [1], [1])]))
    assert flows.runs() == []
