"""The one written list of rules: who answers each request and each timer, who hears of what.

Importing a module has no effect on it, and where several hear of something they do so in the order
that stands here: the same commands come to the same bytes, whatever was imported first.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final

from floruntime.core import action, jobs, kv, queue, stream, system, token, worker, workflow
from floruntime.core.console import ConsoleLogin, ConsoleLogout, ConsoleOpen
from floruntime.core.types import Request
from floruntime.engine import audit
from floruntime.engine.action import admin as action_admin
from floruntime.engine.action import (
    attempts,
    claim,
    debounce_rows,
    due_runs,
    invoke,
    key_rows,
    rate_window,
    retry,
    run_counts,
    run_rows,
    run_state,
    workers,
)
from floruntime.engine.action import bulk as action_bulk
from floruntime.engine.action import keys as keys_of_actions
from floruntime.engine.action import limits as action_limits
from floruntime.engine.action import listing as action_listing
from floruntime.engine.action import rows as action_rows
from floruntime.engine.action import schedule_rows as action_schedule_rows
from floruntime.engine.action import schedules as action_schedules
from floruntime.engine.action import settle as action_settle
from floruntime.engine.kv import bulk as kv_bulk
from floruntime.engine.kv import changes, keys
from floruntime.engine.kv import rows as kv_rows
from floruntime.engine.machine import MACHINE
from floruntime.engine.queue import admin as queue_admin
from floruntime.engine.queue import bulk as queue_bulk
from floruntime.engine.queue import dead_letters, deliveries, dequeue, enqueue, messages
from floruntime.engine.queue import groups as groups_of_queues
from floruntime.engine.queue import rows as queue_rows
from floruntime.engine.queue import settle as queue_settle
from floruntime.engine.state import dispatch
from floruntime.engine.state.dispatch import Children, Owned, Rules, command, query
from floruntime.engine.state.keyspace import by_tag
from floruntime.engine.stream import admin as stream_admin
from floruntime.engine.stream import append, retention
from floruntime.engine.stream import read as stream_read
from floruntime.engine.stream import rows as stream_rows
from floruntime.engine.stream.group import admin as group_admin
from floruntime.engine.stream.group import bulk as group_bulk
from floruntime.engine.stream.group import dead as group_dead
from floruntime.engine.stream.group import info, members, redelivery, trimmed
from floruntime.engine.stream.group import read as group_read
from floruntime.engine.stream.group import rows as group_rows
from floruntime.engine.stream.group import settle as group_settle
from floruntime.engine.system import console as console_sessions
from floruntime.engine.system import (
    entries,
    eras,
    mint_keys,
    namespaces,
    once,
    reclaim,
    store_name,
    timers,
    tokens,
    write_memory,
)
from floruntime.engine.system import jobs as system_jobs
from floruntime.engine.system.reclaim import Owner
from floruntime.engine.workflow.catalog import preview, schedules, sync, trigger_groups, triggers
from floruntime.engine.workflow.language.definition import TargetKind
from floruntime.engine.workflow.runs import (
    advance,
    bodies,
    compensation_rows,
    control,
    forks,
    history,
    idempotency,
    listing,
    pauses,
    start,
)
from floruntime.engine.workflow.runs import rows as workflow_rows
from floruntime.engine.workflow.runs import run_counts as workflow_run_counts
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
    plan_rows,
    plans,
    signals,
    sleeps,
)
from floruntime.engine.workflow.steps import bulk as workflow_bulk

COMMANDS: Final = (
    # The machine, namespaces, tokens
    command(system.Tick, entries.tick, grows=False),
    command(system.TimerPostpone, entries.postpone_timer, grows=False),
    command(system.HandBack, entries.hand_back, grows=False),
    command(system.Batch, entries.batch, grows=False),  # each member is judged for itself
    command(system.SessionOpen, write_memory.open_session, grows=False),
    command(system.StoreName, store_name.name_store, grows=False),
    command(system.OnceOpen, once.open_once),
    command(system.SessionForget, write_memory.forget_session, grows=False),
    command(system.HistoryBegin, eras.begin, grows=False),
    command(system.HistoryEnd, eras.end, grows=False),
    command(system.NamespaceCreate, namespaces.create),
    command(system.NamespaceConfigure, namespaces.configure, grows=False),
    command(system.NamespaceDelete, namespaces.delete, grows=False),
    command(token.TokenCreate, tokens.create),
    command(token.TokenRevoke, tokens.revoke, grows=False),
    command(token.TokenAdopt, tokens.adopt, grows=False),
    command(token.MintKeyMake, mint_keys.make, grows=False),
    command(ConsoleOpen, console_sessions.open_code, grows=False),
    command(ConsoleLogin, console_sessions.log_in, grows=False),
    command(ConsoleLogout, console_sessions.log_out, grows=False),
    # Jobs
    command(jobs.JobCancel, system_jobs.cancel, grows=False),
    # KV
    command(kv.KvPut, keys.put),
    command(kv.KvDelete, keys.delete, grows=False),
    command(kv.KvDeletePrefix, kv_bulk.delete_prefix),
    command(kv.KvTouch, keys.touch, grows=False),
    command(kv.KvIncr, keys.increment),
    command(kv.KvCheck, keys.check, grows=False),
    command(kv.KvJsonSet, keys.json_set),
    command(kv.KvJsonDel, keys.json_delete, grows=False),
    # Queues
    command(queue.QueueEnqueue, enqueue.enqueue),
    command(queue.QueueDequeue, dequeue.dequeue, grows=False),
    command(queue.QueueAck, queue_settle.ack, grows=False),
    command(queue.QueueNack, queue_settle.nack, grows=False),
    command(queue.QueueTouch, queue_settle.touch, grows=False),
    command(queue.QueueDlqRequeue, dead_letters.requeue),
    command(queue.QueueDlqDelete, dead_letters.delete_dead, grows=False),
    command(queue.QueueDlqPurge, dead_letters.purge_dead, grows=False),
    command(queue.QueueConfigure, queue_admin.configure),
    command(queue.QueuePurge, queue_admin.purge, grows=False),
    command(queue.QueueDelete, queue_admin.delete, grows=False),
    command(queue.QueuePause, queue_admin.pause, grows=False),
    command(queue.QueuePromote, queue_admin.promote, grows=False),
    command(queue.QueueBulk, queue_bulk.bulk),
    # Streams
    command(stream.StreamAppend, append.append),
    command(stream.StreamTrim, retention.trim, grows=False),
    command(stream.StreamCreate, stream_admin.create),
    command(stream.StreamAlter, stream_admin.alter, grows=False),
    command(stream.StreamDelete, stream_admin.delete, grows=False),
    command(stream.GroupCreate, group_admin.create, grows=False),
    command(stream.GroupConfigure, group_admin.configure, grows=False),
    command(stream.GroupSeek, group_admin.seek, grows=False),
    command(stream.GroupDelete, group_admin.delete, grows=False),
    command(stream.GroupJoin, members.join, grows=False),
    command(stream.GroupLeave, members.leave, grows=False),
    command(stream.GroupRead, group_read.read, grows=False),
    command(stream.GroupClaim, group_read.claim, grows=False),
    command(stream.GroupAck, group_settle.ack, grows=False),
    command(stream.GroupNack, group_settle.nack, grows=False),
    command(stream.GroupTouch, group_settle.touch, grows=False),
    command(stream.GroupDeadRequeue, group_dead.requeue, grows=False),
    command(stream.GroupDeadDelete, group_dead.delete, grows=False),
    command(stream.GroupBulk, group_bulk.bulk),
    # Actions
    command(action.ActionRegister, action_admin.register, grows=False),
    command(action.ActionEnable, action_admin.enable, grows=False),
    command(action.ActionDelete, action_admin.delete, grows=False),
    command(action.ActionInvoke, invoke.invoke),
    command(action.ActionCall, invoke.call),
    command(action.ActionCancel, invoke.cancel, grows=False),
    command(action.ActionRetry, retry.retry),
    command(action.ActionBulk, action_bulk.bulk),
    command(action.ActionSchedule, action_schedules.schedule),
    command(action.ActionUnschedule, action_schedules.unschedule, grows=False),
    command(action.ActionPauseSchedule, action_schedules.pause, grows=False),
    command(action.ActionScheduleDue, action_schedules.due),
    command(worker.WorkerRegister, workers.register, grows=False),
    command(worker.WorkerHeartbeat, workers.heartbeat, grows=False),
    command(worker.WorkerDrain, workers.drain, grows=False),
    command(worker.WorkerDeregister, workers.deregister, grows=False),
    command(worker.WorkerAwait, claim.await_tasks, grows=False),
    command(worker.WorkerExchange, claim.exchange, grows=False),
    command(worker.WorkerTurn, claim.turn, grows=False),
    command(worker.WorkerComplete, action_settle.complete, grows=False),
    command(worker.WorkerFail, action_settle.fail, grows=False),
    command(worker.WorkerTouch, action_settle.touch, grows=False),
    command(worker.WorkerRelease, action_settle.release_claim, grows=False),
    # Workflows
    command(workflow.WorkflowSync, sync.sync),
    command(workflow.WorkflowEnable, sync.enable, grows=False),
    command(workflow.WorkflowUse, sync.use_version, grows=False),
    command(workflow.WorkflowStart, start.start),
    command(workflow.WorkflowSignal, signals.signal),
    command(workflow.WorkflowCancel, control.cancel, grows=False),
    command(workflow.WorkflowRetry, control.retry),
    command(workflow.WorkflowFork, forks.fork),
    command(workflow.WorkflowPause, pauses.pause, grows=False),
    command(workflow.WorkflowResume, pauses.resume, grows=False),
    command(workflow.WorkflowBulk, workflow_bulk.bulk),
    command(workflow.ScheduleDue, schedules.due),
    command(workflow.WorkflowPauseSchedule, schedules.pause, grows=False),
    command(workflow.WorkflowTriggerSchedule, schedules.trigger),
)

QUERIES: Final = (
    # Namespaces, tokens
    query(system.NamespaceList, namespaces.list_namespaces),
    query(token.TokenList, tokens.list_tokens),
    # Jobs
    query(jobs.JobGet, system_jobs.get),
    query(jobs.JobList, system_jobs.list_jobs),
    # KV
    query(kv.KvGet, keys.get),
    query(kv.KvGetEntry, keys.get_entry),
    query(kv.KvExists, keys.exists),
    query(kv.KvMget, keys.mget),
    query(kv.KvJsonGet, keys.json_get),
    query(kv.KvHistory, keys.history),
    query(kv.KvScan, keys.scan),
    query(kv.KvChanges, changes.changes),
    # Queues
    query(queue.QueuePeek, dequeue.peek),
    query(queue.QueueGetStats, queue_admin.stats),
    query(queue.QueueList, queue_admin.list_queues),
    query(queue.QueueDlqList, dead_letters.list_dead),
    # Streams
    query(stream.StreamRead, stream_read.read),
    query(stream.StreamGetInfo, stream_admin.get_info),
    query(stream.StreamList, stream_admin.list_streams),
    query(stream.GroupGetInfo, trigger_groups.get_info),
    query(stream.GroupList, trigger_groups.list_groups),
    query(stream.GroupPending, info.list_pending),
    query(stream.GroupDead, group_dead.list_dead),
    # Actions
    query(action.ActionGet, action_admin.get),
    query(action.ActionList, action_admin.list_actions),
    query(action.ActionStatus, invoke.status),
    query(action.ActionListRuns, action_listing.list_runs),
    query(worker.WorkerGetInfo, workers.worker_info),
    query(action.ActionGetLimits, action_limits.get_limits),
    query(action.ActionCountRuns, run_counts.count_runs),
    query(action.ActionSchedules, action_schedules.list_schedules),
    query(worker.WorkerList, workers.list_workers),
    # Workflows
    query(workflow.WorkflowValidate, sync.validate),
    query(workflow.WorkflowSyncPreview, preview.preview),
    query(workflow.WorkflowGetDefinition, sync.get_definition),
    query(workflow.WorkflowListDefinitions, sync.list_definitions),
    query(workflow.WorkflowGet, control.get),
    query(workflow.WorkflowHistory, history.history),
    query(workflow.WorkflowListRuns, listing.list_runs),
    query(workflow.WorkflowCountRuns, workflow_run_counts.count_runs),
    query(workflow.WorkflowSchedules, schedules.list_schedules),
)

WAITS: Final[Mapping[type[Request[Any]], dispatch.WaitRule]] = {
    jobs.JobGet: system_jobs.GET_WAIT,
    kv.KvGet: keys.GET_WAIT,
    kv.KvChanges: changes.CHANGES_WAIT,
    queue.QueueDequeue: dequeue.DEQUEUE_WAIT,
    stream.StreamRead: stream_read.READ_WAIT,
    stream.GroupRead: group_read.READ_WAIT,
    action.ActionCall: invoke.CALL_WAIT,
    action.ActionStatus: invoke.STATUS_WAIT,
    worker.WorkerAwait: claim.AWAIT_WAIT,
    worker.WorkerExchange: claim.EXCHANGE_WAIT,
    worker.WorkerTurn: claim.TURN_WAIT,
    workflow.WorkflowGet: control.GET_WAIT,
    workflow.WorkflowHistory: history.HISTORY_WAIT,
}

RECALLS: Final[Mapping[type[Request[Any]], dispatch.RecallRule]] = {
    queue.QueueDequeue: dequeue.DEQUEUE_RECALL,
    stream.GroupRead: group_read.READ_RECALL,
    stream.GroupClaim: group_read.READ_RECALL,
    action.ActionCall: invoke.CALL_RECALL,
    worker.WorkerAwait: claim.TASKS_RECALL,
    worker.WorkerExchange: claim.TASKS_RECALL,
    worker.WorkerTurn: claim.TURN_RECALL,
}

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
    timers.GROUP_LEASE: redelivery.lease_ran_out,
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
}

HAND_BACKS: Final = {
    queue_rows.PRIMITIVE: queue_settle.hand_back,
    group_rows.PRIMITIVE: redelivery.hand_back,
    claim.PRIMITIVE: claim.hand_back,
}

_id_of = attrgetter("id")

OWNERS: Final[Mapping[int, Owned]] = {
    Owner.NAMESPACE: Owned(
        tables=(
            *(kv_rows.KV, kv_rows.KV_HISTORY, kv_rows.KV_CHANGE),
            *(run_rows.ACTION_RUN, run_rows.ACTION_INPUT, run_rows.ACTION_OUTPUT),
            *(run_rows.ENDED_CLAIM, attempts.ACTION_ATTEMPT, workers.WORKER),
            *(workflow_rows.WORKFLOW_RUN, workflow_rows.WORKFLOW_RUN_ID),
            *(workflow_rows.WORKFLOW_INPUT, workflow_rows.WORKFLOW_OUTPUT),
            *(workflow_rows.EVENT_SOURCE, workflow_rows.STEP, workflow_rows.EVENTS),
            *(workflow_rows.SIGNAL, workflow_rows.SEARCH, triggers.TRIGGERED),
            missing_actions.AWAITS_ACTION,
            *(bodies.RUN_BODY, bodies.LIVE, bodies.RUN_GROUP, bodies.ENDED, bodies.ITEMS),
            bodies.FOUND,
            system_jobs.JOB,
            *(compensation_rows.UNDO, compensation_rows.ENDING, compensation_rows.UNDONE),
            pauses.HELD,
        ),
        children=(
            Children(action_rows.ACTION, Owner.ACTION, _id_of),
            Children(queue_rows.QUEUE, Owner.QUEUE, _id_of),
            Children(stream_rows.STREAM, Owner.STREAM, _id_of),
            Children(workflow_rows.WORKFLOW, Owner.WORKFLOW, _id_of),
        ),
    ),
    Owner.QUEUE: Owned(
        tables=(
            *(groups_of_queues.QUEUE_GROUP, groups_of_queues.GROUP_WAITING),
            *(queue_rows.QUEUE_NAME, queue_rows.BODY, queue_rows.STATE, queue_rows.READY_INDEX),
            *(dead_letters.DEAD_LETTER, dead_letters.DEAD_ORDER, deliveries.DELIVERY),
            enqueue.DEDUP,
        ),
        children=(Children(queue_rows.QUEUE_PART, Owner.QUEUE, int),),
    ),
    Owner.STREAM: Owned(
        tables=(
            *(stream_rows.STREAM_STATE, stream_rows.RECORD, stream_rows.MARK),
            *(stream_rows.PARTITION, stream_rows.OFFSET),
        ),
        children=(Children(group_rows.GROUP, Owner.GROUP, _id_of),),
    ),
    Owner.GROUP: Owned(
        tables=(
            *(group_rows.GROUP_STATE, group_rows.GROUP_NAMES, group_rows.MEMBERS),
            *(group_rows.SLOTS, group_rows.PENDING_RECORD, group_rows.RETURNED, group_rows.PARKED),
            *(group_rows.DEAD_RECORD, group_rows.DEAD_ID, group_rows.SETTLED),
        )
    ),
    Owner.ACTION: Owned(
        tables=(
            action_rows.ACTION_NAME,
            run_rows.ACTION_RUN_BY_STATUS,
            due_runs.DUE_RUN,
            *(run_state.ACTION_KEY, key_rows.KEYED_RUN, key_rows.FRONT, rate_window.CLAIMED_AT),
            debounce_rows.DEBOUNCE,
            *(action_schedule_rows.ACTION_SCHEDULE, action_schedule_rows.ACTION_SCHEDULE_PAYLOAD),
        ),
        children=(
            Children(due_runs.LINE, Owner.ACTION, _id_of),
            Children(key_rows.KEY, Owner.ACTION, _id_of),
            Children(key_rows.KEY_LINE, Owner.ACTION, _id_of),
        ),
    ),
    Owner.WORKFLOW: Owned(
        tables=(
            *(workflow_rows.WORKFLOW_NAME, workflow_rows.DEFINITION),
            *(workflow_rows.DEFINITION_TEXT, workflow_rows.VERSION, workflow_rows.USE),
            *(workflow_rows.WORKFLOW_RUN_BY_STATUS, workflow_rows.WORKFLOW_KEY, plan_rows.PLAN),
            plan_rows.CACHED,
            *(schedules.SCHEDULE, triggers.TRIGGER),
        )
    ),
}

_OWNED_TABLES = [table for owned in OWNERS.values() for table in owned.tables]
_DIRECTORIES = [children.directory for owned in OWNERS.values() for children in owned.children]

TABLES: Final = by_tag(
    *(MACHINE, timers.TIMER, namespaces.NAMESPACE),
    *(write_memory.SESSION, write_memory.SESSION_BLOCK, tokens.TOKEN, tokens.TOKENS),
    *(once.ONCE, once.ONCE_COUNT, store_name.STORE_NAME),
    *(console_sessions.CODE, console_sessions.CONSOLE_SESSION, console_sessions.HOLDER),
    *(eras.ERAS, mint_keys.MINT_KEY, schedules.SCHEDULE_DUE),
    action_schedule_rows.ACTION_SCHEDULE_DUE,
    *_DIRECTORIES,
    *_OWNED_TABLES,
)
"""Every table: those that nobody owns, and the others."""

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
    ended=(idempotency.run_ended, children.child_ended, schedules.run_ended),
)

_BULKS: Final = (action_bulk, queue_bulk, group_bulk, workflow_bulk, kv_bulk)

RULES: Final = Rules(
    commands=dict(COMMANDS),
    queries=dict(QUERIES),
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
    jobs={each.KIND: each.JOB_KIND for each in _BULKS},
)
"""All there are."""
