"""Deletes old versions: the last 20 are kept, and every version that a kept run uses."""

from __future__ import annotations

from typing import Final

from floruntime.engine.workflow.runs.rows import DEFINITION, DEFINITION_TEXT, USE, VERSION
from floruntime.engine.workflow.runs.workflows import OpenWorkflow, the_definition

VERSIONS_KEPT: Final = 20


def let_go(workflow: OpenWorkflow) -> None:
    """Delete versions that are neither among the last ones nor used."""
    tx = workflow.tx
    keys = [key for key, _ in tx.scan(DEFINITION, *DEFINITION.range(workflow.id))]
    for key in keys[:-VERSIONS_KEPT]:
        number = DEFINITION.unpack(key)[1]
        if number != workflow.row.current and tx.get(USE, USE.key(workflow.id, number)) is None:
            _delete(workflow, number)


def _delete(workflow: OpenWorkflow, number: int) -> None:
    tx = workflow.tx
    version = the_definition(tx, workflow.id, number).version
    tx.delete(VERSION, VERSION.key(workflow.id, tail=version.encode()))
    tx.delete(DEFINITION, DEFINITION.key(workflow.id, number))
    tx.delete(DEFINITION_TEXT, DEFINITION_TEXT.key(workflow.id, number))
