"""Recovers a partition whose log was set back or lost its beginning, from one node's copy.

An operator names the node on the board (`recover.N`). That node takes the lease, begins a term with
a message that says that the state begins again there, and writes a checkpoint of its copy. All
other nodes replace their copies by that. Those that follow the log find the message. Those that do
not compare counts: `anew.N` on the board counts how many times the state began again, and each copy
knows its own count.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from floruntime.core.errors import ConflictError
from floruntime.server.cluster.board.board import Board, Entry
from floruntime.server.cluster.board.lease import LeaseWatch
from floruntime.server.cluster.board.members import Members, NodeRow
from floruntime.server.cluster.copies.checkpoints import Checkpoints
from floruntime.server.cluster.copies.replica import Replica
from floruntime.server.cluster.leads.lead import Lead

log = logging.getLogger("floruntime.cluster")


def recover_of(partition: int) -> str:
    """The board's entry with the node whose copy of a partition is to go on."""
    return f"recover.{partition}"


def anew_of(partition: int) -> str:
    """The board's entry that counts how many times the state of a partition began anew."""
    return f"anew.{partition}"


def told_reach(members: Members, watches: Sequence[LeaseWatch], partition: int) -> int:
    """The furthest that a partition has come, by what copies and leaders told of it."""
    row = watches[partition].row
    return max(members.reach(partition), 0 if row is None else row.sequence)


def is_asked_of(entries: Mapping[str, Entry], partition: int, node: str) -> bool:
    """Whether the copy of `node` is to go on."""
    entry = entries.get(recover_of(partition))
    return entry is not None and entry.value == node.encode()


def history_of(entries: Mapping[str, Entry], partition: int) -> int:
    """How many times the state of a partition began anew."""
    entry = entries.get(anew_of(partition))
    return 0 if entry is None else int(entry.value or b"0")


def check_versions(partition: int, rows: Iterable[NodeRow]) -> None:
    """Of those that keep a partition none may be of a version that reads past the message with
    which the state begins anew: it would go on with what it had, and could lead with that one day.

    Raises `ConflictError`.
    """
    old = [f"{row.name} (version {row.version})" for row in rows if not row.knows_anew]
    if old:
        raise ConflictError(
            f"partition {partition} is kept by {', '.join(old)}, whose version cannot "
            "continue a state as a new history. Start that node with this version, or "
            "forget it if it will not return"
        )


def give_up_former(entries: Mapping[str, Entry], replicas: Mapping[int, Replica]) -> None:
    """Let copies of a state that began anew since be replaced by a checkpoint."""
    for partition, replica in replicas.items():
        if not replica.is_held and replica.position.history < history_of(entries, partition):
            replica.give_up()


async def write_anew(board: Board, checkpoints: Checkpoints, lead: Lead) -> None:
    """The state of `lead` has begun anew in its log: give it to all others.

    Raises `BoardSilentError`, `LogSilentError`, `DamagedLogError`; then it is to be tried again.
    """
    partition, replica = lead.partition, lead.replica
    await checkpoints.write(partition, replica.store, replica.log, is_anew=True)
    await board.write(anew_of(partition), b"%d" % replica.position.history, None)
    await board.write(recover_of(partition), b"", None)
    log.warning(
        "partition %d: this node's copy continues as a new history, from message %d",
        partition,
        replica.position.sequence,
    )
