"""The nodes of a cluster, as each reports itself on the board, and the cluster's own entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from floruntime.core.types import Value
from floruntime.server.cluster.board.board import Entry
from floruntime.server.cluster.log.message import FORMAT

META = "meta"
SECRET = "secret"
NODES = "node."
DRAIN = "drain."
ALIVE_S = 4.0
"""For how long a node counts as alive after the last sign of it."""


class MetaRow(Value, frozen=True):
    """What was fixed when the cluster was made."""

    cluster_id: str
    partitions: int
    replicas: int
    copies: int
    format: int = FORMAT


class NodeRow(Value, frozen=True):
    """What a node reports of itself. `run`: which start of the node. `wall_ms`: its wall clock.

    `sequences`: how far its copy of each partition has come. `format`: the newest that it knows.
    `troubles`: by partition, why its copy does not follow the log. `knows_anew`: whether it
    replaces its copy if the state begins again; earlier versions do not report this. `reaches`:
    like `sequences`, but comparable also after a log was set back (`Position.reach`). `since`: the
    first revision of the board that this start wrote; 0: not known yet, or not reported.
    """

    name: str
    run: str
    address: str
    version: str
    wall_ms: int
    sequences: dict[int, int]
    is_draining: bool = False
    is_stopped: bool = False
    format: int = FORMAT
    count: int = 0
    troubles: dict[int, str] = {}
    knows_anew: bool = False
    reaches: dict[int, int] = {}
    since: int = 0


encode = msgspec.msgpack.Encoder().encode
decode_meta = msgspec.msgpack.Decoder(MetaRow).decode
decode_node = msgspec.msgpack.Decoder(NodeRow).decode


class Seen(Value, frozen=True):
    """A node's entry, and when it last changed on this node's clock."""

    row: NodeRow
    revision: int
    changed_s: float


class Members:
    """The nodes of the cluster, and which of them are alive."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._seen: dict[str, Seen] = {}
        self._drained: set[str] = set()

    def see(self, entries: Mapping[str, Entry]) -> None:
        """Take in all entries of the board, as they were read."""
        found: dict[str, Seen] = {}
        for name, entry in entries.items():
            if name.startswith(NODES) and entry.value:
                row = decode_node(entry.value)
                before = self._seen.get(row.name)
                is_new = before is None or before.revision < entry.revision
                changed_s = self._now_s() if is_new or before is None else before.changed_s
                found[row.name] = Seen(row, entry.revision, changed_s)
        self._seen = found
        self._drained = {
            name
            for name, seen in found.items()
            if (drain := entries.get(f"{DRAIN}{name}")) is not None
            and drain.value == seen.row.run.encode()
        }

    def row(self, name: str) -> NodeRow | None:
        """What a node reports of itself; `None` for an unknown node."""
        seen = self._seen.get(name)
        return None if seen is None else seen.row

    def reach(self, partition: int) -> int:
        """The furthest reach that any node, dead or alive, has reported of its copy."""
        reaches = (seen.row.reaches.get(partition, 0) for seen in self._seen.values())
        return max(reaches, default=0)

    def revision(self, name: str) -> int:
        """The revision of a node's last report that was read."""
        seen = self._seen.get(name)
        return 0 if seen is None else seen.revision

    @property
    def names(self) -> list[str]:
        """All nodes that no operator has made the cluster forget."""
        return sorted(self._seen)

    def is_alive(self, name: str) -> bool:
        """Whether a report of the node came lately."""
        seen = self._seen.get(name)
        if seen is None or seen.row.is_stopped:
            return False
        return self._now_s() - seen.changed_s < ALIVE_S

    def is_draining(self, name: str) -> bool:
        """Whether the node must not lead: an operator drains it, or it is stopping."""
        seen = self._seen.get(name)
        return name in self._drained or (seen is not None and seen.row.is_draining)

    def silent_ms(self, name: str) -> int:
        """How long ago the last report of the node came."""
        seen = self._seen.get(name)
        return 0 if seen is None else int((self._now_s() - seen.changed_s) * 1000)

    def format(self) -> int:
        """The newest format that all nodes know, including this node, except forgotten ones."""
        return min([FORMAT, *(seen.row.format for seen in self._seen.values())])

    def may_lead(self, format: int) -> list[str]:
        """The nodes that are alive, are not being drained, and know this format."""
        return [
            name
            for name, seen in sorted(self._seen.items())
            if self.is_alive(name) and not self.is_draining(name) and seen.row.format >= format
        ]
