"""The handler for each kind of timer, and for each kind of job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from floruntime.engine.action import admin as action_admin
from floruntime.engine.action import bulk as action_bulk
from floruntime.engine.action import keys as keys_of_actions
from floruntime.engine.action import limits as action_limits
from floruntime.engine.action import old_runs as old_runs_of_actions
from floruntime.engine.action import (
    run_state,
    workers,
)
from floruntime.engine.action import schedules as action_schedules
from floruntime.engine.action import settle as action_settle
from floruntime.engine.kv import bulk as kv_bulk
from floruntime.engine.kv import rows as kv_rows
from floruntime.engine.queue import bulk as queue_bulk
from floruntime.engine.queue import dead_letters, deliveries, enqueue, messages
from floruntime.engine.queue import settle as queue_settle
from floruntime.engine.state import dispatch
from floruntime.engine.stream import retention
from floruntime.engine.stream.group import bulk as group_bulk
from floruntime.engine.stream.group import members, redelivery, run_out, trimmed
from floruntime.engine.stream.group import settle as group_settle
from floruntime.engine.system import console as console_sessions
from floruntime.engine.system import jobs as system_jobs
from floruntime.engine.system import (
    once,
    reclaim,
    timers,
    tokens,
)
from floruntime.engine.workflow.catalog import triggers
from floruntime.engine.workflow.runs import (
    advance,
    idempotency,
    pauses,
)
from floruntime.engine.workflow.runs import old_runs as old_runs_of_workflows
from floruntime.engine.workflow.steps import bulk as workflow_bulk
from floruntime.engine.workflow.steps import (
    compensations,
    group_ends,
    groups,
    missing_actions,
    plan_rows,
)

TIMERS: Final[Mapping[int, dispatch.TimerRule]] = {
    timers.KV_EXPIRY: kv_rows.expire,
    timers.KV_FORGET: kv_rows.forget,
    timers.KV_TRIM_CHANGES: kv_rows.trim_changes,
    timers.QUEUE_LEASE: queue_settle.run_out,
    timers.QUEUE_DUE: messages.fall_due,
    timers.QUEUE_DEDUP: enqueue.forget_dedup_key,
    timers.QUEUE_FORGET: deliveries.forget,
    timers.QUEUE_TRIM_DEAD: dead_letters.evict_more,
    timers.STREAM_RETENTION: retention.sweep,
    timers.GROUP_LEASE: run_out.lease_ran_out,
    timers.GROUP_DUE: redelivery.returned_is_due,
    timers.GROUP_CONSUMER: members.sweep,
    timers.GROUP_FORGET: group_settle.forget_settled,
    timers.GROUP_TRIMMED: trimmed.drop_gone,
    timers.RECLAIM: reclaim.reclaim,
    timers.TOKEN_FORGET: tokens.forget,
    timers.HTTP_ONCE: once.end,
    timers.CONSOLE_CODE: console_sessions.code_is_over,
    timers.CONSOLE_SESSION: console_sessions.session_is_over,
    timers.ACTION_RUN: run_state.on_run_timer,
    timers.ACTION_KEY: run_state.forget_key,
    timers.ACTION_SETTLED: action_settle.forget,
    timers.ACTION_DELETE: action_admin.go_on_deleting,
    timers.WORKER_FORGET: workers.forget,
    timers.WORKFLOW_RUN: advance.on_run_timer,
    timers.WORKFLOW_KEY: idempotency.forget_key,
    timers.WORKFLOW_CACHE: plan_rows.forget_cached,
    timers.WORKFLOW_TRIGGER: triggers.look,
    timers.WORKFLOW_TARGET: missing_actions.wake_more,
    timers.WORKFLOW_BODY: groups.on_body_timer,
    timers.WORKFLOW_GROUP: groups.on_group_timer,
    timers.WORKFLOW_GROUP_LEFT: group_ends.on_group_left,
    timers.WORKFLOW_COMPENSATION: compensations.on_compensation_timer,
    timers.ACTION_KEY_FREE: keys_of_actions.key_may_be_free,
    timers.ACTION_LIMITS: keys_of_actions.look_at_keys,
    timers.ACTION_FREE: action_limits.may_be_free,
    timers.ACTION_SCHEDULE: action_schedules.on_free,
    timers.JOB_STEP: system_jobs.step,
    timers.JOB_FORGET: system_jobs.forget,
    timers.WORKFLOW_RESUME: pauses.on_resume_timer,
    timers.WORKFLOW_OLD_RUNS: old_runs_of_workflows.on_timer,
    timers.ACTION_OLD_RUNS: old_runs_of_actions.on_timer,
}

_BULKS: Final = (action_bulk, queue_bulk, group_bulk, workflow_bulk, kv_bulk)

JOBS: Final = {each.KIND: each.JOB_KIND for each in _BULKS}
