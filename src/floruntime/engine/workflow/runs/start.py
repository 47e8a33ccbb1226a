"""Starting runs: by a caller, a schedule, a trigger, or a parent."""

from __future__ import annotations

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.workflow import WorkflowStart, WorkflowStarted
from floruntime.engine.state.json_document import load_input
from floruntime.engine.state.large_documents import keep_document
from floruntime.engine.state.tx import Tx
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.language.definition import Definition, Idempotency
from floruntime.engine.workflow.runs import idempotency
from floruntime.engine.workflow.runs.advance import begin
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import (
    EVENT_SOURCE,
    WORKFLOW_INPUT,
    WORKFLOW_RUN_ID,
    Origin,
    WorkflowRunRow,
    WorkflowRunStatus,
)
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, made_id, workflow_run_number
from floruntime.engine.workflow.runs.search import set_attributes
from floruntime.engine.workflow.runs.workflows import OpenWorkflow, find_version, the_workflow

INPUT_SHOWN_BYTES_MAX = 1_024
"""An input up to this size is shown in the history's first event, a larger one by its size."""


def start(tx: Tx, request: WorkflowStart) -> WorkflowStarted:
    _check(tx, request)
    workflow = the_workflow(tx, request.name)
    if not workflow.row.enabled:
        raise ConflictError(f"workflow {request.name!r} is disabled; enable it to start it")
    number = _version_wanted(workflow, request)
    _check_key(workflow, workflow.definition(number).definition, request)
    if request.idempotency_key is not None:
        known = idempotency.run_of(workflow, request.idempotency_key, request.input)
        if known is not None:
            return WorkflowStarted(known, False)
    if request.run_id is not None and workflow_run_number(tx, namespace_id(tx), request.run_id):
        raise ConflictError(f"run_id {limits.shown(request.run_id)} is used already")
    run = begin_run(
        workflow,
        number,
        request.input,
        run_id=request.run_id,
        idempotency_key=request.idempotency_key,
        traceparent=request.traceparent,
    )
    return WorkflowStarted(run.id, True)


def _check(tx: Tx, request: WorkflowStart) -> None:
    limits.check_value("input", request.input, tx.value_bytes_max)
    load_input("input", request.input)
    limits.check_traceparent(request.traceparent)
    if request.run_id is not None:
        limits.check_name("run_id", request.run_id)
    if request.idempotency_key is not None:
        limits.check_name("idempotency_key", request.idempotency_key)


def _version_wanted(workflow: OpenWorkflow, request: WorkflowStart) -> int:
    if request.version is None:
        return workflow.row.current
    number = find_version(workflow.tx, workflow.id, request.version)
    if number is None:
        raise NotFoundError(
            f"workflow {request.name!r} has no version {limits.shown(request.version)}"
        )
    return number


def _check_key(workflow: OpenWorkflow, definition: Definition, request: WorkflowStart) -> None:
    key, rule = request.idempotency_key, definition.idempotency
    if key is None and rule is Idempotency.REQUIRED:
        raise BadRequestError(
            f"workflow {workflow.name!r} needs an idempotency_key with each start"
        )
    if key is not None and rule is Idempotency.NONE:
        raise BadRequestError(
            f"workflow {workflow.name!r} takes no idempotency_key; its definition would have to "
            "say `idempotency: optional`"
        )


def begin_run(
    workflow: OpenWorkflow,
    definition: int,
    input: bytes,
    *,
    run_id: str | None = None,
    idempotency_key: str | None = None,
    origin: Origin = Origin.CALLER,
    parent: int = 0,
    parent_run: int = 0,
    depth: int = 1,
    hops: int = 0,
    key_base: str | None = None,
    event_source: bytes | None = None,
    traceparent: str | None = None,
) -> OpenWorkflowRun:
    """Make a run and let it go as far as it goes at once. `run_id`, if given, is a free one."""
    run = new_run(
        workflow,
        definition,
        input,
        run_id=run_id,
        idempotency_key=idempotency_key,
        origin=origin,
        parent=parent,
        parent_run=parent_run,
        depth=depth,
        hops=hops,
        key_base=key_base,
        traceparent=traceparent,
    )
    tx = run.tx
    if event_source is not None:
        tx.put(EVENT_SOURCE, EVENT_SOURCE.key(run.namespace_id, run.number), event_source)
    run.note(Event.WORKFLOW_STARTED, input_shown(input))
    set_attributes(run, is_start=True)
    begin(run)
    return run


def new_run(
    workflow: OpenWorkflow,
    definition: int,
    input: bytes,
    *,
    run_id: str | None = None,
    idempotency_key: str | None = None,
    origin: Origin = Origin.CALLER,
    parent: int = 0,
    parent_run: int = 0,
    depth: int = 1,
    hops: int = 0,
    key_base: str | None = None,
    traceparent: str | None = None,
) -> OpenWorkflowRun:
    """Make a run that has not begun."""
    tx, of_namespace_id = workflow.tx, namespace_id(workflow.tx)
    number = _free_number(tx, of_namespace_id)
    row = WorkflowRunRow(
        workflow.id, definition, WorkflowRunStatus.PENDING, tx.now_ms, run_id, origin, parent, depth
    )
    row.idempotency_key, row.hops, row.key_base = idempotency_key, hops, key_base
    row.parent_run, row.traceparent = parent_run, traceparent
    run = OpenWorkflowRun(workflow, of_namespace_id, number, row, is_new=True)
    row.input = keep_document(tx, WORKFLOW_INPUT, of_namespace_id, number, input)
    if run_id is not None:
        tx.put(WORKFLOW_RUN_ID, WORKFLOW_RUN_ID.key(of_namespace_id, tail=run_id.encode()), number)
    if idempotency_key is not None:
        idempotency.remember(run)
    workflow.count_use(definition, 1)
    return run


def _free_number(tx: Tx, of_namespace_id: int) -> int:
    """The next number whose id nobody has given to a run of theirs."""
    while True:
        number = tx.next_id()
        tail = made_id(number).encode()
        if tx.get(WORKFLOW_RUN_ID, WORKFLOW_RUN_ID.key(of_namespace_id, tail=tail)) is None:
            return number


def input_shown(input: bytes) -> str:
    """The input as a history's first event shows it."""
    if len(input) <= INPUT_SHOWN_BYTES_MAX:
        return input.decode(errors="replace")
    return f"{len(input)} bytes of input"
