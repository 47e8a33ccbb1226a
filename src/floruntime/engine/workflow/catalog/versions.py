"""Versions of a workflow: storing them.

A version is one text. Its content hash tells whether a later sync has the same content, however it
is written.
"""

from __future__ import annotations

from floruntime.core.errors import ConflictError, NotFoundError
from floruntime.core.limits import shown
from floruntime.core.workflow import SyncAction
from floruntime.engine.state.tx import Tx
from floruntime.engine.system.namespaces import ensure_namespace
from floruntime.engine.workflow.catalog.schedules import apply_schedule
from floruntime.engine.workflow.catalog.triggers import apply_trigger
from floruntime.engine.workflow.language.definition import Definition
from floruntime.engine.workflow.language.path_rules import steps_read_by
from floruntime.engine.workflow.runs.hooks import hooks_of
from floruntime.engine.workflow.runs.old_versions import let_go
from floruntime.engine.workflow.runs.rows import (
    DEFINITION,
    DEFINITION_TEXT,
    VERSION,
    WORKFLOW,
    WORKFLOW_NAME,
    DefinitionRow,
    WorkflowNameRow,
    WorkflowRow,
)
from floruntime.engine.workflow.runs.workflows import (
    OpenWorkflow,
    find_version,
    find_workflow,
    the_definition,
    workflow_key,
)


def take_over(tx: Tx, definition: Definition, content_hash: str, text: bytes) -> SyncAction:
    """Make the definition the current version, unless it was taken over before.

    Raises `ConflictError` where its version is known with another content.
    """
    workflow = find_workflow(tx, definition.name)
    if workflow is None:
        workflow = _new_workflow(tx, definition.name)
        _add(workflow, definition, content_hash, text)
        return SyncAction.CREATED
    known = find_version(tx, workflow.id, definition.version)
    if known is None:
        _add(workflow, definition, content_hash, text)
        return SyncAction.UPDATED
    if the_definition(tx, workflow.id, known).content_hash != content_hash:
        raise ConflictError(changed_text(definition))
    return SyncAction.UNCHANGED


def changed_text(definition: Definition) -> str:
    """What is said of a version that is known with another content."""
    return (
        f"workflow {definition.name!r} has a version {definition.version!r} with another "
        "content; a changed definition needs a new version"
    )


def _new_workflow(tx: Tx, name: str) -> OpenWorkflow:
    ensure_namespace(tx)
    row = WorkflowRow(tx.next_id(), 0, tx.now_ms, tx.now_ms, is_indexed=True)
    tx.put(WORKFLOW_NAME, WORKFLOW_NAME.key(row.id), WorkflowNameRow(tx.namespace, name))
    key = workflow_key(tx, name)
    tx.put(WORKFLOW, key, row)
    return OpenWorkflow(tx, tx.namespace, name, key, row)


def _add(workflow: OpenWorkflow, definition: Definition, content_hash: str, text: bytes) -> None:
    tx, number = workflow.tx, workflow.tx.next_id()
    steps_read = steps_read_by(definition)
    row = DefinitionRow(definition.version, tx.now_ms, content_hash, definition, steps_read)
    tx.put(DEFINITION, DEFINITION.key(workflow.id, number), row)
    tx.put(DEFINITION_TEXT, DEFINITION_TEXT.key(workflow.id, number), text)
    tx.put(VERSION, VERSION.key(workflow.id, tail=definition.version.encode()), number)

    _make_current(workflow, number, definition)
    let_go(workflow)
    hooks_of(tx).workflow_synced(tx, definition.name)


def _make_current(workflow: OpenWorkflow, number: int, definition: Definition) -> None:
    def make_current(changed: WorkflowRow) -> None:
        changed.current, changed.updated_at_ms = number, workflow.tx.now_ms

    workflow.change(make_current)
    apply_schedule(workflow, definition.schedule)
    apply_trigger(workflow, definition.trigger)


def use(workflow: OpenWorkflow, version: str) -> None:
    """Make a version that is known the current one, its schedule and trigger too.

    Raises `NotFoundError` where it is not (any more).
    """
    number = find_version(workflow.tx, workflow.id, version)
    if number is None:
        raise NotFoundError(
            f"workflow {workflow.name!r} has no version {shown(version)}; sync its definition"
        )
    if number != workflow.row.current:
        known = the_definition(workflow.tx, workflow.id, number)
        _make_current(workflow, number, known.definition)
