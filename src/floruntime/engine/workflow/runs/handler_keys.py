"""The idempotency key that a step's handlers pass to other systems, to charge a card once, say.

It is the same in all attempts, polls and executors during one visit of a step, and in a retry of
the run at that step. Another visit has another key. A child's keys begin with the key of its
parent's step. So they also stay the same when the parent retries the step, and with it the child.
"""

from __future__ import annotations

from floruntime.engine.workflow.runs.bodies import BodyKind, OpenBody
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, made_id


def handler_key(run: OpenWorkflowRun) -> str:
    """The key of the step that the run is at; no other run has it, on no server."""
    if isinstance(run, OpenBody):
        if run.body.kind is BodyKind.COMPENSATION:
            return f"{handler_key(run.whole)}/{run.row.step}"
        return f"{handler_key(run.whole)}/{run.label}"
    row = run.row
    base = row.key_base or f"{made_id(run.number)}-{row.created_at_ms}"
    return f"{base}/{row.entered}"
