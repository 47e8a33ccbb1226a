"""`flo stream group`: consumer groups."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.deliveries import show_taken
from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import (
    All,
    Block,
    Cursor,
    Extend,
    Limit,
    RetryBackoffOption,
    RetryDelayMaxOption,
    Yes,
    duration,
    examples,
    group,
    retry_text,
)
from floruntime.cli.base.output import at, cell, rows_of
from floruntime.cli.base.run import Session, confirm, connected, pages, show_acks
from floruntime.cli.base.values import leased_records
from floruntime.cli.stream import group_dead
from floruntime.cli.stream.records import show_deliveries
from floruntime.core import defaults
from floruntime.core.duration_text import lasting
from floruntime.core.errors import NotFoundError
from floruntime.core.stream import GroupInfo, ReadResult

app = group("Consumer groups: several consumers that share a stream's records.")
app.command("dead-requeue", epilog=group_dead.REQUEUE_EXAMPLE)(group_dead.dead_requeue)
app.command("dead-delete", epilog=group_dead.DELETE_EXAMPLE)(group_dead.dead_delete)
app.command("bulk", epilog=group_dead.BULK_EXAMPLE)(group_dead.bulk)

Stream = Annotated[str, typer.Argument(metavar="STREAM", help="The stream.")]
Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group.")]
Consumer = Annotated[str, typer.Argument(metavar="CONSUMER", help="The consumer's name.")]
OneConsumer = Annotated[
    str | None,
    typer.Option(
        "--consumer",
        "-c",
        help="Only records of this consumer; others are refused or left out.",
        show_default=False,
    ),
]
Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID",
        help="Records: ID, or ID:LEASE, which is refused if the record has another lease by now.",
    ),
]
ReadLimit = Annotated[int, typer.Option("--limit", help="How many at most: 1 to 1,000.")]
_STALE = "is not pending, or is with another consumer now"


@app.command(
    epilog=examples(
        "flo stream group create events billing --start '$'",
        "flo stream group create events audit --mode exclusive --ack-timeout 5m",
    )
)
@connected
async def create(
    session: Session,
    stream: Stream,
    name: Group,
    start: Annotated[
        str,
        typer.Option(
            "--start",
            help="The first id that the group reads: 0 is the beginning, $ only new records.",
        ),
    ] = "0",
    mode: Annotated[
        str,
        typer.Option(
            "--mode", metavar="shared|exclusive|key_shared", help="How consumers share the records."
        ),
    ] = defaults.GROUP_MODE,
    ack_timeout: Annotated[
        int,
        duration(
            "--ack-timeout",
            "--ack-timeout-ms",
            help="The lease: what is not acked within this time is delivered again.",
            default="30s",
        ),
    ] = defaults.ACK_TIMEOUT_MS,
    max_deliver: Annotated[
        int,
        typer.Option("--max-deliver", help="How many deliveries before it becomes a dead letter."),
    ] = defaults.MAX_DELIVER,
    consumer_timeout: Annotated[
        int,
        duration(
            "--consumer-timeout",
            "--consumer-timeout-ms",
            help="Remove a consumer that has made no call for this long.",
            default="30s",
        ),
    ] = defaults.CONSUMER_TIMEOUT_MS,
    retry_delay: Annotated[
        int,
        duration(
            "--retry-delay", "--retry-delay-ms", help="Pause after a failed attempt.", default="0"
        ),
    ] = 0,
    retry_backoff: RetryBackoffOption = None,
    retry_delay_max: RetryDelayMaxOption = None,
) -> None:
    """Create a group. Exit code 3 if it exists with other settings."""
    found = await session.client.stream.group_create(
        stream,
        name,
        start=start,
        mode=mode,
        ack_timeout_ms=ack_timeout,
        max_deliver=max_deliver,
        consumer_timeout_ms=consumer_timeout,
        retry_delay_ms=retry_delay,
        retry_backoff=retry_backoff or defaults.RETRY_BACKOFF,
        retry_delay_max_ms=defaults.RETRY_DELAY_MAX_MS
        if retry_delay_max is None
        else retry_delay_max,
    )
    _show(session, found)


@app.command(
    epilog=examples(
        "flo stream group configure events billing --retry-delay 1s --retry-backoff exponential"
    )
)
@connected
async def configure(
    session: Session,
    stream: Stream,
    name: Group,
    ack_timeout: Annotated[
        int | None,
        duration(
            "--ack-timeout",
            "--ack-timeout-ms",
            help="The lease: what is not acked within this time is delivered again.",
        ),
    ] = None,
    max_deliver: Annotated[
        int | None,
        typer.Option(
            "--max-deliver",
            help="How many deliveries before it becomes a dead letter.",
            show_default=False,
        ),
    ] = None,
    consumer_timeout: Annotated[
        int | None,
        duration(
            "--consumer-timeout",
            "--consumer-timeout-ms",
            help="Remove a consumer that has made no call for this long.",
        ),
    ] = None,
    retry_delay: Annotated[
        int | None,
        duration("--retry-delay", "--retry-delay-ms", help="Pause after a failed attempt."),
    ] = None,
    retry_backoff: RetryBackoffOption = None,
    retry_delay_max: RetryDelayMaxOption = None,
) -> None:
    """Change a group's settings and show them all. Settings that are not given stay as they are."""
    found = await session.client.stream.group_configure(
        stream,
        name,
        ack_timeout_ms=ack_timeout,
        max_deliver=max_deliver,
        consumer_timeout_ms=consumer_timeout,
        retry_delay_ms=retry_delay,
        retry_backoff=retry_backoff,
        retry_delay_max_ms=retry_delay_max,
    )
    _show(session, found)


def _show(session: Session, group: GroupInfo) -> None:
    session.out.fields(
        group,
        {
            "group": cell(group.name),
            "mode": group.mode,
            "consumers": cell(", ".join(group.consumers) or None),
            "pending": str(group.pending),
            "lag": str(group.lag),
            "dead": str(group.dead),
            "last delivered": cell(group.last_delivered_id),
            "ack timeout": lasting(group.ack_timeout_ms),
            "max deliver": str(group.max_deliver),
            "consumer timeout": lasting(group.consumer_timeout_ms),
            "retry delay": retry_text(group),
        },
    )


@app.command(epilog=examples("flo stream group join events billing worker-1"))
@connected
async def join(session: Session, stream: Stream, name: Group, consumer: Consumer) -> None:
    """Make a consumer a member of a group."""
    _show(session, await session.client.stream.group_join(stream, name, consumer))


@app.command(epilog=examples("flo stream group leave events billing worker-1"))
@connected
async def leave(session: Session, stream: Stream, name: Group, consumer: Consumer) -> None:
    """Remove a consumer from a group; the records that it holds go back at once."""
    if not await session.client.stream.group_leave(stream, name, consumer):
        raise NotFoundError(f"the group {name!r} has no consumer {consumer!r}")
    session.out.show({"left": True}, "left")


@app.command(epilog=examples("flo stream group delete events billing --yes"))
@connected
async def delete(session: Session, stream: Stream, name: Group, yes: Yes = False) -> None:
    """Delete a group: its position, pending records and dead letters."""
    confirm(f"Delete the group {name!r} of the stream {stream!r}?", yes)
    if not await session.client.stream.group_delete(stream, name):
        raise NotFoundError(f"the stream {stream!r} has no group {name!r}")
    session.out.show({"deleted": True}, "deleted")


@app.command(epilog=examples("flo stream group seek events billing 0"))
@connected
async def seek(
    session: Session,
    stream: Stream,
    name: Group,
    start: Annotated[
        str, typer.Argument(metavar="POSITION", help="An id, 0 (the beginning) or $ (the end).")
    ],
) -> None:
    """Move a group to another position."""
    _show(session, await session.client.stream.group_seek(stream, name, start=start))


@app.command(epilog=examples("flo stream group info events billing"))
@connected
async def info(session: Session, stream: Stream, name: Group) -> None:
    """Show a group's settings, consumers and position."""
    _show(session, await session.client.stream.group_info(stream, name))


@app.command("list", epilog=examples("flo stream group list events"))
@connected
async def list_(
    session: Session,
    stream: Stream,
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
) -> None:
    """List the groups of a stream, by name."""
    page = await pages(
        lambda limit, cursor: session.client.stream.group_list(stream, limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["group", "mode", "consumers", "pending", "lag", "dead", "last delivered"],
        rows_of(
            page,
            lambda each: each.name,
            lambda each: each.mode,
            lambda each: len(each.consumers),
            lambda each: each.pending,
            lambda each: each.lag,
            lambda each: each.dead,
            lambda each: each.last_delivered_id,
        ),
    )
    if not page:
        raise Empty(f"the stream {stream!r} has no groups")


@app.command(
    epilog=examples(
        "flo stream group read events billing worker-1 --limit 100",
        "flo stream group read events billing worker-1 --block 30s --no-ack",
    )
)
@connected
async def read(
    session: Session,
    stream: Stream,
    name: Group,
    consumer: Consumer,
    limit: ReadLimit = defaults.RECORDS_LIMIT,
    block: Block = 0,
    no_ack: Annotated[
        bool,
        typer.Option(
            "--no-ack", help="Ack records as they are delivered: each is delivered at most once."
        ),
    ] = False,
) -> None:
    """Lease records for a consumer; exit code 1 if there are none. Creates a missing group."""
    result = await session.client.stream.group_read(
        stream, group=name, consumer=consumer, limit=limit, block_ms=block, no_ack=no_ack
    )
    await _show_taken(session, stream, name, consumer, result, is_acked=no_ack)
    if not result.records:
        raise Empty(f"the group {name!r} has nothing for {consumer!r}")


async def _show_taken(
    session: Session,
    stream: str,
    group: str,
    consumer: str,
    result: ReadResult,
    is_acked: bool = False,
) -> None:
    async def hand_back() -> None:
        await session.client.stream.group_nack(
            stream, list(result.records), group=group, consumer=consumer, release=True
        )

    await show_taken(
        lambda: show_deliveries(session.out, result),
        [record.id for record in result.records],
        None if is_acked else hand_back,
    )


@app.command(epilog=examples("flo stream group ack events billing 1703350800000-0"))
@connected
async def ack(
    session: Session, stream: Stream, name: Group, ids: Ids, consumer: OneConsumer = None
) -> None:
    """Ack records that are done. Exit code 3 if one is not pending, or is another consumer's."""
    result = await session.client.stream.group_ack(
        stream, leased_records(stream, ids), group=name, consumer=consumer
    )
    show_acks(session.out, result, "acked", _STALE)


@app.command(epilog=examples("flo stream group nack events billing 1703350800000-0 --delay 1m"))
@connected
async def nack(
    session: Session,
    stream: Stream,
    name: Group,
    ids: Ids,
    consumer: OneConsumer = None,
    delay: Annotated[
        int,
        duration(
            "--delay", "--delay-ms", help="Deliver it again after this long.", default="at once"
        ),
    ] = 0,
    error: Annotated[
        str | None,
        typer.Option("--error", help="What went wrong; kept with the record.", show_default=False),
    ] = None,
) -> None:
    """Give records back to the group. This counts as a failed attempt."""
    result = await session.client.stream.group_nack(
        stream,
        leased_records(stream, ids),
        group=name,
        consumer=consumer,
        delay_ms=delay,
        error=error,
    )
    show_acks(session.out, result, "given back", _STALE)


@app.command(epilog=examples("flo stream group touch events billing 1703350800000-0 --extend 5m"))
@connected
async def touch(
    session: Session,
    stream: Stream,
    name: Group,
    ids: Ids,
    consumer: OneConsumer = None,
    extend: Extend = defaults.EXTEND_MS,
) -> None:
    """Keep leases for longer."""
    result = await session.client.stream.group_touch(
        stream, leased_records(stream, ids), group=name, consumer=consumer, extend_ms=extend
    )
    show_acks(session.out, result, "touched", _STALE)


@app.command(epilog=examples("flo stream group claim events billing worker-2 --min-idle 5m"))
@connected
async def claim(
    session: Session,
    stream: Stream,
    name: Group,
    consumer: Consumer,
    min_idle: Annotated[
        int,
        duration(
            "--min-idle",
            "--min-idle-ms",
            help="Only records that were delivered at least this long ago.",
        ),
    ],
    limit: ReadLimit = defaults.RECORDS_LIMIT,
) -> None:
    """Take over records that other consumers hold unfinished; exit code 1 if there are none."""
    result = await session.client.stream.group_claim(
        stream, group=name, consumer=consumer, min_idle_ms=min_idle, limit=limit
    )
    await _show_taken(session, stream, name, consumer, result)
    if not result.records:
        raise Empty(f"the group {name!r} has nothing to claim")


@app.command(epilog=examples("flo stream group pending events billing --consumer worker-1"))
@connected
async def pending(
    session: Session,
    stream: Stream,
    name: Group,
    consumer: OneConsumer = None,
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
) -> None:
    """List the records that are delivered and not yet acked."""
    page = await pages(
        lambda limit, cursor: session.client.stream.group_pending(
            stream, name, consumer=consumer, limit=limit, cursor=cursor
        ),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["id", "consumer", "attempt", "lease", "delivered", "lease until"],
        rows_of(
            page,
            lambda each: each.id,
            lambda each: each.consumer,
            lambda each: each.attempt,
            lambda each: each.lease,
            lambda each: at(each.delivered_at_ms),
            lambda each: at(each.expires_at_ms),
        ),
    )
    if not page:
        raise Empty(f"the group {name!r} has nothing pending")


@app.command(epilog=examples("flo stream group dead events billing"))
@connected
async def dead(
    session: Session,
    stream: Stream,
    name: Group,
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
) -> None:
    """List the group's dead letters: records that it gave up on."""
    page = await pages(
        lambda limit, cursor: session.client.stream.group_dead(
            stream, name, limit=limit, cursor=cursor
        ),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["id", "reason", "attempts", "partition", "key", "payload"],
        rows_of(
            page,
            lambda each: each.id,
            lambda each: each.reason,
            lambda each: each.attempt,
            lambda each: each.partition,
            lambda each: each.partition_key,
            lambda each: each.payload,
        ),
    )
    if not page:
        raise Empty(f"the group {name!r} has no dead letters")
