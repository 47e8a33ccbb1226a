"""How a group of branches or items ends: the step's outcome, and what is cancelled.

Bodies that are under way are cancelled, and rows that are no longer needed are deleted, a bounded
number in each commit: the first with the decision, the others by ticks.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from floruntime.engine.state.json_document import dump
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.workflow.language.outcomes import (
    NONE_FAILED,
    BranchResult,
    StepOutcome,
    could_not_run,
)
from floruntime.engine.workflow.runs.bodies import (
    ENDED,
    FOUND,
    ITEMS,
    LIVE,
    RUN_GROUP,
    EndRow,
    OpenBody,
    RunGroupRow,
    live_bodies,
    open_body,
)
from floruntime.engine.workflow.runs.compensation_rows import remember_to_undo
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.hooks import hooks_of
from floruntime.engine.workflow.runs.run import OpenWorkflowRun

TAKEN_BACK_MAX: Final = 200
"""Branches or items that one commit takes back."""
ROWS_DELETED_MAX: Final = 1_000
"""Rows of a group that is over which one tick deletes."""
FAILED_NAMED_MAX: Final = 1_000
"""Items that failed and are named, with their errors; the others are counted."""
CANCELLED: Final = "cancelled"
"""The outcome of a branch that was taken back."""


# What the step comes to


def outcome_of_group(run: OpenWorkflowRun, group: RunGroupRow, name: str) -> StepOutcome:
    """The outcome of this name, with what branches or items gave."""
    if run.step.parallel is not None:
        return _of_branches(run, group, name)
    return _of_items(run, group, name)


def _of_branches(run: OpenWorkflowRun, group: RunGroupRow, name: str) -> StepOutcome:
    parallel = run.step.parallel
    assert parallel is not None, "the step has branches"
    ends = dict(_ends(run, group))
    outcomes, parts, errors = {}, [], []
    for index, branch in enumerate(parallel.branches):
        end = ends.get(index, _TAKEN_BACK)
        outcomes[branch] = end.outcome
        parts.append(dump(branch) + b":" + (end.output or b"null"))
        if end.is_failure:
            errors.append(f"branch {branch!r}: {end.error}")
    error = "; ".join(errors) if name == "failure" else None
    result = BranchResult(outcomes)
    return _with_output(run, group, b"{" + b",".join(parts) + b"}", name, error, result)


def _of_items(run: OpenWorkflowRun, group: RunGroupRow, name: str) -> StepOutcome:
    each = run.step.for_each
    assert each is not None, "the step has items"
    if not each.collect and not group.failed:
        return StepOutcome((name,), b"[]", branches=NONE_FAILED)
    outputs = [b"null"] * group.count
    failed: list[dict[str, Any]] = []
    for index, end in _ends(run, group):
        outputs[index] = end.output or b"null"
        if end.is_failure and len(failed) < FAILED_NAMED_MAX:
            failed.append({"index": index, "error": end.error})
    output = b"[" + b",".join(outputs) + b"]" if each.collect else b"[]"
    result = BranchResult(failed=dump(failed), failed_count=group.failed)
    error = None
    if group.failed and name != "success":
        first = failed[0]
        error = f"{group.failed} of {group.count} items failed, item {first['index']}: " + str(
            first["error"]
        )
    return _with_output(run, group, output, name, error, result)


def _with_output(
    run: OpenWorkflowRun,
    group: RunGroupRow,
    output: bytes,
    name: str,
    error: str | None,
    result: BranchResult,
) -> StepOutcome:
    allowed = run.tx.value_bytes_max
    size_bytes = max(len(output), group.output_bytes)
    if size_bytes <= allowed:
        return StepOutcome((name,), output, error, is_final=True, branches=result)
    refused = could_not_run(
        f"the outputs have {size_bytes} bytes together; at most {allowed} are allowed"
    )
    return StepOutcome(refused.names, b"", refused.error, is_final=True, branches=result)


def _ends(run: OpenWorkflowRun, group: RunGroupRow) -> list[tuple[int, EndRow]]:
    span = ENDED.range(run.namespace_id, run.number, group.id)
    return [(ENDED.unpack(key)[3], row) for key, row in run.tx.scan(ENDED, *span)]


_TAKEN_BACK: Final = EndRow(CANCELLED)


# Taking back


def abandon_group(run: OpenWorkflowRun, number: int, *, is_late: bool) -> None:
    """The run no longer waits for its branches or items."""
    group = run.tx.get(RUN_GROUP, RUN_GROUP.key(run.namespace_id, run.number))
    if group is not None:
        leave_group(run, group)


def leave_group(run: OpenWorkflowRun, group: RunGroupRow) -> None:
    """From now on nothing that the group comes to counts; take its bodies back."""
    tx = run.tx
    tx.delete(RUN_GROUP, RUN_GROUP.key(run.namespace_id, run.number))
    bodies = list(live_bodies(run, group.live, group.id)) if group.live else []
    for body in bodies:
        body.note(Event.BRANCH_CANCELLED)
        remember_to_undo(body, None)
    for body in bodies[:TAKEN_BACK_MAX]:
        take_back(body)
    timers.set_timer(
        tx, tx.now_ms, timers.WORKFLOW_GROUP_LEFT, run.namespace_id, group.id, run.number
    )


def take_back(body: OpenBody) -> None:
    """The body is no longer wanted, nor what it waits for. Its row goes first, so that the news of
    that end finds nobody.
    """
    wait, number = body.row.wait, body.row.wait_number
    give_up = hooks_of(body.tx).abandon.get(wait)
    body.end(None)
    body.save()
    if give_up is not None:
        give_up(body, number, is_late=False)


def on_group_left(tx: Tx, due_ms: int, of_namespace_id: int, group: int, data: Any) -> None:
    """Take more bodies of a group back that is over, and delete what is left of it."""
    run_number = data
    if _take_back_more(tx, of_namespace_id, run_number, group) or _delete_rows(
        tx, of_namespace_id, run_number, group
    ):
        timers.set_timer(
            tx, tx.now_ms, timers.WORKFLOW_GROUP_LEFT, of_namespace_id, group, run_number
        )


def _take_back_more(tx: Tx, of_namespace_id: int, run: int, group: int) -> bool:
    """Whether there may be more of them. Bodies of a later group have higher numbers."""
    span = LIVE.key(of_namespace_id, run, group), LIVE.range(of_namespace_id, run)[1]
    keys = [key for key, _ in islice(tx.scan(LIVE, *span), TAKEN_BACK_MAX)]
    for key in keys:
        body = open_body(tx, of_namespace_id, LIVE.unpack(key)[2])
        if body is None or body.body.group != group:
            return False
        with tx.within(body.workflow.namespace):
            take_back(body)
    return len(keys) == TAKEN_BACK_MAX


def _delete_rows(tx: Tx, of_namespace_id: int, run: int, group: int) -> bool:
    """Whether there may be more of them."""
    left = ROWS_DELETED_MAX
    tx.delete(FOUND, FOUND.key(of_namespace_id, run, group))
    tables: tuple[Table[Any], ...] = (ITEMS, ENDED)
    for table in tables:
        span = table.range(of_namespace_id, run, group)
        keys = [key for key, _ in islice(tx.scan(table, *span), left)]
        for key in keys:
            tx.delete(table, key)
        left -= len(keys)
    return not left
