"""Idempotency keys of workflows: one run for each key, until 24 hours after that run has ended."""

from __future__ import annotations

from typing import Any

from floruntime.core import limits
from floruntime.core.errors import ConflictError
from floruntime.engine.state.large_documents import read_document
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.runs.rows import (
    WORKFLOW_INPUT,
    WORKFLOW_KEY,
    WORKFLOW_RUN,
    WorkflowKeyRow,
)
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, workflow_run_id
from floruntime.engine.workflow.runs.workflows import OpenWorkflow


def key_of(workflow_id: int, idempotency_key: str) -> bytes:
    """Where the row of an idempotency key lies."""
    return WORKFLOW_KEY.key(workflow_id, tail=limits.check_name("idempotency_key", idempotency_key))


def run_of(workflow: OpenWorkflow, idempotency_key: str, input: bytes) -> str | None:
    """The id of the run that this key stands for. Raises `ConflictError` for another input."""
    tx, of_namespace_id = workflow.tx, namespace_id(workflow.tx)
    known = tx.get(WORKFLOW_KEY, key_of(workflow.id, idempotency_key))
    if known is None or 0 < known.expires_at_ms <= tx.now_ms:
        return None
    row = tx.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, known.number))
    assert row is not None, "a run is kept longer than its key"
    run_id = workflow_run_id(known.number, row)
    if read_document(tx, WORKFLOW_INPUT, of_namespace_id, known.number, row.input) != input:
        raise ConflictError(
            f"idempotency_key {limits.shown(idempotency_key)} was used for run {run_id}, "
            "which has another input; use another key"
        )
    return run_id


def remember(run: OpenWorkflowRun) -> None:
    """From now on the run's key stands for it."""
    key = run.row.idempotency_key
    assert key is not None, "the run has a key"
    run.tx.put(WORKFLOW_KEY, key_of(run.row.workflow_id, key), WorkflowKeyRow(run.number, 0))


def run_ended(run: OpenWorkflowRun) -> None:
    """The run has ended: its key, if it still stands for it, is kept for a while."""
    row, tx = run.row, run.tx
    if row.idempotency_key is None:
        return
    key = key_of(row.workflow_id, row.idempotency_key)
    known = tx.get(WORKFLOW_KEY, key)
    if known is None or known.number != run.number:
        return  # the run was retried after somebody else had taken the key
    expires_at_ms = tx.now_ms + limits.IDEMPOTENCY_MS
    tx.put(WORKFLOW_KEY, key, WorkflowKeyRow(run.number, expires_at_ms))
    timers.set_timer(
        tx, expires_at_ms, timers.WORKFLOW_KEY, row.workflow_id, run.number, row.idempotency_key
    )


def run_begun_again(run: OpenWorkflowRun) -> None:
    """The run goes on: its key, if it still stands for it, does so for longer."""
    if run.row.idempotency_key is None:
        return
    known = run.tx.get(WORKFLOW_KEY, key_of(run.row.workflow_id, run.row.idempotency_key))
    if known is None or known.number == run.number:
        remember(run)


def drop_key(run: OpenWorkflowRun) -> None:
    """The run is about to be deleted: its key, if it still stands for it, goes first."""
    if run.row.idempotency_key is None:
        return
    key = key_of(run.row.workflow_id, run.row.idempotency_key)
    known = run.tx.get(WORKFLOW_KEY, key)
    if known is not None and known.number == run.number:
        run.tx.delete(WORKFLOW_KEY, key)


def forget_key(tx: Tx, due_ms: int, workflow_id: int, number: int, data: Any) -> None:
    """Drop the key, unless its run was retried meanwhile and has it still, or again."""
    key = key_of(workflow_id, data)
    row = tx.get(WORKFLOW_KEY, key)
    if row is not None and row.number == number and 0 < row.expires_at_ms <= tx.now_ms:
        tx.delete(WORKFLOW_KEY, key)
