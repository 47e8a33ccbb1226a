"""What a client says in a recorded conversation of what came later than the first kept version:
limits, schedules of actions, jobs, pauses, forks, dead records, a worker's turn.
"""

from __future__ import annotations

from typing import Any, Protocol

from floruntime.core import action, console, jobs, kv, queue, stream, system, worker, workflow
from floruntime.core.types import Request
from tests.history.left import definitions


class Speaker(Protocol):
    """Asks, and takes every answer as it comes; a refusal is an answer."""

    async def ask(self, request: Request[Any]) -> Any: ...
    async def ask_all(self, *requests: Request[Any]) -> list[Any]: ...


async def say_later(speaker: Speaker) -> None:
    """All of it."""
    await _system(speaker)
    await _jobs(speaker)
    await _queue(speaker)
    await _group(speaker)
    await _limits(speaker)
    await _schedules(speaker)
    await _turn(speaker)
    await _workflow(speaker)


async def _system(speaker: Speaker) -> None:
    await speaker.ask_all(
        console.WhoAmI(),
        system.NamespaceCreate("later-made"),
        system.NamespaceConfigure("later-made", 1, 0),
        system.NamespaceConfigure("later-made", 65),
        system.OnceOpen(b"d" * 32),
        console.ConsoleOpen(b"h" * 32),
        console.ConsoleLogin(b"other" * 6 + b"xx", "session", b"h" * 32),
        console.ConsoleLogout(),
    )


async def _jobs(speaker: Speaker) -> None:
    await speaker.ask_all(*(kv.KvPut(f"pile/{number}", b"x") for number in range(3)))
    job = await speaker.ask(kv.KvDeletePrefix("pile/"))
    await speaker.ask_all(
        jobs.JobGet(job.job_id, 1_000),
        jobs.JobGet("no job"),
        jobs.JobList(1),
        jobs.JobCancel(job.job_id),
        kv.KvDeletePrefix(""),
    )


async def _queue(speaker: Speaker) -> None:
    seqs = await speaker.ask(queue.QueueEnqueue("later", [b"1", b"2"], 10, 60_000))
    requeue = jobs.DeadBulkOperation.REQUEUE_DEAD
    await speaker.ask_all(
        queue.QueuePause("later"),
        queue.QueueDequeue("later"),
        queue.QueuePause("later", False),
        queue.QueuePause("nothing"),
        queue.QueuePromote("later", [*seqs[:1], 99]),
        queue.QueueBulk("later", requeue, "nacked", "broken", 10, True),
        queue.QueueBulk("later", requeue),
        queue.QueueDelete("later"),
    )


async def _group(speaker: Speaker) -> None:
    await speaker.ask_all(
        stream.StreamAppend("later", [b"1", b"2", b"3"]),
        stream.GroupCreate("later", "group", "0", "shared", 60_000, 1, 120_000),
        stream.GroupConfigure("later", "group", 30_000, 1, None, 100, "exponential", 1_000),
        stream.GroupConfigure("later", "group", retry_backoff="odd"),
    )
    read = await speaker.ask(stream.GroupRead("later", "group", "me", 10, 0))
    ids = [record.id for record in read.records]
    leases = [record.lease for record in read.records]
    delete = jobs.DeadBulkOperation.DELETE_DEAD
    await speaker.ask_all(
        stream.GroupNack("later", "group", ids, leases, None, 0, "unreadable"),
        stream.GroupDead("later", "group", 10),
        stream.GroupDeadRequeue("later", "group", ids[:1]),
        stream.GroupDeadDelete("later", "group", ids[1:2]),
        stream.GroupBulk("later", "group", delete, "unreadable", 10, True),
        stream.GroupBulk("later", "group", delete),
        stream.StreamDelete("later", True),
    )


async def _limits(speaker: Speaker) -> None:
    user, limits = action.ActionType.USER, action.Limits(running=1, running_per_key=1, fair=True)
    await speaker.ask_all(
        action.ActionRegister("limited", user, limits=limits, key_path="$.of"),
        *(action.ActionInvoke("limited", b'{"of": "%s"}' % of) for of in (b"a", b"a", b"b")),
    )
    [task] = await speaker.ask(worker.WorkerAwait("later", ["limited"], 5, 0))
    cancel = action.ActionBulkOperation.CANCEL
    await speaker.ask_all(
        action.ActionGetLimits("limited", 10),
        action.ActionGetLimits("nothing"),
        action.ActionCountRuns("limited"),
        action.ActionRetry(task.run_id),
        worker.WorkerFail("later", task.run_id, task.lease, "broken", False),
        action.ActionRetry(task.run_id),
        action.ActionBulk(cancel, "limited", [action.RunStatus.PENDING], dry_run=True),
        action.ActionBulk(cancel, "limited", [action.RunStatus.PENDING], reason="too late"),
        action.ActionBulk(cancel, "limited", []),
        action.ActionCountRuns(),
    )


async def _schedules(speaker: Speaker) -> None:
    await speaker.ask_all(
        action.ActionSchedule("limited", None, 60_000, payload=b'{"of": "c"}', jitter_ms=100),
        action.ActionSchedule("limited", "no cron"),
        action.ActionSchedules(10),
        action.ActionTriggerSchedule("limited"),
        action.ActionPauseSchedule("limited"),
        action.ActionPauseSchedule("nothing", False),
        action.ActionUnschedule("limited"),
        action.ActionUnschedule("limited"),
    )


async def _turn(speaker: Speaker) -> None:
    """A worker that hands in what is done, says what begins, and asks for more."""
    await speaker.ask(action.ActionInvoke("turned", b"1"))
    await speaker.ask(action.ActionRegister("turned", action.ActionType.USER))
    await speaker.ask_all(*(action.ActionInvoke("turned", payload) for payload in (b"1", b"2")))
    turn = await speaker.ask(worker.WorkerTurn("turner", ["turned"], [], [], 2, 1))
    await speaker.ask(worker.WorkerGetInfo("turner"))
    if not isinstance(turn, Exception):
        first, second = turn.tasks
        done = worker.TaskResult(first.run_id, first.lease, b"out")
        begun = worker.TaskBegun(second.run_id, second.lease)
        await speaker.ask(worker.WorkerTurn("turner", ["turned"], [done], [begun], 1, 1))
    await speaker.ask(worker.WorkerGetInfo("nobody"))


async def _workflow(speaker: Speaker) -> None:
    approve = [text.encode() for text in (definitions.APPROVE_1, definitions.FRAIL)]
    await speaker.ask_all(
        workflow.WorkflowSyncPreview(approve),
        workflow.WorkflowSyncPreview([b"kind: Workflow\nname: broken\n"]),
        workflow.WorkflowListVersions("approve", 10),
        workflow.WorkflowUse("approve", "1"),
        workflow.WorkflowUse("approve", "99"),
        workflow.WorkflowEnable("approve", True),
        workflow.WorkflowStart("approve", b'{"a": 1}', None, None, "later"),
        workflow.WorkflowPause("later", "for a while"),
        workflow.WorkflowPause("no run"),
        workflow.WorkflowResume("later"),
        workflow.WorkflowCountRuns("approve"),
        workflow.WorkflowCancel("later", "too late"),
        workflow.WorkflowFork("later", "no step", None, None, "forked"),
        workflow.WorkflowFork("later", "start", b'{"a": 2}', None, "forked"),
        workflow.WorkflowGet("forked"),
    )
    cancel, running = workflow.WorkflowBulkOperation.CANCEL, [workflow.WorkflowStatus.RUNNING]
    await speaker.ask_all(
        workflow.WorkflowBulk(cancel, "approve", running, {}, dry_run=True),
        workflow.WorkflowBulk(cancel, "approve", running, {"none": 1}, reason="too late"),
        workflow.WorkflowCountRuns(),
    )
