"""The one written list of rules: who answers each request and each timer, who hears of what.

It has a chapter for each kind of thing, and each chapter stands in full and in order, whatever
domain its lines are of. Importing a module has no effect on it, and where several hear of something
they do so in the order that is written: the same commands come to the same bytes, whatever was
imported first.
"""

from __future__ import annotations

from typing import Final

from floruntime.engine import audit
from floruntime.engine.rules.commands import COMMANDS
from floruntime.engine.rules.hearers import CONTENTS, WORKFLOW_HOOKS
from floruntime.engine.rules.owners import OWNERS, TABLES
from floruntime.engine.rules.queries import ITEMS, QUERIES
from floruntime.engine.rules.timers import JOBS, TIMERS
from floruntime.engine.rules.waits import HAND_BACKS, RECALLS, WAITS
from floruntime.engine.state.dispatch import Rules
from floruntime.engine.workflow.catalog import triggers
from floruntime.engine.workflow.runs import bodies
from floruntime.engine.workflow.steps import actions, missing_actions

__all__ = ["COMMANDS", "QUERIES", "RULES", "TABLES", "WORKFLOW_HOOKS"]

RULES: Final = Rules(
    commands=dict(COMMANDS),
    queries=dict(QUERIES),
    items=ITEMS,
    waits=WAITS,
    recalls=RECALLS,
    timers=TIMERS,
    hand_backs=HAND_BACKS,
    owners=OWNERS,
    tables=TABLES,
    contents=CONTENTS,
    action_registered=missing_actions.action_registered,
    action_run_ended=actions.action_ended,
    action_run_wanted=bodies.run_is_wanted,
    records_came=triggers.records_came,
    audit=audit.record,
    workflow=WORKFLOW_HOOKS,
    jobs=JOBS,
)
"""All there are."""
