"""The one list of rules: what handles each request and each timer, and what is notified of what.

It has a chapter for each kind of rule, and each chapter is complete and in order, whatever domain
its lines belong to. Importing a module does not change the list. If several rules are notified of
something, they run in the written order. So the same commands lead to the same bytes, whatever was
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
