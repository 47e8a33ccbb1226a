"""How requests wait, how answers are made again, and how undelivered items are taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from floruntime.core import action, jobs, kv, queue, stream, worker, workflow
from floruntime.core.types import Request
from floruntime.engine.action import (
    claim,
    invoke,
)
from floruntime.engine.kv import changes, keys
from floruntime.engine.queue import dequeue
from floruntime.engine.queue import rows as queue_rows
from floruntime.engine.queue import settle as queue_settle
from floruntime.engine.state import dispatch
from floruntime.engine.stream import read as stream_read
from floruntime.engine.stream.group import read as group_read
from floruntime.engine.stream.group import redelivery
from floruntime.engine.stream.group import rows as group_rows
from floruntime.engine.system import jobs as system_jobs
from floruntime.engine.workflow.runs import (
    control,
    history,
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

HAND_BACKS: Final = {
    queue_rows.PRIMITIVE: queue_settle.hand_back,
    group_rows.PRIMITIVE: redelivery.hand_back,
    claim.PRIMITIVE: claim.hand_back,
}
