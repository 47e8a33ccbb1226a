"""What a client says in a recorded conversation: every request, and some that are refused.

Requests are written out as messages and not as calls, so that each of their fields can be given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from floruntime import FloClient, FloError, StreamID, Task
from floruntime.core import action, kv, queue, stream, system, token, worker, workflow
from floruntime.core.types import Request
from tests.acceptance.waiting import under_way
from tests.history.left import definitions
from tests.history.said_later import say_later

Advance = Callable[[int], Awaitable[None]]


class Speaker:
    """Asks, and takes every answer as it comes; a refusal is an answer."""

    def __init__(self, client: FloClient, advance: Advance) -> None:
        self.client = client
        self.advance = advance

    async def ask(self, request: Request[Any]) -> Any:
        block_ms = getattr(request, "block_ms", 0)
        try:
            return await self.client.call(request, block_ms=block_ms)
        except FloError as refusal:
            return refusal

    async def ask_all(self, *requests: Request[Any]) -> list[Any]:
        return [await self.ask(request) for request in requests]


async def say_all(speaker: Speaker, name: str) -> None:
    """Every request there is, the hello and the opening of the session by the client itself."""
    await _system(speaker, name)
    await _kv(speaker)
    await _queue(speaker)
    await _stream(speaker)
    await _group(speaker)
    await _action(speaker)
    await _worker(speaker)
    await _workflow(speaker)
    await _schedules(speaker)
    await _batch(speaker)
    await say_later(speaker)


async def _system(speaker: Speaker, name: str) -> None:
    id = f"token{name:0>7}"
    await speaker.ask_all(
        system.Ping(),
        system.GetServerInfo(),
        system.Backup("of what is in memory"),
        system.NamespaceCreate(f"{name}-made"),
        system.NamespaceCreate("no/good name"),
        system.NamespaceList(1),
        system.NamespaceList(10, None),
        system.NamespaceDelete(f"{name}-made", True),
        token.TokenCreate(id, b"h" * 32, token.Role.WEB, ["default"], 60_000, "for a page"),
        token.TokenList(10, None),
        token.TokenRevoke(id),
        token.TokenRevoke("nobodyknows1"),
    )


async def _kv(speaker: Speaker) -> None:
    await speaker.ask_all(
        kv.KvPut("key", b"one"),
        kv.KvPut("key", b"two", 60_000),
        kv.KvPut("key", b"three", None, 1),
        kv.KvPut("key", b"three", None, None, True),
        kv.KvPut("other", b"\x00\xff", None, None, False, True),
        kv.KvPut("", b"no name"),
        kv.KvGet("key"),
        kv.KvGet("nothing"),
        kv.KvGetEntry("key"),
        kv.KvTouch("key", 30_000),
        kv.KvDelete("key", 99),
        kv.KvScan("k", 10, None, True),
        kv.KvHistory("key", 5),
        kv.KvMget(["key", "nothing"]),
        kv.KvIncr("counter", -5),
        kv.KvIncr("key"),
        kv.KvExists("counter"),
        kv.KvJsonSet("document", "$", b'{"a": {"b": [1, 2]}}'),
        kv.KvJsonSet("document", "$.a.c", b"true"),
        kv.KvJsonGet("document", "$.a"),
        kv.KvJsonDel("document", "$.a.b[0]"),
        kv.KvCheck("counter", 0),
        kv.KvDelete("key"),
        kv.KvChanges("", True, 0, 0, 3),
    )
    await speaker.advance(60_000)
    await speaker.ask(kv.KvHistory("key"))


async def _queue(speaker: Speaker) -> None:
    await speaker.ask_all(
        queue.QueueConfigure("jobs", 2, 0, 100, 60_000),
        queue.QueueEnqueue("jobs", [b"1", b"2", b"3", b"4"], 5),
        queue.QueueEnqueue("jobs", [b"once"], 70, 1_000, "key"),
        queue.QueueEnqueue("jobs", [b"once"], 70, 1_000, "key"),
        queue.QueuePeek("jobs", 2),
    )
    leased = await speaker.ask(queue.QueueDequeue("jobs", 3, 60_000, 10_000))
    seqs = [message.seq for message in leased.messages]
    leases = [message.lease for message in leased.messages]
    await speaker.ask_all(
        queue.QueueTouch("jobs", seqs, leases, 90_000),
        queue.QueueAck("jobs", seqs[:1], leases[:1]),
        queue.QueueAck("jobs", seqs[1:2], [7]),
        queue.QueueNack("jobs", seqs[1:], leases[1:], True, 0, False, "broken"),
        queue.QueueDlqList("jobs", 1),
        queue.QueueDlqRequeue("jobs", seqs[1:2]),
        queue.QueueDlqDelete("jobs", [999]),
        queue.QueueDlqPurge("jobs"),
        queue.QueueDequeue("jobs", 1, 1_000, 0, True),
        queue.QueueGetStats("jobs"),
        queue.QueueList(),
        queue.QueuePurge("jobs"),
        queue.QueueDelete("jobs"),
        queue.QueueEnqueue("jobs", [], 10),
    )
    await _wait_and_give_up(speaker)


async def _wait_and_give_up(speaker: Speaker) -> None:
    """A long poll whose caller is cancelled: `CancelWait`."""
    poll = asyncio.create_task(speaker.ask(queue.QueueDequeue("empty", 1, 30_000, 60_000)))
    await under_way(speaker.client)
    poll.cancel()
    await asyncio.wait([poll])
    await speaker.ask(system.Ping())


async def _stream(speaker: Speaker) -> None:
    appended = await speaker.ask_all(
        stream.StreamCreate("events", 2, 100_000, 1_000, 100_000),
        stream.StreamCreate("events", 3),
        stream.StreamAppend("events", [b"1", b"2"], "key", None, {"a": "b"}),
        stream.StreamAppend("events", [b"3"], None, 1),
        stream.StreamAppend("events", [b"3"], None, 9),
    )
    first = str(appended[2][0].id)
    await speaker.ask_all(
        stream.StreamRead("events", first, None, None, None, False, 2),
        stream.StreamRead("events", None, None, first, None, False, 2, None, "key"),
        stream.StreamRead("events", "no position"),
        stream.StreamAlter("events", None, 10, None, ["max_age_ms"]),
        stream.StreamGetInfo("events"),
        stream.StreamGetInfo("nothing"),
        stream.StreamList(),
        stream.StreamTrim("events", 2, None, None, None, True),
        stream.StreamTrim("events", None, first),
        stream.StreamDelete("events"),
    )


async def _group(speaker: Speaker) -> None:
    await speaker.ask_all(
        stream.GroupCreate("events", "group", "0", "key_shared", 60_000, 1, 120_000),
        stream.GroupCreate("events", "group", "$"),
        stream.GroupCreate("events", "odd", "0", "no mode"),
        stream.GroupJoin("events", "group", "me"),
    )
    read = await speaker.ask(stream.GroupRead("events", "group", "me", 10, 1_000))
    ids = [record.id for record in read.records]
    leases = [record.lease for record in read.records]
    await speaker.ask_all(
        stream.GroupTouch("events", "group", ids[:1], leases[:1], "me", 90_000),
        stream.GroupAck("events", "group", [*ids[:1], StreamID(1, 1)], [*leases[:1], 5], "me"),
        stream.GroupNack("events", "group", ids[1:2], leases[1:2], None, 0, "unreadable"),
        stream.GroupPending("events", "group", "me", 10),
        stream.GroupClaim("events", "group", "you", 0, 1),
        stream.GroupRead("events", "group", "me", 1, 0, True),
        stream.GroupDead("events", "group", 10),
        stream.GroupGetInfo("events", "group"),
        stream.GroupList("events"),
        stream.GroupSeek("events", "group", "$"),
        stream.GroupLeave("events", "group", "me"),
        stream.GroupDelete("events", "group"),
        stream.StreamDelete("events", True),
    )


async def _action(speaker: Speaker) -> None:
    user = action.ActionType.USER
    answers = await speaker.ask_all(
        action.ActionRegister("send", user, 60_000, 1, 500, 900_000, "sends", 86_400_000),
        action.ActionInvoke("send", b"in", 1, 0, "once", {"zone": "a"}, "caller"),
        action.ActionInvoke("send", b"in", 1, 0, "once", {"zone": "a"}, "caller"),
        action.ActionInvoke("send", b"else", 1, 0, "once"),
        action.ActionInvoke("send", b"late", 10, 60_000),
        action.ActionCall("send", b"called", 10, 0, None, {"zone": "b"}, None, 0),
    )
    await speaker.ask_all(
        action.ActionStatus(answers[1].run_id),
        action.ActionStatus("no run"),
        action.ActionCancel(answers[4].run_id, "too late"),
        action.ActionCancel(answers[4].run_id),
        action.ActionGet("send"),
        action.ActionEnable("send", False),
        action.ActionInvoke("send"),
        action.ActionEnable("send"),
        action.ActionList("s", 10),
        action.ActionListRuns("send", action.RunStatus.PENDING, 10),
        action.ActionListRuns(None, None, 1),
        action.ActionDelete("send"),
        action.ActionDelete("nothing", True),
    )


async def _worker(speaker: Speaker) -> None:
    ask = speaker.ask
    await speaker.ask_all(
        worker.WorkerRegister("me", ["send"], 4, {"zone": "a"}, {"host": "h"}),
        *(action.ActionInvoke("send", payload) for payload in (b"1", b"2", b"3", b"4")),
    )
    tasks: list[Task] = await ask(worker.WorkerAwait("me", ["send"], 5, 1_000))
    await speaker.ask_all(
        worker.WorkerHeartbeat("me", [task.run_id for task in tasks]),
        worker.WorkerTouch("me", tasks[0].run_id, tasks[0].lease, 30_000),
        worker.WorkerComplete("me", tasks[0].run_id, tasks[0].lease, b"out", "approved"),
        worker.WorkerComplete("me", tasks[0].run_id, 99, b"out"),
        worker.WorkerFail("me", tasks[1].run_id, tasks[1].lease, "broken", False),
        worker.WorkerRelease("me", tasks[2].run_id, tasks[2].lease),
    )
    done = worker.TaskResult(tasks[3].run_id, tasks[3].lease, b"out")
    failed = worker.TaskResult(tasks[4].run_id, tasks[4].lease, error="broken", retry=True)
    await speaker.ask_all(
        worker.WorkerExchange("me", [done, failed], ["send"], 1, 1_000),
        action.ActionStatus(tasks[0].run_id, 1_000),
        worker.WorkerList(),
        worker.WorkerDrain("me"),
        worker.WorkerHeartbeat("unknown"),
        worker.WorkerDeregister("me"),
        action.ActionListRuns("send"),
    )
    await speaker.advance(2_000)
    await ask(action.ActionListRuns("send", action.RunStatus.PENDING))


async def _workflow(speaker: Speaker) -> None:
    documents = [text.encode() for text in (definitions.APPROVE_1, definitions.FRAIL)]
    await speaker.ask_all(
        workflow.WorkflowSync(documents),
        workflow.WorkflowSync([b"kind: Workflow\nname: broken\n"]),
        workflow.WorkflowValidate(b"kind: Workflow\nname: [1]\n"),
        workflow.WorkflowStart("approve", b'{"a": 1}', "1", None, "mine"),
        workflow.WorkflowStart("approve", b"null", None, "key"),
        workflow.WorkflowStart("frail", b"null", None, None, "failed"),
        workflow.WorkflowGet("mine"),
        workflow.WorkflowGet("no run"),
        workflow.WorkflowRetry("failed"),
        workflow.WorkflowSignal("mine", "decision", b'{"by": "ada"}'),
        workflow.WorkflowGet("mine", 1_000),
        workflow.WorkflowCancel("mine", "too late"),
        workflow.WorkflowHistory("mine", 2),
        workflow.WorkflowHistory("mine", 10, None, 1, 0),
        workflow.WorkflowListRuns("frail", workflow.WorkflowStatus.FAILED, {}, 10),
        workflow.WorkflowListRuns(None, None, {"name": "none", "n": 1.5}, 10),
        workflow.WorkflowListDefinitions(1),
        workflow.WorkflowGetDefinition("approve", "1"),
        workflow.WorkflowEnable("approve", False),
        workflow.WorkflowStart("approve"),
    )


async def _schedules(speaker: Speaker) -> None:
    await speaker.ask_all(
        workflow.WorkflowSync([definitions.EVERY_MINUTE.encode()]),
        workflow.WorkflowTriggerSchedule("every-minute"),
        workflow.WorkflowSchedules(),
        workflow.WorkflowPauseSchedule("every-minute"),
        workflow.WorkflowPauseSchedule("approve"),
        workflow.WorkflowCancel("every-minute", None),
    )


async def _batch(speaker: Speaker) -> None:
    await speaker.ask_all(
        system.Batch(
            [
                kv.KvPut("batch", b"1"),
                kv.KvCheck("nothing", 0),
                queue.QueueEnqueue("batch", [b"1", b"2"]),
                stream.StreamAppend("batch", [b"1"]),
                action.ActionInvoke("send", b"batch"),
            ]
        ),
        system.Batch([kv.KvPut("batch", b"2"), kv.KvCheck("batch", 0)]),
    )
