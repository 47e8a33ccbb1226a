"""Signals that arrived before a step waited for them, in order of arrival.

The run's row has the number of signals of each type, so a run without signals does not search for
any.
"""

from __future__ import annotations

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.engine.workflow.runs.rows import SIGNAL, SignalRow
from floruntime.engine.workflow.runs.run import OpenWorkflowRun


def keep(run: OpenWorkflowRun, type: str, data: bytes) -> None:
    """Keep a signal for its wait. Raises `BadRequestError` where too many are kept."""
    run = run.of_run
    tx, row = run.tx, run.row
    kept = sum(row.signals.values())
    if kept >= limits.SIGNALS_KEPT_MAX:
        raise BadRequestError(
            f"workflow run {run.id} has {kept} signals that nothing has waited for yet; "
            f"{limits.SIGNALS_KEPT_MAX} are allowed"
        )
    key = SIGNAL.key(run.namespace_id, run.number, tx.next_id())
    tx.put(SIGNAL, key, SignalRow(type, data, tx.now_ms))
    row.signals = {**row.signals, type: row.signals.get(type, 0) + 1}


def take(run: OpenWorkflowRun, type: str) -> bytes | None:
    """The data of the first kept signal of that type, which is gone then; `None`: there is none."""
    return take_first(run, [type])[1] if type in run.of_run.row.signals else None


def take_first(run: OpenWorkflowRun, types: list[str]) -> tuple[str, bytes]:
    """Type and data of the first kept signal of any of these types, which is gone then. There is
    one.
    """
    run = run.of_run
    row, tx = run.row, run.tx
    for key, kept in tx.scan(SIGNAL, *SIGNAL.range(run.namespace_id, run.number)):
        if kept.type in types:
            tx.delete(SIGNAL, key)
            left = row.signals[kept.type] - 1
            others = {name: count for name, count in row.signals.items() if name != kept.type}
            row.signals = {**others, kept.type: left} if left else others
            return kept.type, kept.data
    raise AssertionError("what is counted is kept")
