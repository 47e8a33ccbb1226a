"""The rule for each command, and whether the command is refused while the disk is nearly full."""

from __future__ import annotations

from typing import Final

from floruntime.core import action, jobs, kv, queue, stream, system, token, worker, workflow
from floruntime.core.cluster import ClusterNoted
from floruntime.core.console import ConsoleLogin, ConsoleLogout, ConsoleOpen
from floruntime.engine import audit
from floruntime.engine.action import admin as action_admin
from floruntime.engine.action import bulk as action_bulk
from floruntime.engine.action import (
    claim,
    invoke,
    retry,
    workers,
)
from floruntime.engine.action import schedules as action_schedules
from floruntime.engine.action import settle as action_settle
from floruntime.engine.kv import bulk as kv_bulk
from floruntime.engine.kv import keys
from floruntime.engine.queue import admin as queue_admin
from floruntime.engine.queue import bulk as queue_bulk
from floruntime.engine.queue import dead_letters, dequeue, enqueue
from floruntime.engine.queue import settle as queue_settle
from floruntime.engine.state.dispatch import command
from floruntime.engine.stream import admin as stream_admin
from floruntime.engine.stream import append, retention
from floruntime.engine.stream.group import admin as group_admin
from floruntime.engine.stream.group import bulk as group_bulk
from floruntime.engine.stream.group import dead as group_dead
from floruntime.engine.stream.group import members
from floruntime.engine.stream.group import read as group_read
from floruntime.engine.stream.group import settle as group_settle
from floruntime.engine.system import console as console_sessions
from floruntime.engine.system import (
    entries,
    eras,
    mint_keys,
    namespaces,
    old_runs,
    once,
    store_name,
    tokens,
    write_memory,
)
from floruntime.engine.system import jobs as system_jobs
from floruntime.engine.workflow.catalog import schedules, sync
from floruntime.engine.workflow.runs import (
    control,
    forks,
    pauses,
    start,
)
from floruntime.engine.workflow.steps import bulk as workflow_bulk
from floruntime.engine.workflow.steps import (
    signals,
)

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
    command(system.RunsIndex, old_runs.begin, grows=False),
    command(system.NamespaceCreate, namespaces.create),
    command(system.NamespaceConfigure, namespaces.configure, grows=False),
    command(system.NamespaceDelete, namespaces.delete, grows=False),
    command(token.TokenCreate, tokens.create),
    command(token.TokenRevoke, tokens.revoke, grows=False),
    command(token.TokenAdopt, tokens.adopt, grows=False),
    command(ClusterNoted, audit.note_operation, grows=False),
    command(token.MintKeyMake, mint_keys.make, grows=False),
    command(ConsoleOpen, console_sessions.open_code, grows=False),
    command(ConsoleLogin, console_sessions.log_in, grows=False),
    command(ConsoleLogout, console_sessions.log_out, grows=False),
    # Jobs (those that add something are refused by `system/jobs.py`, which knows the operation)
    command(jobs.JobCancel, system_jobs.cancel, grows=False),
    # KV
    command(kv.KvPut, keys.put),
    command(kv.KvDelete, keys.delete, grows=False),
    command(kv.KvDeletePrefix, kv_bulk.delete_prefix, grows=False),
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
    command(queue.QueueBulk, queue_bulk.bulk, grows=False),
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
    command(stream.GroupBulk, group_bulk.bulk, grows=False),
    # Actions
    command(action.ActionRegister, action_admin.register, grows=False),
    command(action.ActionEnable, action_admin.enable, grows=False),
    command(action.ActionDelete, action_admin.delete, grows=False),
    command(action.ActionInvoke, invoke.invoke),
    command(action.ActionCall, invoke.call),
    command(action.ActionCancel, invoke.cancel, grows=False),
    command(action.ActionRetry, retry.retry),
    command(action.ActionBulk, action_bulk.bulk, grows=False),
    command(action.ActionSchedule, action_schedules.schedule),
    command(action.ActionUnschedule, action_schedules.unschedule, grows=False),
    command(action.ActionPauseSchedule, action_schedules.pause, grows=False),
    command(action.ActionTriggerSchedule, action_schedules.trigger),
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
    command(workflow.WorkflowBulk, workflow_bulk.bulk, grows=False),
    command(workflow.ScheduleDue, schedules.due),
    command(workflow.WorkflowPauseSchedule, schedules.pause, grows=False),
    command(workflow.WorkflowTriggerSchedule, schedules.trigger),
)
