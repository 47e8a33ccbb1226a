"""The key that handlers of a step may use elsewhere: to charge a card once, say.

It is the same over all attempts, polls and executors of one stay at a step, and over a retry of the
run at that step; another stay has another. A child's keys begin with that of its parent's step, so
they too stay the same when the parent tries the step, and with it the child, again.
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
