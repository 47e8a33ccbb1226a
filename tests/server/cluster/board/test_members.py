"""Which nodes live, and which of them may lead."""

from __future__ import annotations

from floruntime.server.cluster.board.board import Entry
from floruntime.server.cluster.board.members import ALIVE_S, DRAIN, NODES, Members, NodeRow, encode
from floruntime.server.cluster.log.message import FORMAT


class Seeing:
    """What one node knows of others, on a clock that is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.members = Members(lambda: self.now_s)

    def see(self, revision: int, *rows: NodeRow, drained: str = "") -> None:
        entries = {NODES + row.name: Entry(revision, encode(row)) for row in rows}
        if drained:
            entries[DRAIN + drained] = Entry(revision, b"run")
        self.members.see(entries)


def row(
    name: str, *, is_draining: bool = False, is_stopped: bool = False, format: int = FORMAT
) -> NodeRow:
    return NodeRow(
        *(name, "run", f"{name}:9000", "1", 0),
        {},
        is_draining=is_draining,
        is_stopped=is_stopped,
        format=format,
    )


def test_a_node_lives_for_a_while_behind_its_last_sign() -> None:
    seeing = Seeing()
    seeing.see(1, row("a"))
    seeing.now_s += ALIVE_S - 0.1
    assert seeing.members.is_alive("a")
    seeing.see(1, row("a"))  # the same sign again
    seeing.now_s += 0.2
    assert not seeing.members.is_alive("a")
    seeing.see(2, row("a"))
    assert seeing.members.is_alive("a")
    assert not seeing.members.is_alive("nobody")


def test_who_may_lead_lives_is_not_drained_and_knows_how_rows_are_written() -> None:
    seeing = Seeing()
    nodes = [
        *(row("a"), row("drained"), row("draining", is_draining=True)),
        *(row("stopped", is_stopped=True), row("old", format=FORMAT - 1)),
    ]
    seeing.see(1, *nodes, drained="drained")
    assert seeing.members.may_lead(FORMAT) == ["a"]
    assert seeing.members.may_lead(FORMAT - 1) == ["a", "old"]
    assert seeing.members.format() == FORMAT - 1
    assert seeing.members.is_draining("drained")
    assert seeing.members.is_draining("draining")
