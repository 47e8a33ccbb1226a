"""What is deleted with what: every table, and the owner whose number its rows begin with."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Final

from floruntime.engine.action import (
    attempts,
    debounce_rows,
    due_runs,
    key_rows,
    rate_window,
    run_rows,
    run_state,
    workers,
)
from floruntime.engine.action import rows as action_rows
from floruntime.engine.action import schedule_rows as action_schedule_rows
from floruntime.engine.kv import rows as kv_rows
from floruntime.engine.queue import dead_letters, deliveries, enqueue
from floruntime.engine.queue import groups as groups_of_queues
from floruntime.engine.queue import rows as queue_rows
from floruntime.engine.state.dispatch import Children, Owned
from floruntime.engine.state.keyspace import by_tag
from floruntime.engine.state.machine_row import MACHINE
from floruntime.engine.stream import rows as stream_rows
from floruntime.engine.stream.group import rows as group_rows
from floruntime.engine.system import console as console_sessions
from floruntime.engine.system import (
    eras,
    mint_keys,
    namespaces,
    old_runs,
    once,
    store_name,
    timers,
    tokens,
    write_memory,
)
from floruntime.engine.system import jobs as system_jobs
from floruntime.engine.system.reclaim import Owner
from floruntime.engine.workflow.catalog import schedules, triggers
from floruntime.engine.workflow.runs import (
    bodies,
    compensation_rows,
    pauses,
)
from floruntime.engine.workflow.runs import rows as workflow_rows
from floruntime.engine.workflow.steps import (
    missing_actions,
    plan_rows,
)

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
            workflow_rows.SEARCH_VALUE,
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
            run_rows.ACTION_RUN_ENDED,
            *(run_rows.ACTION_RUN_MARK, run_rows.ACTION_RUN_MARKED),
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
            workflow_rows.WORKFLOW_RUN_ENDED,
            *(workflow_rows.WORKFLOW_RUN_MARK, workflow_rows.WORKFLOW_RUN_MARKED),
        )
    ),
}

_OWNED_TABLES = [table for owned in OWNERS.values() for table in owned.tables]
_DIRECTORIES = [children.directory for owned in OWNERS.values() for children in owned.children]

TABLES: Final = by_tag(
    *(MACHINE, timers.TIMER, namespaces.NAMESPACE),
    *(write_memory.SESSION, write_memory.SESSION_BLOCK, tokens.TOKEN, tokens.TOKENS),
    *(once.ONCE, once.ONCE_COUNT, store_name.STORE_NAME, old_runs.RUNS_INDEXED),
    *(console_sessions.CODE, console_sessions.CONSOLE_SESSION, console_sessions.HOLDER),
    *(eras.ERAS, mint_keys.MINT_KEY, schedules.SCHEDULE_DUE),
    action_schedule_rows.ACTION_SCHEDULE_DUE,
    *_DIRECTORIES,
    *_OWNED_TABLES,
)
"""Every table: those that nobody owns, and the others."""
