"""Reads that any copy may answer, if the client allows it.

Such an answer is from a consistent state. The state may be old, but is never behind what the client
has already seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from floruntime.core.action import (
    ActionCountRuns,
    ActionGet,
    ActionGetLimits,
    ActionList,
    ActionListRuns,
    ActionSchedules,
    ActionStatus,
)
from floruntime.core.errors import FloError, UnavailableError
from floruntime.core.jobs import JobGet, JobList
from floruntime.core.kv import (
    KvExists,
    KvGet,
    KvGetEntry,
    KvHistory,
    KvJsonGet,
    KvMget,
    KvScan,
)
from floruntime.core.limits import UINT_MAX, check_read_namespace
from floruntime.core.queue import QueueDlqList, QueueGetStats, QueueList
from floruntime.core.stream import (
    GroupGetInfo,
    GroupList,
    StreamGetInfo,
    StreamList,
    StreamRead,
)
from floruntime.core.terms import Terms, Told
from floruntime.core.types import Request
from floruntime.core.wire import told_in_pieces
from floruntime.core.worker import WorkerGetInfo, WorkerList
from floruntime.core.workflow import (
    WorkflowCountRuns,
    WorkflowGet,
    WorkflowGetDefinition,
    WorkflowHistory,
    WorkflowListDefinitions,
    WorkflowListRuns,
    WorkflowSchedules,
)
from floruntime.engine.machine import ask
from floruntime.engine.rules import RULES
from floruntime.engine.state.tx import View
from floruntime.engine.store import Store, StoreError
from floruntime.server.cluster.board.lease import LeaseWatch
from floruntime.server.cluster.copies.replica import Replica
from floruntime.server.commit.large_answers import LargeAnswers, TakesBodies
from floruntime.server.config import Config

LOCAL = frozenset(
    (
        *(KvGet, KvGetEntry, KvScan, KvHistory, KvMget, KvExists, KvJsonGet),
        *(QueueGetStats, QueueList, QueueDlqList),
        *(StreamRead, StreamGetInfo, StreamList, GroupGetInfo, GroupList),
        *(ActionStatus, ActionGet, ActionList, ActionListRuns, ActionCountRuns),
        *(ActionGetLimits, ActionSchedules, WorkerGetInfo, WorkerList, JobGet, JobList),
        *(WorkflowGet, WorkflowHistory, WorkflowListRuns, WorkflowCountRuns),
        *(WorkflowListDefinitions, WorkflowGetDefinition, WorkflowSchedules),
    )
)
"""What they are. One that is to wait for something (`block_ms`) goes to who leads."""


class Node(Protocol):
    """Whose copies answer."""

    replicas: dict[int, Replica]
    watches: list[LeaseWatch]
    config: Config
    answer_room: Callable[[], int] | None


class Caller(Protocol):
    """Who asks."""

    terms: Terms | None
    spans: Any

    def add_answer(
        self, request_id: int, result: Any, error: FloError | None, told: Told | None = None
    ) -> None: ...


def is_local(terms: Terms | None, request: Request[Any]) -> bool:
    """Whether any copy may answer this."""
    return (
        terms is not None
        and terms.seen is not None
        and type(request) in LOCAL
        and not getattr(request, "block_ms", 0)
    )


def seen_by(terms: Terms | None, request: Request[Any]) -> int:
    """How far its caller has seen the log that a read goes to; 0: not said, or of no matter."""
    return (terms.seen or 0) if terms is not None and type(request) in LOCAL else 0


class LocalReads:
    """Answers from the copies of `node`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        #: Of each partition the state that was read last, and its sequence.
        self._views: dict[int, tuple[Store, int, View]] = {}
        self._large: LargeAnswers | None = None

    def answer(
        self, partition: int, caller: Caller, request_id: int, namespace: str, request: Any
    ) -> bool:
        """Answer at once; False where the copy here is too old, or there is none."""
        terms, replica = caller.terms, self._node.replicas.get(partition)
        assert terms is not None, "it said that any copy may"
        if replica is None or not replica.may_be_read:
            return False
        reach, watch = replica.position.reach, self._node.watches[partition]
        staleness_ms = watch.staleness_ms(reach)
        if staleness_ms is None or reach < (terms.seen or 0):
            return False
        if terms.max_staleness_ms is not None and staleness_ms > terms.max_staleness_ms:
            return False
        now_ms = max(watch.time_ms() or 0, replica.position.time_ms)
        told = Told(reach, staleness_ms)
        result, error = None, None
        try:
            items = RULES.items.get(type(request))
            if items is not None and isinstance(caller, TakesBodies):
                view = self._view_apart(replica, namespace, now_ms)
                found = _while_open(items(view, request))
                self._large_answers().answer(_Telling(caller, told), request_id, found)
                return True
            view = self._view(partition, replica)
            view.namespace, view.spans, view.now_ms = namespace, caller.spans, now_ms
            result = ask(RULES, view, request)
        except FloError as refusal:
            error = refusal
        caller.add_answer(request_id, result, error, told)
        return True

    def _view_apart(self, replica: Replica, namespace: str, now_ms: int) -> View:
        """The copy as it stands now, to be read for longer: it moves on meanwhile."""
        check_read_namespace(namespace)
        value_bytes_max = self._node.config.value_bytes_max
        view = View(replica.store.snapshot(), namespace, now_ms, value_bytes_max)
        view.answer_room = self._room
        return view

    def _large_answers(self) -> LargeAnswers:
        if self._large is None:
            self._large = LargeAnswers(self._room)
        return self._large

    def _room(self) -> int:
        room = self._node.answer_room
        return UINT_MAX if room is None else room()

    def _view(self, partition: int, replica: Replica) -> View:
        """The copy as it stands; what was decoded of it is kept until it moves on."""
        store, sequence = replica.store, replica.position.sequence
        kept = self._views.get(partition)
        if kept is not None and kept[0] is store and kept[1] == sequence:
            return kept[2]
        view = View(store, "", 0, self._node.config.value_bytes_max)
        self._views[partition] = store, sequence, view
        return view


class _Telling:
    """A caller who is told, with each answer, how old it is."""

    def __init__(self, caller: Any, told: Told) -> None:
        self._caller = caller
        self._told = told
        self.await_body = caller.await_body
        self.owe = caller.owe

    @property
    def is_closed(self) -> bool:
        closed: bool = self._caller.is_closed
        return closed

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        self._caller.add_answer(request_id, result, error, self._told)

    def give_body(self, request_id: int, pieces: list[bytes]) -> None:
        told = told_in_pieces(pieces, self._told) if pieces else []
        self._caller.give_body(request_id, told)


def _while_open(items: Iterator[Any]) -> Iterator[Any]:
    """These items, for as long as the copy is the same one."""
    try:
        yield from items
    except StoreError:
        raise UnavailableError(
            "this node's copy was replaced during the read; try again", ran="no"
        ) from None
