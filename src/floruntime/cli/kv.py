"""`flo kv`: versioned keys."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from floruntime.cli import jobs
from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import All, Block, Cursor, Limit, Yes, duration, examples, group
from floruntime.cli.base.output import (
    at,
    cell,
    complain,
    plain,
    rows_of,
    write,
    write_json,
    write_text,
    write_value,
)
from floruntime.cli.base.run import Session, confirm, connected
from floruntime.cli.base.values import read_value
from floruntime.core import defaults
from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.core.kv import KvChange, KvEntry, KvJsonGet, KvJsonSet, ScanResult

app = group("Versioned keys: values, histories, TTLs, counters, JSON documents.")

Key = Annotated[str, typer.Argument(metavar="KEY", help="The key.")]
Path = Annotated[
    str, typer.Argument(metavar="PATH", help="A path in the document, such as $.user.name.")
]
Cas = Annotated[
    int | None,
    typer.Option(
        "--cas",
        "--cas-version",
        help="Only if the key has this version (0: it must not exist).",
        show_default=False,
    ),
]
TtlSeconds = Annotated[
    float | None,
    typer.Option("--ttl-seconds", help="The same as --ttl, in seconds.", show_default=False),
]
ENTRY_COLUMNS = ["key", "version", "updated", "expires", "value"]


def _missing(key: str) -> NotFoundError:
    return NotFoundError(f"the key {key!r} does not exist")


@app.command(epilog=examples("flo kv get greeting", "flo kv get logo --raw > logo.png"))
@connected
async def get(
    session: Session,
    key: Key,
    block: Block = 0,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="Write the exact bytes, not escaped and with no line end after them."
        ),
    ] = False,
) -> None:
    """Print the value of KEY; with --json its version and times too.

    On a terminal, control characters are shown escaped.
    """
    value = None
    if block or not session.out.is_json:
        value = await session.client.kv.get(key, block_ms=block)
    if session.out.is_json:
        await _show_entry(session, key)
    elif value is None:
        raise _missing(key)
    elif raw:
        write(value)
    else:
        write_value(value + b"\n")


@app.command(epilog=examples("flo kv entry greeting"))
@connected
async def entry(session: Session, key: Key) -> None:
    """Show a key with its version, the time of its last change, and its expiry."""
    await _show_entry(session, key)


async def _show_entry(session: Session, key: str) -> None:
    found = await session.client.kv.entry(key)
    if found is None:
        raise _missing(key)
    session.out.fields(found, dict(zip(ENTRY_COLUMNS, _entry_row(found), strict=True)))


def _entry_row(entry: KvEntry) -> list[str]:
    return [
        cell(entry.key),
        str(entry.version),
        at(entry.updated_at_ms),
        at(entry.expires_at_ms),
        cell(entry.value),
    ]


@app.command(epilog=examples("flo kv mget red green blue"))
@connected
async def mget(
    session: Session,
    keys: Annotated[list[str], typer.Argument(metavar="KEY", help="Up to 256 keys.")],
) -> None:
    """Read several keys at one moment. With --json, a missing one is null."""
    entries = await session.client.kv.mget(keys)
    found = [entry for entry in entries if entry is not None]
    session.out.table(entries, ENTRY_COLUMNS, map(_entry_row, found))
    if not found:
        raise Empty("none of the keys exists")


@app.command(
    epilog=examples(
        "flo kv put greeting hello",
        "flo kv put session:42 @session.json --ttl 30m",
        "date | flo kv put now -",
        "flo kv put greeting hallo --cas 7",
    )
)
@connected
async def put(
    session: Session,
    key: Key,
    value: Annotated[
        str,
        typer.Argument(metavar="VALUE", help="The value; - is standard input, @PATH a file."),
    ],
    ttl: Annotated[
        int | None, duration("--ttl", "--ttl-ms", help="The key expires after this long.")
    ] = None,
    ttl_seconds: TtlSeconds = None,
    cas: Cas = None,
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="Only if the key does not exist.")
    ] = False,
    if_exists: Annotated[bool, typer.Option("--if-exists", help="Only if the key exists.")] = False,
) -> None:
    """Write a value. Without --ttl the key stays until it is deleted."""
    result = await session.client.kv.put(
        key,
        read_value(value),
        ttl_ms=ttl,
        ttl_seconds=ttl_seconds,
        cas_version=cas,
        if_not_exists=if_not_exists,
        if_exists=if_exists,
    )
    session.out.show(result, f"version {result.version}")


@app.command(
    epilog=examples(
        "flo kv delete greeting", "flo kv delete greeting --cas 7", "flo kv delete --prefix user:"
    )
)
@connected
async def delete(
    session: Session,
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="The key.", show_default=False)
    ] = None,
    cas: Cas = None,
    prefix: Annotated[
        str | None,
        typer.Option(
            "--prefix", help="Delete all keys that begin with this, by a job.", show_default=False
        ),
    ] = None,
    background: jobs.Background = False,
    yes: Yes = False,
) -> None:
    """Delete a key, or all keys that begin with --prefix. Exit code 1 if KEY did not exist."""
    if (key is None) == (prefix is None):
        raise BadRequestError("give either KEY or --prefix")
    if prefix is not None:
        if cas is not None:
            raise BadRequestError("--cas is for one key, not for --prefix")
        confirm(f"delete all keys that begin with {prefix!r}?", yes)
        await jobs.follow(session, await session.client.kv.delete_prefix(prefix), background)
        return
    assert key is not None, "one of them is given"
    if not await session.client.kv.delete(key, cas_version=cas):
        raise _missing(key)
    session.out.show({"deleted": True}, "deleted")


@app.command(epilog=examples("flo kv scan user:", "flo kv scan --all --keys-only"))
@connected
async def scan(
    session: Session,
    prefix: Annotated[
        str,
        typer.Argument(
            metavar="PREFIX", help="Only keys that begin with this.", show_default=False
        ),
    ] = "",
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
    keys_only: Annotated[bool, typer.Option("--keys-only", help="Leave the values out.")] = False,
) -> None:
    """List keys and their values, in byte order."""
    result = await _scan(session, prefix, limit, cursor, all_, keys_only)
    columns = ENTRY_COLUMNS[:-1] if keys_only else ENTRY_COLUMNS
    document = plain(result)
    if keys_only:
        for each in document["entries"]:
            del each["value"]
    rows = [_entry_row(each)[: len(columns)] for each in result.entries]
    session.out.table(document, columns, rows)
    if not result.entries:
        raise Empty("no keys" + (f" begin with {prefix!r}" if prefix else ""))


async def _scan(
    session: Session, prefix: str, limit: int, cursor: str | None, all_: bool, keys_only: bool
) -> ScanResult:
    entries: list[KvEntry] = []
    while True:
        page = await session.client.kv.scan(
            prefix, limit=1000 if all_ else limit, cursor=cursor, keys_only=keys_only
        )
        entries += page.entries
        cursor = page.cursor
        if cursor is None or not all_:
            break
    if cursor is not None:
        complain(f"there is more: --cursor {cursor}, or --all")
    return ScanResult(entries, cursor)


@app.command(epilog=examples("flo kv history greeting --limit 64"))
@connected
async def history(
    session: Session,
    key: Key,
    limit: Annotated[
        int, typer.Option("--limit", help="How many at most: 1 to 64.")
    ] = defaults.HISTORY_LIMIT,
) -> None:
    """Show the latest versions of a key, newest first, deletions and expiries too."""
    versions = await session.client.kv.history(key, limit=limit)
    session.out.table(
        versions,
        ["version", "time", "change", "value"],
        rows_of(
            versions,
            lambda each: each.version,
            lambda each: at(each.timestamp_ms),
            lambda each: "deleted" if each.deleted else "put",
            lambda each: None if each.deleted else each.value,
        ),
    )
    if not versions:
        raise Empty(f"the key {key!r} has no history")


@app.command(
    epilog=examples("flo kv incr visits", "flo kv incr stock -5"),
    context_settings={"ignore_unknown_options": True},
)
@connected
async def incr(
    session: Session,
    key: Key,
    delta: Annotated[
        int, typer.Argument(metavar="DELTA", help="What to add; may be negative.")
    ] = 1,
) -> None:
    """Add to a counter, which begins at 0; prints its new value."""
    value = await session.client.kv.incr(key, delta)
    session.out.show({"value": value}, str(value))


@app.command(epilog=examples("flo kv touch session:42 --ttl 30m"))
@connected
async def touch(
    session: Session,
    key: Key,
    ttl: Annotated[
        int | None,
        duration("--ttl", "--ttl-ms", help="The key expires this long from now (0: never)."),
    ] = None,
    ttl_seconds: TtlSeconds = None,
    cas: Cas = None,
) -> None:
    """Give a key a new TTL; exit code 1 if it does not exist."""
    if ttl is None and ttl_seconds is None:
        raise typer.BadParameter("give --ttl, or --ttl-seconds (0: the key never expires)")
    if not await session.client.kv.touch(key, ttl_ms=ttl, ttl_seconds=ttl_seconds, cas_version=cas):
        raise _missing(key)
    session.out.show({"touched": True}, "touched")


@app.command(epilog=examples("flo kv persist session:42"))
@connected
async def persist(session: Session, key: Key, cas: Cas = None) -> None:
    """Remove a key's TTL; exit code 1 if it does not exist."""
    if not await session.client.kv.persist(key, cas_version=cas):
        raise _missing(key)
    session.out.show({"persisted": True}, "persisted")


@app.command(epilog=examples("flo kv exists greeting && echo there"))
@connected
async def exists(session: Session, key: Key) -> None:
    """Tell whether a key exists: exit code 0 or 1."""
    found = await session.client.kv.exists(key)
    session.out.show({"exists": found}, "yes" if found else "no")
    if not found:
        raise typer.Exit(1)


@app.command(
    epilog=examples("flo kv watch greeting", "flo kv watch user: --prefix --json | jq .key")
)
@connected
async def watch(
    session: Session,
    key: Annotated[
        str,
        typer.Argument(metavar="KEY", help="The key; with --prefix, the beginning of the keys."),
    ],
    prefix: Annotated[
        bool, typer.Option("--prefix", help="Watch every key that begins with KEY.")
    ] = False,
    from_version: Annotated[
        int | None,
        typer.Option(
            "--from-version",
            help="Begin after this version. Without it: from now on.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", help="Stop after this many changes.", min=1)
    ] = None,
) -> None:
    """Show every change of a key as it happens, one a line, until interrupted."""
    await session.client.connect()
    shown = 0
    async for change in session.client.kv.watch(key, prefix=prefix, from_version=from_version):
        session.out.show(change, _change_line(change))
        shown += 1
        if shown == limit:
            return


def _change_line(change: KvChange) -> str:
    if change.deleted:
        return f"{change.version}\tdelete\t{cell(change.key)}"
    return f"{change.version}\tput\t{cell(change.key)}\t{cell(change.value)}"


@app.command("json-get", epilog=examples("flo kv json-get user:42 '$.address.city'"))
@connected
async def json_get(session: Session, key: Key, path: Path = "$") -> None:
    """Print the JSON value at PATH of a document."""
    # The text itself, not what Python would make of it: a null that is there is not a missing one.
    text = await session.client.call(KvJsonGet(key, path))
    if text is None:
        raise NotFoundError(f"the key {key!r} has nothing at {path}")
    if session.out.is_json:
        write_json(text.decode())
    else:
        shown = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        # Half a character has no UTF-8; JSON knows it by the escape that this leaves.
        write_text(shown.encode("utf-8", "backslashreplace").decode() + "\n")


@app.command(
    "json-set",
    epilog=examples(
        """flo kv json-set user:42 '$' '{"name": "Ada"}'""",
        "flo kv json-set user:42 '$.visits' 3",
        "flo kv json-set user:42 '$' @user.json",
    ),
)
@connected
async def json_set(
    session: Session,
    key: Key,
    path: Path,
    value: Annotated[
        str, typer.Argument(metavar="JSON", help="JSON text; - is standard input, @PATH a file.")
    ],
) -> None:
    """Set the value at PATH of a document; $ replaces or creates all of it."""
    result = await session.client.call(KvJsonSet(key, path, read_value(value)))
    session.out.show(result, f"version {result.version}")


@app.command("json-del", epilog=examples("flo kv json-del user:42 '$.address'"))
@connected
async def json_del(session: Session, key: Key, path: Path = "$") -> None:
    """Delete the value at PATH of a document; exit code 1 if it was not there."""
    if not await session.client.kv.json_del(key, path):
        raise NotFoundError(f"the key {key!r} has nothing at {path}")
    session.out.show({"deleted": True}, "deleted")
