"""`flo stream`: append-only streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from msgspec import UNSET, UnsetType

from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import (
    All,
    Block,
    Cursor,
    Limit,
    Yes,
    duration,
    examples,
    group,
    size,
)
from floruntime.cli.base.output import cell, plain, rows_of
from floruntime.cli.base.output import size as shown_size
from floruntime.cli.base.run import Session, confirm, connected, pages
from floruntime.cli.base.values import (
    NO_LIMIT,
    count,
    duration_ms,
    headers_of,
    read_values,
    size_bytes,
)
from floruntime.cli.base.words import counted
from floruntime.cli.stream import group as groups
from floruntime.cli.stream.records import show_records
from floruntime.core import defaults
from floruntime.core.duration_text import lasting
from floruntime.core.errors import NotFoundError
from floruntime.core.stream import AppendResult, StreamInfo

app = group("Append-only streams: records with ids, partitions, retention and consumer groups.")
app.add_typer(groups.app, name="group")

Stream = Annotated[str, typer.Argument(metavar="STREAM", help="The stream.")]
Partition = Annotated[
    int | None, typer.Option("--partition", help="The partition, from 0.", show_default=False)
]
PartitionKey = Annotated[
    str | None,
    typer.Option(
        "--key", "--partition-key", help="The partition that this key maps to.", show_default=False
    ),
]
MaxAge = Annotated[
    int | None,
    duration("--max-age", "--max-age-ms", help="Delete records that are older than this."),
]
MaxRecords = Annotated[
    int | None,
    typer.Option(
        "--max-records",
        help="Keep at most this many records; the oldest are deleted.",
        show_default=False,
    ),
]
MaxBytes = Annotated[
    int | None, size("--max-bytes", help="Keep at most this size; the oldest records are deleted.")
]


@app.command(
    epilog=examples(
        'flo stream append events \'{"type": "login"}\' --key user-42',
        "flo stream append events @event.json -H source=web -H trace=abc",
        "flo stream append events one two three",
    )
)
@connected
async def append(
    session: Session,
    stream: Stream,
    payloads: Annotated[
        list[str],
        typer.Argument(
            metavar="PAYLOAD",
            help="The record; - is standard input, @PATH a file. Several are written in one "
            "commit.",
        ),
    ],
    key: PartitionKey = None,
    partition: Partition = None,
    headers: Annotated[
        list[str] | None,
        typer.Option(
            "--header", "-H", metavar="NAME=VALUE", help="A header; repeatable.", show_default=False
        ),
    ] = None,
) -> None:
    """Append a record, or several in one commit, and print their ids."""
    values = read_values(payloads)
    if len(values) == 1:
        result = await session.client.stream.append(
            stream,
            values[0],
            partition_key=key,
            partition=partition,
            headers=headers_of(headers or []) or None,
        )
        session.out.show(result, str(result.id))
        return
    if headers:
        raise typer.BadParameter("--header takes one payload, not several")
    results: list[AppendResult] = await session.client.stream.append_many(
        stream, values, partition_key=key, partition=partition
    )
    session.out.show(results, "\n".join(str(each.id) for each in results))


@app.command(
    epilog=examples(
        "flo stream read events --limit 50",
        "flo stream read events --after 1703350800000-0",
        "flo stream read events --follow --tail --json | jq .payload",
    )
)
@connected
async def read(
    session: Session,
    stream: Stream,
    start: Annotated[
        str | None,
        typer.Option(
            "--start", help="Begin at this id; 0 is the beginning, $ the end.", show_default=False
        ),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--end", help="Up to this id, included.", show_default=False)
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", help="Begin after this id.", show_default=False)
    ] = None,
    offset: Annotated[
        int | None,
        typer.Option("--offset", help="Begin at this offset of the partition.", show_default=False),
    ] = None,
    tail: Annotated[
        bool, typer.Option("--tail", help="Only records that are appended from now on.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            help="How many at most: 1 to 1,000; with --follow, stop after this many.",
            show_default="10; no limit with --follow",
        ),
    ] = None,
    partition: Partition = None,
    key: PartitionKey = None,
    block: Block = 0,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new ones until interrupted.")
    ] = False,
) -> None:
    """Read records, from the beginning unless an option says otherwise; exit code 1 if none."""
    if follow:
        if end is not None or offset is not None or key is not None or block:
            raise typer.BadParameter("--follow takes no --end, --offset, --key or --block")
        await _follow(session, stream, _beginning(start, after, tail), after, partition, limit)
        return
    result = await session.client.stream.read(
        stream,
        start=start,
        end=end,
        after=after,
        offset=offset,
        tail=tail,
        limit=10 if limit is None else limit,
        partition=partition,
        partition_key=key,
        block_ms=block,
    )
    show_records(session.out, result)
    if not result.records:
        raise Empty(f"the stream {stream!r} has no records there")


def _beginning(start: str | None, after: str | None, tail: bool) -> str:
    if (start is not None) + (after is not None) + tail > 1:
        raise typer.BadParameter("--start, --after and --tail exclude each other")
    return "$" if tail else start or after or "0"


async def _follow(
    session: Session,
    stream: str,
    start: str,
    after: str | None,
    partition: int | None,
    limit: int | None,
) -> None:
    if limit is not None and limit < 1:
        raise typer.BadParameter(f"--limit is {limit}; it must be 1 or more")
    await session.client.connect()
    shown = 0
    async for record in session.client.stream.follow(stream, start=start, partition=partition):
        if str(record.id) == after:
            continue
        session.out.show(record, f"{record.id}\t{cell(record.payload)}")
        shown += 1
        if shown == limit:
            return


@app.command(
    epilog=examples("flo stream create events --partitions 8 --max-age 7d --max-bytes 10GiB")
)
@connected
async def create(
    session: Session,
    stream: Stream,
    partitions: Annotated[int, typer.Option("--partitions", help="How many: 1 to 256.")] = 1,
    max_age: MaxAge = None,
    max_records: MaxRecords = None,
    max_bytes: MaxBytes = None,
) -> None:
    """Create a stream. A first record creates one, too, with one partition."""
    info = await session.client.stream.create(
        stream,
        partitions=partitions,
        max_age_ms=max_age,
        max_records=max_records,
        max_bytes=max_bytes,
    )
    session.out.fields(info, _info_fields(info))


@app.command(epilog=examples("flo stream alter events --max-age 30d --max-bytes none"))
@connected
async def alter(
    session: Session,
    stream: Stream,
    max_age: Annotated[
        str | None,
        typer.Option(
            "--max-age",
            "--max-age-ms",
            metavar="DURATION|none",
            help="Delete records that are older than this.",
            show_default=False,
        ),
    ] = None,
    max_records: Annotated[
        str | None,
        typer.Option(
            "--max-records",
            metavar="NUMBER|none",
            help="Keep at most this many records; the oldest are deleted.",
            show_default=False,
        ),
    ] = None,
    max_bytes: Annotated[
        str | None,
        typer.Option(
            "--max-bytes",
            metavar="SIZE|none",
            help="Keep at most this size; the oldest records are deleted.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Change a stream's limits. Those that are not given stay; none removes a limit."""
    info = await session.client.stream.alter(
        stream,
        max_age_ms=_altered(max_age, duration_ms),
        max_records=_altered(max_records, count),
        max_bytes=_altered(max_bytes, size_bytes),
    )
    session.out.fields(info, _info_fields(info))


def _altered(text: str | None, parse: Callable[[str], int]) -> int | UnsetType | None:
    if text is None:
        return UNSET
    return None if text == NO_LIMIT else parse(text)


@app.command(epilog=examples("flo stream info events"))
@connected
async def info(session: Session, stream: Stream) -> None:
    """Show a stream's size and retention."""
    found = await session.client.stream.info(stream)
    session.out.fields(found, _info_fields(found))


def _info_fields(info: StreamInfo) -> dict[str, str]:
    return {
        "stream": cell(info.name),
        "partitions": str(info.partitions),
        "records": str(info.count),
        "size": shown_size(info.size_bytes),
        "first id": cell(info.first_id),
        "last id": cell(info.last_id),
        "max age": lasting(info.max_age_ms),
        "max records": cell(info.max_records),
        "max size": shown_size(info.max_bytes),
    }


@app.command("list", epilog=examples("flo stream list", "flo stream list --all --json"))
@connected
async def list_(
    session: Session, limit: Limit = defaults.PAGE_LIMIT, cursor: Cursor = None, all_: All = False
) -> None:
    """List the streams of the namespace, by name."""
    page = await pages(
        lambda limit, cursor: session.client.stream.list(limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["stream", "partitions", "records", "size", "first id", "last id"],
        rows_of(
            page,
            lambda each: each.name,
            lambda each: each.partitions,
            lambda each: each.count,
            lambda each: shown_size(each.size_bytes),
            lambda each: each.first_id,
            lambda each: each.last_id,
        ),
    )
    if not page:
        raise Empty("no streams")


@app.command(
    epilog=examples(
        "flo stream trim events --max-age 7d --dry-run",
        "flo stream trim events --before 1703350800000-0",
    )
)
@connected
async def trim(
    session: Session,
    stream: Stream,
    max_records: MaxRecords = None,
    before: Annotated[
        str | None,
        typer.Option("--before", help="Remove records before this id.", show_default=False),
    ] = None,
    max_age: MaxAge = None,
    max_bytes: MaxBytes = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show how many records would be removed.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Remove the oldest records, once."""
    if not dry_run:
        confirm(f"Remove records of the stream {stream!r}?", yes)
    result = await session.client.stream.trim(
        stream,
        max_records=max_records,
        before=before,
        max_age_ms=max_age,
        max_bytes=max_bytes,
        dry_run=dry_run,
    )
    document: dict[str, Any] = {**plain(result), "dry_run": dry_run}
    done = "would be removed" if dry_run else "removed"
    session.out.show(document, f"{counted(result.removed, 'record')} {done}")


@app.command(epilog=examples("flo stream delete events --force --yes"))
@connected
async def delete(
    session: Session,
    stream: Stream,
    force: Annotated[
        bool, typer.Option("--force", help="Delete it even if it has records.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Delete a stream and its groups. One that is not empty needs --force."""
    confirm(f"Delete the stream {stream!r} and its groups?", yes)
    if not await session.client.stream.delete(stream, force=force):
        raise NotFoundError(f"the stream {stream!r} does not exist")
    session.out.show({"deleted": True}, "deleted")
