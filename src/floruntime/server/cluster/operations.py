"""An operator's requests to a cluster: showing its state, and moving leads."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Protocol

from floruntime.core.cluster import (
    ClusterDrain,
    ClusterForget,
    ClusterImport,
    ClusterInfo,
    ClusterMove,
    ClusterRecover,
    ClusterStatus,
    NodeInfo,
    PartitionInfo,
    ReplicaInfo,
)
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    FloError,
    InternalServerError,
    NotFoundError,
    UnavailableError,
)
from floruntime.core.limits import shown
from floruntime.core.operation_names import operation_of
from floruntime.core.system import Backup
from floruntime.core.terms import Terms
from floruntime.core.types import Request
from floruntime.engine.system.namespaces import NAMESPACE
from floruntime.server.cluster.board.board import BoardSilentError
from floruntime.server.cluster.board.members import DRAIN, NODES, NodeRow, decode_node
from floruntime.server.cluster.board.placement import SYSTEM, keepers
from floruntime.server.cluster.copies.cluster_backup import back_up
from floruntime.server.cluster.leading import pin_of
from floruntime.server.cluster.leads.recovering import check_versions, history_of, recover_of
from floruntime.server.cluster.node import Node
from floruntime.server.cluster.operation_notes import OperationNote, details_of
from floruntime.server.cluster.requests.patiently import patiently
from floruntime.server.cluster.requests.pending import TELLING_S
from floruntime.server.cluster.requests.silence import what_ails_nats
from floruntime.server.cluster.taking_in import take_in
from floruntime.server.config import NAME_IN_CLUSTER
from floruntime.server.ending import end_tasks

log = logging.getLogger("floruntime.cluster")

PATIENCE_S = 10.0
"""How long a move or a drain is waited for."""
ELECTION_S = 20.0
"""How long NATS may take to elect who keeps the board before an operator is told so."""
ONCE_S = 2.0
"""How long one try may take."""
RECOVER_S = 600.0
"""How long a copy may take to become a checkpoint."""
LOOK_S = 0.05
NOTED = (ClusterMove, ClusterDrain, ClusterForget, ClusterImport, ClusterRecover)
"""What is in the audit."""
NAMESPACES_COUNTED_MAX = 10_000
_WITHIN_S: ContextVar[float] = ContextVar("within_s", default=math.inf)
"""How long whoever asked waits for what is being answered."""


def _election_s() -> float:
    """For how long the board is asked again while the caller waits for this request's answer."""
    return min(ELECTION_S, _WITHIN_S.get() - ONCE_S)


class Asker(Protocol):
    """Whose request it is."""

    is_closed: bool
    terms: Terms | None

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None: ...
    def flush(self) -> None: ...


class Operations:
    """Answers them on `node`, whichever node that is."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._answers: dict[type[Any], Callable[[Any], Coroutine[Any, Any, Any]]] = {
            ClusterStatus: self._status,
            ClusterMove: self._move,
            ClusterDrain: self._drain,
            ClusterForget: self._forget,
            ClusterImport: self._import,
            ClusterRecover: self._recover,
            Backup: self._back_up,
        }

    def serves(self, request: Request[Any]) -> bool:
        """Whether it answers such a request."""
        return type(request) in self._answers

    def begin(
        self, asker: Asker, request_id: int, request: Request[Any], who: tuple[str, str]
    ) -> None:
        """Answer, now or later. `who`: whom the audit names, and from where they came."""
        answering = self._answer(asker, request_id, request, who)
        task = asyncio.get_running_loop().create_task(answering)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    async def _answer(
        self, asker: Asker, request_id: int, request: Request[Any], who: tuple[str, str]
    ) -> None:
        result, error = None, None
        if asker.terms is not None and asker.terms.within_ms:
            _WITHIN_S.set(max(0.0, asker.terms.within_ms / 1000 - TELLING_S))
        try:
            result = await self._answers[type(request)](request)
        except FloError as refusal:
            error = refusal
        except BoardSilentError as silent:
            error = UnavailableError(f"the cluster cannot be reached: {silent}", ran="maybe")
        except Exception:
            name = operation_of(type(request))
            log.exception("%s failed", name)
            error = InternalServerError(f"{name} failed; the node's log says why")
        is_noted = type(request) in NOTED and (error is None or error.ran == "maybe")
        # An import may bring tokens, which cut off the caller that asked for it: answer first.
        is_told_first = isinstance(request, ClusterImport)
        if is_noted and not is_told_first:
            await self._note(who, request, is_waited_for=error is None)
        if not asker.is_closed:
            asker.add_answer(request_id, result, error)
            asker.flush()
        if is_noted and is_told_first:
            await self._note(who, request, is_waited_for=False)

    async def _note(
        self, who: tuple[str, str], request: Request[Any], *, is_waited_for: bool
    ) -> None:
        """Let the operation be audited. If that fails, the operation has still succeeded."""
        name = type(request).__name__
        note = OperationNote(secrets.token_hex(8), *who, name, details_of(request))
        try:
            await self._node.notes.note(note, is_waited_for=is_waited_for)
        except BoardSilentError as silent:
            log.warning("%s is not in the audit: %s", name, silent)

    async def stop(self) -> None:
        """Answer nothing any more."""
        await end_tasks(self._tasks)

    # How it is

    async def _status(self, request: ClusterStatus) -> ClusterInfo:
        node = self._node
        numbers = range(SYSTEM, node.meta.partitions + 1)
        leaders = {number: node.leader_of(number) for number in numbers}
        ailment = what_ails_nats(node)
        state = f"version {node.nats.version}, " if node.nats.is_connected else ""
        lazy = "".join(f"; {name} syncs only every {each:g} s" for name, each in node.lazy.items())
        return ClusterInfo(
            name=node.config.cluster_name,
            cluster_id=node.cluster_id,
            node=node.name,
            copies=node.meta.copies,
            nats=state + (ailment or "answers") + lazy,
            nats_is_up=not ailment,
            nodes=[self._node_info(name, leaders) for name in node.members.names],
            partitions=[self._partition_info(number, leaders[number]) for number in numbers],
        )

    def _node_info(self, name: str, leaders: dict[int, str]) -> NodeInfo:
        members = self._node.members
        row = members.row(name)
        assert row is not None, "it was named by its row"
        silent_ms = members.silent_ms(name)
        return NodeInfo(
            name=name,
            address=row.address,
            version=row.version,
            is_alive=members.is_alive(name),
            is_draining=members.is_draining(name),
            clock_difference_ms=row.wall_ms + silent_ms - int(self._node.wall_s() * 1000),
            leads=sum(1 for leader in leaders.values() if leader == name),
            keeps=sum(1 for number in leaders if name in self._keepers(number)),
            silent_ms=silent_ms,
        )

    def _keepers(self, partition: int) -> list[str]:
        return keepers(partition, self._node.members.names, self._node.meta.copies)

    def _holders(self, partition: int) -> list[str]:
        """The nodes that keep a partition, and those whose copy has stopped following. Such a copy
        may be the furthest one, so it is kept until an operator has chosen.
        """
        names = self._keepers(partition)
        rows = [(name, self._node.members.row(name)) for name in self._node.members.names]
        held = [name for name, row in rows if row is not None and partition in row.troubles]
        return [*names, *(name for name in held if name not in names)]

    def _partition_info(self, partition: int, leader: str) -> PartitionInfo:
        node = self._node
        replica = node.replicas.get(partition)
        row = node.watches[partition].row
        sequences = {name: self._sequence(name, partition) for name in self._holders(partition)}
        latest = max([*sequences.values(), replica.hinted if replica else 0])
        return PartitionInfo(
            number=partition,
            name="system" if partition == SYSTEM else str(partition),
            leader=leader,
            term=0 if row is None else row.term,
            sequence=latest,
            replicas=[
                ReplicaInfo(
                    name, at, latest - at, node.members.silent_ms(name) if at < latest else 0
                )
                for name, at in sequences.items()
            ],
            namespaces=0 if replica is None else _namespaces(replica.store),
            trouble=self._trouble(partition, leader),
        )

    def _trouble(self, partition: int, leader: str) -> str:
        """Why copies of a partition follow no further, or nobody may lead it."""
        node = self._node
        troubles = {
            name: row.troubles.get(partition, "")
            for name in self._holders(partition)
            if (row := node.members.row(name)) is not None and node.members.is_alive(name)
        }
        if partition in node.replicas:
            troubles[node.name] = node.replicas[partition].trouble
        told = "; ".join(f"{name}: {text}" for name, text in troubles.items() if text)
        if not (told or leader or node.members.may_lead(node.format)):
            return (
                f"its log has format {node.format}, which no live node that may lead it knows; "
                "start a node of a version that knows it"
            )
        return told

    def _sequence(self, name: str, partition: int) -> int:
        node = self._node
        if name == node.name and partition in node.replicas:
            return node.replicas[partition].position.sequence
        row = node.members.row(name)
        return 0 if row is None else row.sequences.get(partition, 0)

    # Where leads are to be

    def _check_one(self, partition: int, name: str, able: list[str]) -> None:
        partitions = self._node.meta.partitions
        if not SYSTEM <= partition <= partitions:
            raise BadRequestError(
                f"partition is {partition}; 0 (system) to {partitions} is allowed"
            )
        self._check_node(name)
        if name not in able:
            raise BadRequestError(
                f"node {name} keeps no copy of partition {partition}; {', '.join(able)} do"
            )

    async def _move(self, request: ClusterMove) -> None:
        node = self._node
        self._check_one(request.partition, request.node, self._keepers(request.partition))
        if request.node not in node.members.may_lead(node.format):
            raise ConflictError(f"node {request.node} is not alive, or is being drained")
        await self._write(pin_of(request.partition), request.node.encode())
        node.hint("lease", request.partition, request.node)
        await self._until(
            lambda: node.leader_of(request.partition) == request.node,
            f"partition {request.partition} is not led by node {request.node} yet; it will be "
            "once its copy has caught up",
        )

    async def _write(self, name: str, value: bytes) -> None:
        """Write an entry to the board, and retry: writing it twice does no harm."""
        await patiently(lambda: self._node.board.write(name, value, None), _election_s())

    def _check_node(self, name: str) -> None:
        names = self._node.members.names
        if name not in names:
            raise NotFoundError(
                f"node {shown(name)} is not in this cluster, which has: {', '.join(names)}"
            )

    async def _row_now(self, name: str) -> NodeRow:
        """What a node told of itself last, as the board has it now: of one that has just started
        this node may know its last start alone, or nothing.
        """
        if not NAME_IN_CLUSTER.fullmatch(name):
            self._check_node(name)
        entry = await patiently(lambda: self._node.board.read(f"{NODES}{name}"), _election_s())
        if entry is None or not entry.value:
            self._check_node(name)
            raise NotFoundError(f"node {shown(name)} was forgotten meanwhile")
        if self._node.members.row(name) is None:
            raise UnavailableError(
                f"node {name} is not known to this node yet; try again", ran="no"
            )
        return decode_node(entry.value)

    async def _drain(self, request: ClusterDrain) -> None:
        node = self._node
        row = await self._row_now(request.node)
        if not node.members.is_alive(request.node):
            raise ConflictError(f"node {request.node} is not alive, so it leads nothing")
        await self._write(f"{DRAIN}{request.node}", row.run.encode())
        for partition in range(SYSTEM, node.meta.partitions + 1):
            pin = node.entries.get(pin_of(partition))
            if pin is not None and pin.value == request.node.encode():
                await self._write(pin_of(partition), b"")
        node.hint("lease", SYSTEM, request.node)
        await self._until(
            lambda: (
                self._has_heard_of_its_drain(request.node)
                and all(
                    node.leader_of(number) not in ("", request.node)
                    for number in range(len(node.watches))
                )
            ),
            f"node {request.node} still leads a partition: no other node can lead it yet, "
            "or the node has not learned of its drain; try again",
        )

    def _has_heard_of_its_drain(self, name: str) -> bool:
        """Whether the node itself reports that it will take no more leads. Its leads are seen as
        soon as that report is. Its silence proves nothing: it may be about to lead again.
        """
        row = self._node.members.row(name)
        return row is None or row.is_draining

    async def _forget(self, request: ClusterForget) -> None:
        node = self._node
        await self._row_now(request.node)
        if node.members.is_alive(request.node):
            raise ConflictError(f"node {request.node} is alive; stop it before you forget it")
        await self._write(NODES + request.node, b"")
        node.look_soon()

    async def _recover(self, request: ClusterRecover) -> None:
        node, partition, name = self._node, request.partition, request.node
        self._check_one(partition, name, self._holders(partition))
        if name not in node.members.may_lead(node.format):
            raise ConflictError(f"node {name} is not alive, or is being drained")
        row, leader = node.members.row(name), node.leader_of(partition)
        if leader and row is not None and not row.troubles.get(partition):
            raise ConflictError(
                f"partition {partition} is led by node {leader}, and the copy of node {name} "
                "follows its log: there is nothing to recover"
            )
        kept = [node.members.row(each) for each in self._keepers(partition)]
        check_versions(partition, [each for each in kept if each is not None])
        before = history_of(node.entries, partition)
        await self._write(pin_of(partition), name.encode())
        await self._write(recover_of(partition), name.encode())
        node.hint("lease", partition, name)
        await self._until(
            lambda: (
                node.leader_of(partition) == name and history_of(node.entries, partition) > before
            ),
            f"partition {partition} is not led by node {name} yet; the node keeps trying",
            RECOVER_S,
        )

    async def _back_up(self, request: Backup) -> str:
        return await back_up(self._node, request.directory)

    async def _import(self, request: ClusterImport) -> int:
        return await take_in(self._node, request.directory)

    async def _until(
        self, condition: Callable[[], bool], problem: str, patience_s: float = PATIENCE_S
    ) -> None:
        until_s = time.monotonic() + min(patience_s, _WITHIN_S.get())
        self._node.look_soon()
        while not condition():
            if time.monotonic() > until_s:
                raise UnavailableError(problem, ran="maybe")
            await asyncio.sleep(LOOK_S)
            self._node.route()


def _namespaces(store: Any) -> int:
    """How many namespaces lie there; counted up to a bound."""
    count = 0
    for _, data in store.scan(*NAMESPACE.range()):
        count += bool(NAMESPACE.decode(data).id)
        if count >= NAMESPACES_COUNTED_MAX:
            break
    return count
