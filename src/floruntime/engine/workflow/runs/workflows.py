"""How a rule finds a workflow and its versions."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from floruntime.core import limits
from floruntime.core.errors import NotFoundError
from floruntime.engine.action.rows import copy_of
from floruntime.engine.state.index_walk import Filled, first_after
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system.namespaces import id_of, namespace_id
from floruntime.engine.workflow.runs.rows import (
    DEFINITION,
    USE,
    VERSION,
    WORKFLOW,
    WORKFLOW_NAME,
    WORKFLOW_RUN_BY_STATUS,
    WORKFLOW_RUN_MARKS,
    DefinitionRow,
    WorkflowRow,
    WorkflowRunStatus,
)

STATUSES: Final = max(WorkflowRunStatus) + 1
"""How long the list of counts by status is."""


class OpenWorkflow:
    """A workflow in the hands of one command.

    Several may be at hand at once (a run's, its child's), so changes are written as they are made,
    on the row as it is by then.
    """

    __slots__ = ("_key", "name", "namespace", "row", "tx")

    def __init__(self, tx: Tx, namespace: str, name: str, key: bytes, row: WorkflowRow) -> None:
        self.tx = tx
        self.namespace = namespace
        self.name = name
        self._key = key
        #: To read only.
        self.row = row

    @property
    def id(self) -> int:
        """Its number."""
        return self.row.id

    def change(self, change: Callable[[WorkflowRow], None]) -> None:
        """Let `change` change the row, and write it."""
        row: WorkflowRow = copy_of(self.tx.get(WORKFLOW, self._key) or self.row)
        change(row)
        self.tx.put(WORKFLOW, self._key, row)
        self.row = row

    def count(
        self,
        *,
        unfinished: int = 0,
        scheduled: int = 0,
        runs: int = 0,
        number: int,
        before: int = 0,
        after: int = 0,
    ) -> None:
        """The run with this number has come, ended or gone; it had the status `before` (0: it is
        new), and has `after` (0: it is gone).
        """

        def add(row: WorkflowRow) -> None:
            if not row.runs:
                row.by_status = [0] * STATUSES
            if row.by_status:
                counts, firsts = _as_long(row.by_status), _as_long(row.first_by_status)
                if before:
                    firsts[before] = first_after(firsts[before], counts[before], number, -1)
                    counts[before] -= 1
                if after:
                    firsts[after] = first_after(firsts[after], counts[after], number, 1)
                    counts[after] += 1
                row.by_status, row.first_by_status = counts, firsts
            row.unfinished += unfinished
            row.scheduled += scheduled
            row.runs += runs
            if not row.runs:
                row.by_status = row.first_by_status = []
            assert 0 <= row.scheduled <= row.unfinished <= row.runs, "runs are counted right"

        self.change(add)

    def definition(self, number: int) -> DefinitionRow:
        """The version with this number, which is there."""
        return the_definition(self.tx, self.row.id, number)

    def count_use(self, number: int, change: int) -> int:
        """A run came to this version, or is forgotten; answers how many there are now."""
        key = USE.key(self.row.id, number)
        uses = (self.tx.get(USE, key) or 0) + change
        assert uses >= 0, "a run leaves the version that it was on"
        if uses:
            self.tx.put(USE, key, uses)
        else:
            self.tx.delete(USE, key)
        return uses


def _as_long(counts: list[int]) -> list[int]:
    return [*counts, *[0] * (STATUSES - len(counts))]


def with_status(row: WorkflowRow, status: WorkflowRunStatus) -> Filled:
    """Where a workflow's runs with a status stand in the index."""
    place = WORKFLOW_RUN_BY_STATUS.range(row.id, status)[0]
    if not row.by_status:
        return Filled(WORKFLOW_RUN_BY_STATUS, place, marks=WORKFLOW_RUN_MARKS)
    first = row.first_by_status[status] if row.first_by_status else 0
    count = row.by_status[status]
    return Filled(WORKFLOW_RUN_BY_STATUS, place, first, count, WORKFLOW_RUN_MARKS)


def workflow_key(view: View, name: str) -> bytes:
    """The key of the workflow `name` of the view's namespace."""
    return _key_of(namespace_id(view), name)


@lru_cache(maxsize=4096)
def _key_of(of_namespace_id: int, name: str) -> bytes:
    return WORKFLOW.key(of_namespace_id, tail=limits.check_name("workflow", name))


def find_row(view: View, name: str) -> WorkflowRow | None:
    """The row of a workflow, to read only."""
    return view.get(WORKFLOW, workflow_key(view, name))


def unknown_workflow(name: str) -> NotFoundError:
    """What is said of a workflow that is not there."""
    return NotFoundError(f"workflow {limits.shown(name)} does not exist; sync its definition first")


def find_workflow(tx: Tx, name: str) -> OpenWorkflow | None:
    """The workflow `name` of the command's namespace."""
    key = workflow_key(tx, name)
    row = tx.get(WORKFLOW, key)
    return None if row is None else OpenWorkflow(tx, tx.namespace, name, key, row)


def the_workflow(tx: Tx, name: str) -> OpenWorkflow:
    """The workflow `name`; raises `NotFoundError`."""
    workflow = find_workflow(tx, name)
    if workflow is None:
        raise unknown_workflow(name)
    return workflow


def find_workflow_by_id(tx: Tx, workflow_id: int) -> OpenWorkflow | None:
    """The workflow with this number, in whatever namespace."""
    names = tx.get(WORKFLOW_NAME, WORKFLOW_NAME.key(workflow_id))
    if names is None:
        return None
    key = _key_of(id_of(tx, names.namespace), names.name)
    row = tx.get(WORKFLOW, key)
    if row is None or row.id != workflow_id:
        return None
    return OpenWorkflow(tx, names.namespace, names.name, key, row)


def name_of(view: View, workflow_id: int) -> str:
    """The name of the workflow with this number, which is there."""
    names = view.get(WORKFLOW_NAME, WORKFLOW_NAME.key(workflow_id))
    assert names is not None, "a workflow outlives its runs"
    return names.name


def the_definition(view: View, workflow_id: int, number: int) -> DefinitionRow:
    """The version with this number, which is there."""
    row = view.get(DEFINITION, DEFINITION.key(workflow_id, number))
    assert row is not None, "a version stays while it is used"
    return row


def find_version(view: View, workflow_id: int, version: str) -> int | None:
    """The number of the version of this name, if it is kept."""
    tail = limits.check_name("version", version)
    return view.get(VERSION, VERSION.key(workflow_id, tail=tail))
