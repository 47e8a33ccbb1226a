"""The rule for each query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from floruntime.core import action, jobs, kv, queue, stream, system, token, worker, workflow
from floruntime.core.types import Request
from floruntime.engine.action import admin as action_admin
from floruntime.engine.action import (
    invoke,
    run_counts,
    workers,
)
from floruntime.engine.action import limits as action_limits
from floruntime.engine.action import listing as action_listing
from floruntime.engine.action import schedules as action_schedules
from floruntime.engine.kv import changes, keys
from floruntime.engine.queue import admin as queue_admin
from floruntime.engine.queue import dead_letters, dequeue
from floruntime.engine.state.dispatch import query
from floruntime.engine.state.tx import View
from floruntime.engine.stream import admin as stream_admin
from floruntime.engine.stream import read as stream_read
from floruntime.engine.stream.group import dead as group_dead
from floruntime.engine.stream.group import info
from floruntime.engine.system import jobs as system_jobs
from floruntime.engine.system import (
    namespaces,
    tokens,
)
from floruntime.engine.workflow.catalog import preview, schedules, sync, trigger_groups
from floruntime.engine.workflow.runs import (
    control,
    history,
    listing,
)
from floruntime.engine.workflow.runs import run_counts as workflow_run_counts

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
    query(workflow.WorkflowListVersions, sync.list_versions),
    query(workflow.WorkflowGet, control.get),
    query(workflow.WorkflowHistory, history.history),
    query(workflow.WorkflowListRuns, listing.list_runs),
    query(workflow.WorkflowCountRuns, workflow_run_counts.count_runs),
    query(workflow.WorkflowSchedules, schedules.list_schedules),
)

ITEMS: Final[Mapping[type[Request[Any]], Callable[[View, Any], Iterator[Any]]]] = {
    kv.KvMget: keys.mget_items,
    kv.KvHistory: keys.history_items,
}
"""Those whose lists may be large, item by item."""
