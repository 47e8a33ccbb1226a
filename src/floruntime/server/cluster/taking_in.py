"""Imports data into an empty cluster: a single server's, or a backup of a cluster.

Each partition imports all data of a single server, as batches of its log. Then it deletes the
namespaces that belong to other partitions (`system`: all of them). Rows hold numbers, not names, so
namespaces cannot be cut out of a store. But the engine can delete them, in steps that do not delay
others. From a backup of a cluster each partition imports only its own data. In both cases the
partition begins a new history, as a single server does that starts from a backup.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

from floruntime.core.errors import BadRequestError, ConflictError, UnavailableError
from floruntime.core.limits import shown
from floruntime.core.system import NamespaceDelete
from floruntime.engine.machine import applied_index
from floruntime.engine.store import Changes, Reader
from floruntime.engine.store.errors import StoreError
from floruntime.engine.store.rocks import RocksStore
from floruntime.engine.system.eras import ERAS_KEY, ended
from floruntime.engine.system.namespaces import NAMESPACE
from floruntime.engine.system.tokens import TOKEN
from floruntime.server.cluster.board.board import BoardSilentError, RevisionError
from floruntime.server.cluster.board.members import ALIVE_S
from floruntime.server.cluster.board.placement import SYSTEM, partition_of
from floruntime.server.cluster.copies.directories import is_of_a_cluster, partitions_in, place_of
from floruntime.server.cluster.leading import pin_of
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.leads.publishing import GivenUpError
from floruntime.server.cluster.log.message import POSITION_KEY
from floruntime.server.cluster.node import Node
from floruntime.server.data.data_dir import ReadersLock, has_format, open_store

TAKING_IN = "taking-in"
"""The board's entry with the start of the node that takes data in."""
LOOK_S = 0.05
PATIENCE_S = 30.0
BATCH_BYTES = 512 * 1024
BATCH_ROWS_MAX = 5_000
ALL_ROWS = (b"\x00", b"\xff" * 3)


async def take_in(node: Node, directory: str) -> int:
    """Take in what lies at `directory`, on this node's machine; how many namespaces.

    Raises `BadRequestError` on what cannot be, `ConflictError` where the cluster is not empty, and
    `UnavailableError` where this node cannot lead all of it.
    """
    if node.is_taking_in:  # set before the first wait: whoever asks meanwhile finds it
        raise ConflictError(f"node {node.name} is importing data already")
    node.is_taking_in = True
    try:
        return await _checked_and_taken_in(node, directory)
    finally:
        node.is_taking_in = False


async def _checked_and_taken_in(node: Node, directory: str) -> int:
    numbers = range(SYSTEM, node.meta.partitions + 1)
    for number in numbers:
        if number not in node.replicas:
            raise BadRequestError(
                f"node {node.name} keeps no copy of partition {number}; send the import to "
                "a node that keeps all partitions"
            )
        _check_empty(node, number)
    source = await asyncio.to_thread(_open, directory, len(numbers))
    try:
        await _claim(node)
        await _claimed(node, numbers, source)
    finally:
        source.close()
    return source.namespaces


async def _claimed(node: Node, numbers: range, source: Source) -> None:
    """Take in `source`, and give up the claim."""
    try:
        for number in numbers:  # what this node leads it knows: another may have been faster
            await _led_here(node, number)
            _check_empty(node, number)
        for number in numbers:
            lead = await _led_here(node, number)
            await _take_in_one(node, lead, source.of(number))
            if not source.is_cut:
                await _drop_others(node, number)
    finally:
        with suppress(BoardSilentError):  # it is this node's, which may do so again
            for number in numbers:
                await node.board.write(pin_of(number), b"", None)
            await node.board.write(TAKING_IN, b"", None)


def _check_empty(node: Node, partition: int) -> None:
    if not _is_empty(node.replicas[partition].store):
        raise ConflictError(
            "the cluster is not empty; data can be imported only into an empty cluster"
        )


async def _claim(node: Node) -> None:
    """See that nobody else takes data in meanwhile. Raises `ConflictError`."""
    found = await node.board.read(TAKING_IN)
    held = b"" if found is None else found.value
    await _until_known(node, held.decode())
    for name in node.members.names:
        row = node.members.row(name)
        if name == node.name:  # it asks for no other import while one is under way
            continue
        if row is not None and row.run.encode() == held and node.members.is_alive(name):
            raise ConflictError(f"node {name} is importing data already")
    try:
        revision = 0 if found is None else found.revision
        await node.board.write(TAKING_IN, node.run.encode(), revision)
    except RevisionError:
        raise ConflictError("another node is importing data already") from None


async def _until_known(node: Node, run: str) -> None:
    """Wait for a sign of the start that holds the claim: it may have begun so lately that this node
    has not heard of it, and would take it for gone.
    """
    for _ in range(round(ALIVE_S / LOOK_S)):
        rows = map(node.members.row, node.members.names)
        if not run or any(row is not None and row.run == run for row in rows):
            return
        await asyncio.sleep(LOOK_S)


class Source:
    """What is taken in: a store for each partition, or one for all of them."""

    def __init__(self, lock: ReadersLock, stores: list[RocksStore]) -> None:
        self._lock = lock
        self._stores = stores
        #: Whether each partition has what is its own.
        self.is_cut = len(stores) > 1
        #: How many there are, but for what the engine keeps in `system`.
        self.namespaces = sum(len(_namespaces(store)) for store in stores[int(self.is_cut) :])

    def of(self, partition: int) -> RocksStore:
        """What a partition takes in."""
        return self._stores[partition] if self.is_cut else self._stores[0]

    def close(self) -> None:
        """Give up files and locks."""
        for store in self._stores:
            store.close()
        self._lock.release()


def _open(directory: str, partitions: int) -> Source:
    try:
        with ExitStack() as undo:
            is_many = is_of_a_cluster(directory)
            if not (is_many or has_format(directory)):
                raise BadRequestError(
                    f"{shown(directory)} is neither a data directory nor a backup"
                )
            lock = ReadersLock(directory)
            undo.callback(lock.release)
            if is_many:
                _check_partitions(directory, partitions)
                places = [place_of(directory, number) for number in range(partitions)]
                stores = [RocksStore(place, read_only=True) for place in places]
            else:
                stores = [open_store(directory, read_only=True)]
            source = Source(lock, stores)
            undo.pop_all()
            return source
    except (StoreError, OSError) as error:
        raise BadRequestError(f"{shown(directory)} cannot be imported: {error}") from None


def _check_partitions(directory: str, partitions: int) -> None:
    found = partitions_in(directory)
    if found != list(range(partitions)):
        told = ", ".join(map(str, found)) or "none"
        raise BadRequestError(
            f"{shown(directory)} has the partitions {told}, but this cluster has 0 to "
            f"{partitions - 1}; import it into a cluster with as many partitions, at a node "
            "that keeps all of them"
        )


def _is_empty(store: Reader) -> bool:
    has_token = next(iter(store.scan(*TOKEN.range())), None) is not None
    return not has_token and not _namespaces(store)


def _namespaces(store: Reader) -> list[str]:
    """The names of all namespaces that are there."""
    return [
        NAMESPACE.tail_of(key).decode()
        for key, data in store.scan(*NAMESPACE.range())
        if NAMESPACE.decode(data).id
    ]


async def _led_here(node: Node, partition: int) -> Lead:
    """This node's lead of a partition, which it is given if another has it."""
    await node.board.write(pin_of(partition), node.name.encode(), None)
    node.hint("lease", partition, node.name)
    await _until(
        lambda: node.lead_of(partition) is not None,
        f"node {node.name} does not lead partition {partition} yet",
    )
    lead = node.lead_of(partition)
    assert lead is not None, "it was just seen"
    return lead


async def _take_in_one(node: Node, lead: Lead, store: Reader) -> None:
    partition = lead.partition
    node.router.set_target(partition, None)
    try:
        await lead.take_in(_batches(store), applied_index(store))
        await lead.lease.renew(lead.lease.row.time_ms, handed_to=node.name)
    finally:
        lead.end(GivenUpError("its state was replaced by an import, so it starts again"))
    await _led_here(node, partition)


async def _drop_others(node: Node, partition: int) -> None:
    """Delete the namespaces that live in another partition."""
    again = await _led_here(node, partition)
    for name in _namespaces(node.replicas[partition].store):
        if partition == SYSTEM or partition_of(name, node.meta.partitions) != partition:
            again.commit.submit_own(NamespaceDelete(name, True))
    await again.commit.settle()


def _batches(store: Reader) -> Iterator[Changes]:
    """All rows, in batches; the first of them clears what was there."""
    rows: dict[bytes, bytes | None] = {}
    cleared, size_bytes = [ALL_ROWS], 0
    for key, value in store.scan(b"", ALL_ROWS[1]):
        if key in (POSITION_KEY, ERAS_KEY):
            continue
        rows[key] = value
        size_bytes += len(key) + len(value)
        if size_bytes >= BATCH_BYTES or len(rows) >= BATCH_ROWS_MAX:
            yield Changes(rows, cleared)
            rows, cleared, size_bytes = {}, [], 0
    rows[ERAS_KEY] = ended(store, "a backup was restored")
    yield Changes(rows, cleared)


async def _until(condition: Callable[[], bool], problem: str) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until_s:
            raise UnavailableError(problem, ran="maybe")
        await asyncio.sleep(LOOK_S)
