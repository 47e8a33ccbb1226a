"""`flo ns`: namespaces."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import All, Cursor, Limit, Yes, examples, group
from floruntime.cli.base.output import at, rows_of
from floruntime.cli.base.run import Session, confirm, connected, pages
from floruntime.core import defaults
from floruntime.core.errors import NotFoundError

app = group(
    "Namespaces: separate worlds of keys, queues, streams, actions and workflows on one server."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The namespace.")]


@app.command(epilog=examples("flo ns create shop"))
@connected
async def create(session: Session, name: Name) -> None:
    """Create a namespace. The first write in a namespace creates it, too."""
    is_new = await session.client.namespaces.create(name)
    session.out.show({"name": name, "created": is_new}, "created" if is_new else "was there")


@app.command("list", epilog=examples("flo ns list", "flo ns list --all --json"))
@connected
async def list_(
    session: Session, limit: Limit = defaults.PAGE_LIMIT, cursor: Cursor = None, all_: All = False
) -> None:
    """List the namespaces, by name."""
    page = await pages(
        lambda limit, cursor: session.client.namespaces.list(limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["name", "created"],
        rows_of(page, lambda each: each.name, lambda each: at(each.created_at_ms)),
    )
    if not page:
        raise Empty("no namespaces")


@app.command(epilog=examples("flo ns delete shop --force --yes"))
@connected
async def delete(
    session: Session,
    name: Name,
    force: Annotated[
        bool, typer.Option("--force", help="Delete it with everything that is in it.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Delete a namespace. One that is not empty needs --force."""
    confirm(f"Delete the namespace {name!r} and everything in it?", yes)
    if not await session.client.namespaces.delete(name, force=force):
        raise NotFoundError(f"the namespace {name!r} does not exist")
    session.out.show({"deleted": True}, "deleted")
