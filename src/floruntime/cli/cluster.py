"""`flo cluster`: how a cluster is, and where its leads are to be."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Annotated

import typer

from floruntime.cli.base.options import Yes, examples, group
from floruntime.cli.base.output import cell
from floruntime.cli.base.run import Session, confirm, connected
from floruntime.cli.base.words import counted
from floruntime.core.cluster import ClusterInfo, NodeInfo, PartitionInfo, ReplicaInfo
from floruntime.core.duration_text import lasting

app = group("The cluster that a server belongs to: its state, and which nodes lead its partitions.")

WATCH_S = 1.0
IMPORT_MS = 6 * 3_600_000
"""How long a large backup may take."""
RECOVER_MS = 600_000
"""How long a large copy may take."""
SYSTEM = "system"
_NODE = "{:<12} {:<24} {:<10} {:<9} {:>5} {:>5}  {}"
_PARTITION = "{:<10} {:<12} {:>5} {:>9} {:>10}  {}"

NodeName = Annotated[str, typer.Argument(metavar="NODE", help="The node's name.")]


@app.command(
    epilog=examples("flo --host a:9000,b:9000 cluster status", "flo cluster status --json")
)
@connected
async def status(
    session: Session,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again every second, until Ctrl-C.")
    ] = False,
) -> None:
    """Show the nodes, the partitions with their leaders and copies, and the state of NATS."""
    while True:
        found = await session.client.cluster.status()
        session.out.show(found, "\n".join(_lines(found)))
        if not watch:
            return
        await asyncio.sleep(WATCH_S)


@app.command(epilog=examples("flo cluster move 3 b", "flo cluster move system a"))
@connected
async def move(
    session: Session,
    partition: Annotated[
        str, typer.Argument(metavar="PARTITION", help="The partition's number, or system.")
    ],
    node: NodeName,
) -> None:
    """Let NODE lead PARTITION, until NODE is drained or lost."""
    number = _number_of(partition)
    await session.client.cluster.move(number, node)
    session.out.show({"partition": number, "leader": node}, f"{partition} is led by {node}")


@app.command(epilog=examples("flo cluster drain b"))
@connected
async def drain(session: Session, node: NodeName) -> None:
    """Drain NODE before SIGTERM: other nodes take over what it leads, until it starts again."""
    await session.client.cluster.drain(node)
    session.out.show({"node": node, "leads": 0}, f"{node} leads nothing")


@app.command(epilog=examples("flo cluster forget c --yes"))
@connected
async def forget(session: Session, node: NodeName, yes: Yes = False) -> None:
    """Remove NODE, which will not return, from the cluster. Refused while NODE lives."""
    confirm(f"Forget the node {node!r}? Other nodes make the copies that it kept.", yes)
    await session.client.cluster.forget(node)
    session.out.show({"forgotten": node}, f"{node} is forgotten")


@app.command(epilog=examples("flo cluster recover 3 b --yes"))
@connected
async def recover(
    session: Session,
    partition: Annotated[
        str, typer.Argument(metavar="PARTITION", help="The partition's number, or system.")
    ],
    node: NodeName,
    yes: Yes = False,
) -> None:
    """Continue PARTITION from the copy of NODE, as a new history. This is for a partition that no
    node can lead, because its log was set back or has lost its beginning.
    """
    number = _number_of(partition)
    confirm(
        f"Continue partition {partition} from the copy of {node!r}? What only its log or "
        "other copies hold is lost.",
        yes,
    )
    await session.client.cluster.recover(number, node, timeout_ms=RECOVER_MS)
    session.out.show({"partition": number, "leader": node}, f"{partition} continues on {node}")


@app.command("import", epilog=examples("flo --host a:9000 cluster import ./backup"))
@connected
async def import_(
    session: Session,
    directory: Annotated[
        str,
        typer.Argument(metavar="DIR", help="The directory of the backup, on the node's machine."),
    ],
) -> None:
    """Import data into an empty cluster: a backup of a server or a cluster, or the data directory
    of a stopped server.
    """
    path = _full(directory)
    found = await session.client.cluster.import_backup(path, timeout_ms=IMPORT_MS)
    session.out.show(
        {"directory": path, "namespaces": found}, f"imported: {counted(found, 'namespace')}"
    )


def _number_of(partition: str) -> int:
    if partition != SYSTEM and not (partition.isascii() and partition.isdigit()):
        raise typer.BadParameter(f"partition is {partition!r}; it must be a number, or {SYSTEM}")
    return 0 if partition == SYSTEM else int(partition)


def _full(directory: str) -> str:
    return os.path.abspath(directory)


def _lines(found: ClusterInfo) -> Iterator[str]:
    """The status as text."""
    told = f"as node {cell(found.node)} sees it; NATS: {cell(found.nats)}"
    yield f"cluster {cell(found.name)} {told}"
    yield ""
    yield _NODE.format("node", "address", "version", "state", "leads", "keeps", "clock")
    for node in found.nodes:
        clock = _clock(node.clock_difference_ms)
        where, version = cell(node.address), cell(node.version)
        name, state = cell(node.name), _state(node)
        yield _NODE.format(name, where, version, state, node.leads, node.keeps, clock)
    yield ""
    yield _PARTITION.format("partition", "leader", "term", "sequence", "namespaces", "copies")
    for each in found.partitions:
        leader, copies = cell(each.leader or "(nobody)"), _copies(each)
        row = (each.name, leader, each.term, each.sequence, each.namespaces, copies)
        yield _PARTITION.format(*row)
        if each.trouble:
            yield f"  {cell(each.trouble)}"


def _state(node: NodeInfo) -> str:
    if not node.is_alive:
        return "silent"
    return "draining" if node.is_draining else "alive"


def _clock(difference_ms: int) -> str:
    """In whole seconds: nodes look about twice a second, so what is less may be that alone."""
    seconds = int(difference_ms / 1000)
    return f"{seconds:+} s" if seconds else "0 s"


def _copies(partition: PartitionInfo) -> str:
    return ", ".join(cell(each.node) + _lag(each) for each in partition.replicas)


def _lag(copy: ReplicaInfo) -> str:
    if not copy.lag_entries:
        return ""
    return f" ({copy.lag_entries} behind, heard of {lasting(copy.lag_ms // 1000 * 1000)} ago)"
