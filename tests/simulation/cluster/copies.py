"""What must be so of the copies that nodes keep, and of the logs and checkpoints in NATS.

The logs are read once more at the end by what is written here, and not by the product: each copy
must hold what follows from its log.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from floruntime.engine.system.eras import ERAS_KEY
from floruntime.engine.system.namespaces import NAMESPACE
from floruntime.server.cluster.board.placement import SYSTEM, keepers, partition_of
from floruntime.server.cluster.copies.checkpoints import KEPT, CheckpointRow, decode_rows, entry_of
from floruntime.server.cluster.leading import pin_of
from floruntime.server.cluster.log.message import (
    POSITION_KEY,
    Head,
    Message,
    decode_changes,
    decode_message,
)
from tests.simulation.clockwork import WALL_S

if TYPE_CHECKING:
    from tests.simulation.cluster.computers import Computer
    from tests.simulation.cluster.world import ClusterWorld

Rows = dict[bytes, bytes]
EARLIEST_MS = int(1000 * WALL_S) - 3_600_000
"""No wall clock of a node ever showed less."""


class Copies:
    """Those of all nodes of `world`."""

    def __init__(self, world: ClusterWorld) -> None:
        self._world = world
        self._numbers = range(SYSTEM, world.partitions + 1)
        #: How many terms there were.
        self.terms = 0
        #: The rows with which the state of a partition began anew, by the message that says so.
        self._anew: dict[tuple[int, int], Rows] = {}
        world.truth.begins_anew = self._note_rows
        world.truth.writes = self._look_at_writer
        #: Of each partition the board's entry about checkpoints that was looked at last.
        self._looked_at: dict[int, int] = {}

    # Throughout

    def _note_rows(self, partition: int, sequence: int, node: str) -> None:
        """The state of `node` goes on, as it stands."""
        [computer] = [each for each in self._world.computers if each.name == node]
        if computer.node is not None:
            self._anew[partition, sequence] = computer.rows(partition)

    def _look_at_writer(self, name: str, partition: int) -> None:
        """Who was overtaken, or may have been, writes no more."""
        for computer in self._world.all_computers:
            node = computer.node if computer.host == name else None
            lead = None if node is None else node.lead_of(partition)
            if lead is not None and not lead.lease.is_good:
                self._world.complain(f"{name} writes to {partition}, and its lease is over")

    def _has_begun_anew(self, partition: int) -> bool:
        return any(number == partition for number, _ in self._anew)

    def look(self) -> None:
        """A copy never shows another history than the log, nor than another copy."""
        for computer in self._world.all_computers:
            for number, replica in computer.node.replicas.items() if computer.node else ():
                position, log = replica.position, self._world.truth.logs[number].all
                if number in self._world.truth.set_back:
                    continue  # until a copy goes on
                if position.sequence > len(log):
                    self._world.complain(f"{computer.name} is at {position}, the log at {len(log)}")
                elif position.sequence:
                    message = decode_message(log[position.sequence - 1])
                    if message.chain != position.chain:
                        self._world.complain(f"{computer.name} is at {position}, the log is not")
        for number in self._numbers:
            self._look_at_checkpoints(number)

    def _look_at_checkpoints(self, partition: int) -> None:
        """Those that are called good are there and whole, and the log goes on behind each."""
        truth = self._world.truth
        entry = truth.entries.get(entry_of(partition))
        if entry is None or self._looked_at.get(partition) == entry.revision:
            return
        self._looked_at[partition] = entry.revision
        rows: list[CheckpointRow] = decode_rows(entry.value)
        for row in rows[:KEPT]:
            body = truth.objects.get(row.name)
            if row.name not in truth.damaged and body is not None and len(body) != row.size_bytes:
                self._world.complain(f"checkpoint {row.name} is called good, and is not whole")
            if truth.logs[partition].first > row.sequence + 1:
                self._world.complain(f"the log of {partition} was trimmed past {row.name}")

    # In the end

    async def until_they_agree(self) -> None:
        """All have all that the logs have, and are where they belong."""
        await self._world.until(
            lambda: not self._behind(), lambda: f"it stays so: {self._behind()}"
        )
        for number in self._numbers:
            bodies = self._world.truth.logs[number].all
            messages = [decode_message(body) for body in bodies]
            self._judge_log(number, [each.head for each in messages if each.head.is_last])
            self._compare(number, self._replay(number, messages))
            if number != SYSTEM:
                self._look_at_places(number)

    def _behind(self) -> list[str]:
        world = self._world
        found = [
            f"{computer.name} is behind in {number}"
            for computer, number in self._all()
            if computer.node is not None
            and computer.node.replicas[number].position.sequence != len(world.truth.logs[number])
        ]
        found += self._astray()
        names = [each.name for each in world.computers]
        for number in self._numbers:
            kept = {computer.name for computer, each in self._all() if each == number}
            due = set(keepers(number, names, world.meta.copies))
            if kept - self._pinned(number) != due - self._pinned(number):
                found.append(f"{number} is kept by {sorted(kept)}, not {sorted(due)}")
        return found

    def _astray(self) -> list[str]:
        """Requests that wait, and are not where their partition is led."""
        return [
            f"{computer.name} holds {type(each.request).__name__} of {number}, which is led"
            for computer in self._world.computers
            if computer.node is not None and (router := computer.node.router)
            for number, waiting in enumerate(router._pending)
            for each in waiting.values()
            if each.target is None or each.target is not router.target_of(number)
        ]

    def _pinned(self, partition: int) -> set[str]:
        """Whom an operator wants to lead it: that one keeps it, whoever else comes."""
        entry = self._world.truth.entries.get(pin_of(partition))
        return set() if entry is None or not entry.value else {entry.value.decode()}

    def _all(self) -> list[tuple[Computer, int]]:
        return [
            (computer, number)
            for computer in self._world.computers
            if computer.node is not None
            for number in computer.node.replicas
        ]

    def _judge_log(self, partition: int, heads: list[Head]) -> None:
        complain = self._world.complain
        terms = [head.term for head in heads]
        self.terms += len(set(terms))
        begun = [head.term for head in heads if head.is_term]
        if len(set(begun)) != len(begun):
            complain(f"two leaders of {partition} have one term: {begun}")
        if terms != sorted(terms):
            complain(f"the terms of {partition} go back: {terms}")
        if any(head.parts and head.time_ms < EARLIEST_MS for head in heads):
            complain(f"time in {partition} is of before there was a cluster: {heads[:3]}")
        if "imported" in self._world.rare:
            return  # time goes on as it was where the data comes from
        for place, (before, after) in enumerate(itertools.pairwise(heads), 2):
            if after.time_ms < before.time_ms and not self._has_begun_anew(partition):
                complain(f"time goes back at message {place} of {partition}: {before, after}")

    def _replay(self, partition: int, messages: list[Message]) -> Rows:
        """What follows from a log."""
        rows: Rows = {}
        parts: list[bytes] = []
        for sequence, message in enumerate(messages, 1):
            head = message.head
            if head.is_term:
                if message.content:
                    rows = dict(self._anew.get((partition, sequence), {}))
                parts = []
                continue
            if head.part == 0:
                parts = []
            if head.part != len(parts):
                parts = []  # its beginning was another leader's
                continue
            parts.append(message.content)
            if head.is_last:
                changes = decode_changes(b"".join(parts))
                for start, end in changes.cleared:
                    rows = {key: value for key, value in rows.items() if not start <= key < end}
                for key, value in changes.rows.items():
                    if value is None:
                        rows.pop(key, None)
                    else:
                        rows[key] = value
        return rows

    def _compare(self, partition: int, due: Rows) -> None:
        """The copies with each other to the last row, and with what follows from their log."""
        (name, first), *others = [
            (computer.name, computer.rows(partition))
            for computer, number in self._all()
            if number == partition
        ]
        for other, rows in others:
            self._complain_of(f"{other} differs from {name}", partition, _different(first, rows))
        own = {POSITION_KEY, ERAS_KEY} if self._has_begun_anew(partition) else {POSITION_KEY}
        keys = [key for key in _different(first, due) if key not in own]
        self._complain_of(f"{name} differs from its log", partition, keys)

    def _complain_of(self, what: str, partition: int, keys: list[bytes]) -> None:
        if keys:
            self._world.complain(f"{what} in {len(keys)} rows of {partition}: {keys[:3]}")

    def _look_at_places(self, partition: int) -> None:
        """Each namespace lies in its own partition only."""
        computer = next(computer for computer, number in self._all() if number == partition)
        for key, data in computer.store(partition).scan(*NAMESPACE.range()):
            name = NAMESPACE.tail_of(key).decode()
            place = partition_of(name, self._world.partitions)
            if NAMESPACE.decode(data).id and place != partition:
                self._world.complain(f"namespace {name} lies in {partition}, not in {place}")


def _different(one: Rows, other: Rows) -> list[bytes]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
