"""Which rules are notified of what, in which order; and the hooks of workflow steps."""

from __future__ import annotations

from typing import Final

from floruntime.engine.action import rows as action_rows
from floruntime.engine.kv import rows as kv_rows
from floruntime.engine.queue import rows as queue_rows
from floruntime.engine.stream import rows as stream_rows
from floruntime.engine.workflow.catalog import schedules
from floruntime.engine.workflow.language.definition import TargetKind
from floruntime.engine.workflow.runs import (
    advance,
    idempotency,
    pauses,
)
from floruntime.engine.workflow.runs import rows as workflow_rows
from floruntime.engine.workflow.runs.hooks import Hooks
from floruntime.engine.workflow.runs.rows import Wait
from floruntime.engine.workflow.steps import (
    actions,
    children,
    choices,
    compensations,
    group_ends,
    groups,
    missing_actions,
    plans,
    signals,
    sleeps,
)

CONTENTS: Final = (
    action_rows.holds_actions,
    kv_rows.holds_keys,
    queue_rows.holds_queues,
    stream_rows.holds_streams,
    workflow_rows.holds_workflows,
)

WORKFLOW_HOOKS: Final = Hooks(
    begin={
        TargetKind.ACTION: actions.begin_action,
        TargetKind.WORKFLOW: children.begin_child,
        TargetKind.PLAN: plans.begin_plan,
    },
    begin_signal_wait=signals.begin_wait,
    begin_sleep=sleeps.begin_sleep,
    choose=choices.choose,
    begin_group=groups.begin_group,
    body_went_on=groups.body_went_on,
    signals_came=signals.signals_came,
    compensate=compensations.compensate,
    time_up={
        Wait.SIGNAL: signals.wait_timed_out,
        Wait.RETRY: advance.begin_again,
        Wait.POLL: advance.begin_again,
        Wait.TARGET: actions.look_again,
        Wait.EXECUTOR_RETRY: plans.time_to_retry,
        Wait.TRACKING: plans.tracking_timed_out,
        Wait.SLEEP: sleeps.sleep_is_over,
    },
    abandon={
        Wait.ACTION: actions.cancel_action,
        Wait.CHILD: children.cancel_child,
        Wait.TARGET: missing_actions.give_up,
        Wait.EXECUTOR: plans.give_up_call,
        Wait.TRACKING: plans.give_up_call,
        Wait.BODIES: group_ends.abandon_group,
        Wait.HELD: pauses.drop_held,
    },
    answered={Wait.ACTION: actions.itself, Wait.EXECUTOR: plans.called},
    workflow_synced=missing_actions.workflow_synced,
    ended=(idempotency.run_ended, children.child_ended, schedules.run_ended),
)
