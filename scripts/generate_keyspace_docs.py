"""Fills the generated sections of docs/keyspace.md: what each command reads and writes, counted.

python -m scripts.generate_keyspace_docs
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.growth import CountingStore
from scripts.sections import table, write_sections

from floruntime.core.action import ActionCancel, ActionInvoke, ActionRegister, ActionStatus
from floruntime.core.kv import (
    KvChanges,
    KvDelete,
    KvGet,
    KvHistory,
    KvIncr,
    KvMget,
    KvPut,
    KvScan,
    KvTouch,
)
from floruntime.core.queue import (
    QueueAck,
    QueueDequeue,
    QueueDlqRequeue,
    QueueEnqueue,
    QueueGetStats,
    QueueNack,
    QueuePurge,
    QueueTouch,
)
from floruntime.core.stream import (
    GroupAck,
    GroupNack,
    GroupRead,
    StreamAppend,
    StreamCreate,
    StreamDelete,
    StreamRead,
    StreamTrim,
)
from floruntime.core.system import NamespaceDelete, SessionOpen
from floruntime.core.types import Query, Request
from floruntime.core.worker import (
    TaskResult,
    WorkerAwait,
    WorkerComplete,
    WorkerExchange,
    WorkerFail,
    WorkerTouch,
)
from floruntime.core.workflow import (
    WorkflowCancel,
    WorkflowGet,
    WorkflowHistory,
    WorkflowListRuns,
    WorkflowSignal,
    WorkflowStart,
    WorkflowStatus,
    WorkflowSync,
)
from floruntime.engine.machine import Entry, Machine
from floruntime.engine.rules import RULES
from floruntime.engine.store.memory import MemoryStore

START_MS = 1_700_000_000_000
SESSION = "client"


class Counted:
    """A machine over a store that counts; each command is a batch of its own."""

    def __init__(self) -> None:
        self.store = CountingStore(MemoryStore())
        self.machine = Machine(self.store, RULES)

    def run(self, request: Request[Any], *, number: int = 0) -> Any:
        """The answer of a command or query."""
        if isinstance(request, Query):
            return self.machine.query(self.store, "default", START_MS, request)
        entry = Entry(START_MS, "default", SESSION, number, request)
        outcome = self.machine.apply(entry)
        assert outcome.error is None, outcome.error
        if self.machine.is_changed:
            self.store.write(self.machine.take())
        return outcome.result

    def cost_of(self, request: Request[Any], *, number: int = 0) -> list[str]:
        """Point reads, rows passed by scans, rows written or deleted, ranges dropped."""
        store = self.store
        store.reset()
        self.run(request, number=number)
        written = max(0, store.rows_written - 1)  # one row a batch is the machine's own
        counts = (store.reads, store.rows_scanned, written, store.clears)
        return [str(count) for count in counts]


Case = tuple[str, Callable[[Counted], tuple[Request[Any], int]]]


def _plain(*before: Request[Any], then: Request[Any]) -> Callable[[Counted], Any]:
    def prepare(counted: Counted) -> tuple[Request[Any], int]:
        for request in before:
            counted.run(request)
        return then, 0

    return prepare


def _numbered(counted: Counted) -> tuple[Request[Any], int]:
    counted.run(SessionOpen())
    counted.run(PUT)
    counted.run(PUT, number=1)
    return PUT, 2


def _settling(count: int, make: Callable[[list[int], list[int]], Request[Any]]) -> Any:
    def prepare(counted: Counted) -> tuple[Request[Any], int]:
        counted.run(TEN)
        messages = counted.run(QueueDequeue("q", count)).messages
        seqs, leases = [m.seq for m in messages], [m.lease for m in messages]
        return make(seqs, leases), 0

    return prepare


def _group(count: int, make: Callable[[list[Any], list[int]], Request[Any]]) -> Any:
    def prepare(counted: Counted) -> tuple[Request[Any], int]:
        counted.run(RECORDS)
        records = counted.run(GroupRead("s", "g", "c", count)).records
        return make([r.id for r in records], [r.lease for r in records]), 0

    return prepare


def _dead(counted: Counted) -> tuple[Request[Any], int]:
    counted.run(TEN)
    [message] = counted.run(QueueDequeue("q")).messages
    counted.run(QueueNack("q", [message.seq], [message.lease], to_dlq=True))
    return QueueDlqRequeue("q", [message.seq]), 0


def _claimed(count: int, make: Callable[[list[Any]], Request[Any]]) -> Any:
    def prepare(counted: Counted) -> tuple[Request[Any], int]:
        for request in TWENTY_RUNS:
            counted.run(request)
        return make(counted.run(WorkerAwait("w", ["a"], count))), 0

    return prepare


def _invoked(make: Callable[[str], Request[Any]]) -> Any:
    def prepare(counted: Counted) -> tuple[Request[Any], int]:
        counted.run(ActionRegister("a"))
        return make(counted.run(INVOKE).run_id), 0

    return prepare


def _flow(make: Callable[[Counted, str], Request[Any]], step: str = 'run: "@actions/a"') -> Any:
    """A workflow of two such steps with twenty runs; `make` is given the id of the last one."""

    def prepare(counted: Counted) -> tuple[Request[Any], int]:
        counted.run(ActionRegister("a"))
        counted.run(WorkflowSync([FLOW.format(step=step).encode()]))
        run_ids = [counted.run(START).run_id for _ in range(20)]
        return make(counted, run_ids[-1]), 0

    return prepare


def _completed_step(counted: Counted, _: str) -> Request[Any]:
    task = counted.run(WorkerAwait("w", ["a"]))[0]
    return WorkerComplete("w", task.run_id, task.lease, b"{}")


def _completed_run(counted: Counted, run_id: str) -> Request[Any]:
    counted.run(_completed_step(counted, run_id))
    tasks = counted.run(WorkerAwait("w", ["a"], 100))
    return WorkerComplete("w", tasks[-1].run_id, tasks[-1].lease, b"{}")


def _results(tasks: list[Any]) -> list[TaskResult]:
    return [TaskResult(task.run_id, task.lease, b"output") for task in tasks]


FLOW = """
kind: Workflow
name: flow
version: "1"
start: {{{step}, transitions: {{success: more}}}}
steps:
  more: {{{step}, transitions: {{success: flo.Completed}}}}
"""
WAIT = "waitForSignal: {type: go}"
START = WorkflowStart("flow", b'{"order": 42}')
PUT = KvPut("key", b"value")
INVOKE = ActionInvoke("a", b"payload")
TWENTY_RUNS = [ActionRegister("a"), *[INVOKE] * 20]
TEN = QueueEnqueue("q", [b"payload"] * 10)
RECORDS = StreamAppend("s", [b"payload"] * 300)
CASES: list[Case] = [
    ("put of a new key", _plain(KvPut("other", b""), then=PUT)),
    ("put over a value", _plain(PUT, then=PUT)),
    ("put with a TTL, over a value", _plain(PUT, then=KvPut("key", b"value", 60_000))),
    ("put over a value, with a write number (as clients do)", _numbered),
    ("delete", _plain(PUT, then=KvDelete("key"))),
    ("incr", _plain(KvIncr("key"), then=KvIncr("key"))),
    ("touch", _plain(PUT, then=KvTouch("key", 60_000))),
    ("get", _plain(PUT, then=KvGet("key"))),
    ("mget of 10", _plain(PUT, then=KvMget(["key"] * 10))),
    ("history of 10", _plain(*[PUT] * 11, then=KvHistory("key"))),
    ("scan of 100", _plain(*[KvPut(f"{n}", b"") for n in range(150)], then=KvScan())),
    ("one step of a watch, one change", _plain(PUT, PUT, then=KvChanges("key", False, 1))),
    ("enqueue", _plain(TEN, then=QueueEnqueue("q", [b"payload"]))),
    ("enqueue with a delay", _plain(TEN, then=QueueEnqueue("q", [b"payload"], delay_ms=9))),
    ("enqueue with a dedup key", _plain(TEN, then=QueueEnqueue("q", [b""], dedup_key="k"))),
    ("enqueue_many of 10", _plain(TEN, then=TEN)),
    ("dequeue of 1", _plain(TEN, then=QueueDequeue("q"))),
    ("dequeue of 10", _plain(TEN, then=QueueDequeue("q", 10))),
    ("dequeue that finds nothing", _plain(then=QueueDequeue("q"))),
    ("ack of 1", _settling(1, lambda seqs, leases: QueueAck("q", seqs, leases))),
    ("ack of 10", _settling(10, lambda seqs, leases: QueueAck("q", seqs, leases))),
    ("nack of 1", _settling(1, lambda seqs, leases: QueueNack("q", seqs, leases))),
    ("touch of 1 message", _settling(1, lambda seqs, leases: QueueTouch("q", seqs, leases))),
    ("dlq_requeue of 1", _dead),
    ("purge of a queue", _plain(TEN, then=QueuePurge("q"))),
    ("stats", _plain(TEN, then=QueueGetStats("q"))),
    ("append", _plain(RECORDS, then=StreamAppend("s", [b"payload"]))),
    (
        "append, several partitions",
        _plain(StreamCreate("s", 4), RECORDS, then=StreamAppend("s", [b"payload"])),
    ),
    (
        "append, max_records reached",
        _plain(StreamCreate("s", 1, None, 300), RECORDS, then=StreamAppend("s", [b"payload"])),
    ),
    ("append_many of 100", _plain(RECORDS, then=StreamAppend("s", [b"payload"] * 100))),
    ("read of 10", _plain(RECORDS, then=StreamRead("s"))),
    ("read of 10 from offset 200", _plain(RECORDS, then=StreamRead("s", offset=200))),
    ("trim to 10 of 300", _plain(RECORDS, then=StreamTrim("s", 10))),
    ("delete of a stream", _plain(RECORDS, then=StreamDelete("s", True))),
    (
        "group_read of 10, a known consumer",
        _group(10, lambda ids, leases: GroupRead("s", "g", "c")),
    ),
    ("group_ack of 10", _group(10, lambda ids, leases: GroupAck("s", "g", ids, leases))),
    ("group_nack of 1", _group(1, lambda ids, leases: GroupNack("s", "g", ids, leases))),
    ("invoke", _plain(*TWENTY_RUNS, then=INVOKE)),
    ("invoke with a delay", _plain(*TWENTY_RUNS, then=ActionInvoke("a", b"", delay_ms=9))),
    ("claim of 1", _plain(*TWENTY_RUNS, then=WorkerAwait("w", ["a"]))),
    ("claim of 10", _plain(*TWENTY_RUNS, then=WorkerAwait("w", ["a"], 10))),
    ("claim that finds nothing", _plain(TWENTY_RUNS[0], then=WorkerAwait("w", ["a"]))),
    (
        "complete, with an output",
        _claimed(1, lambda tasks: WorkerComplete("w", tasks[0].run_id, tasks[0].lease, b"out")),
    ),
    (
        "fail, with a retry",
        _claimed(1, lambda tasks: WorkerFail("w", tasks[0].run_id, tasks[0].lease, "broken")),
    ),
    (
        "touch of a run",
        _claimed(1, lambda tasks: WorkerTouch("w", tasks[0].run_id, tasks[0].lease, 60_000)),
    ),
    (
        "exchange of 10 results for 10 runs",
        _claimed(10, lambda tasks: WorkerExchange("w", _results(tasks), ["a"], 10)),
    ),
    ("cancel of a run that is due", _invoked(ActionCancel)),
    ("status of a run", _invoked(ActionStatus)),
    ("start of a workflow whose first step runs an action", _flow(lambda _, run_id: START)),
    ("start of one that first waits for a signal", _flow(lambda _, run_id: START, WAIT)),
    ("complete, which takes a workflow to its next action", _flow(_completed_step)),
    ("complete, which ends a workflow", _flow(_completed_run)),
    (
        "signal that is waited for, the next step waiting too",
        _flow(lambda _, run_id: WorkflowSignal(run_id, "go", b"{}"), WAIT),
    ),
    (
        "signal that is kept",
        _flow(lambda _, run_id: WorkflowSignal(run_id, "other", b"{}"), WAIT),
    ),
    ("cancel of a workflow run at an action", _flow(lambda _, run_id: WorkflowCancel(run_id))),
    ("status of a workflow run", _flow(lambda _, run_id: WorkflowGet(run_id))),
    ("history of a workflow run", _flow(lambda _, run_id: WorkflowHistory(run_id))),
    (
        "list of 10 runs in one status",
        _flow(lambda _, run_id: WorkflowListRuns("flow", WorkflowStatus.RUNNING, limit=10)),
    ),
    ("delete of a namespace", _plain(PUT, RECORDS, then=NamespaceDelete("default", True))),
]
HEAD = ["command", "point reads", "rows passed by scans", "rows written", "ranges dropped"]


def costs() -> str:
    """The table of what each command asks of the store."""
    rows = []
    for name, prepare in CASES:
        counted = Counted()
        request, number = prepare(counted)
        rows.append([name, *counted.cost_of(request, number=number)])
    return table(HEAD, rows)


def sections() -> dict[str, str]:
    """Every generated section of the page."""
    return {"costs": costs()}


if __name__ == "__main__":
    write_sections("keyspace.md", sections())
