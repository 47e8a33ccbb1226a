"""`flo queue dlq`: what was given up on."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import All, Cursor, Limit, Yes, examples, group
from floruntime.cli.base.output import at, rows_of
from floruntime.cli.base.run import Session, confirm, connected, pages
from floruntime.cli.base.values import count
from floruntime.core import defaults
from floruntime.core.errors import NotFoundError
from floruntime.core.queue import DequeueResult, Message
from floruntime.core.types import Page

app = group("Dead letters: messages that were given up on.")

Queue = Annotated[str, typer.Argument(metavar="QUEUE", help="The queue.")]
Seqs = Annotated[
    list[str] | None,
    typer.Argument(metavar="SEQ", help="The dead letters, by seq.", show_default=False),
]
Every = Annotated[bool, typer.Option("--all", help="All dead letters of the queue.")]


@app.command("list", epilog=examples("flo queue dlq list orders"))
@connected
async def list_(
    session: Session,
    queue: Queue,
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
) -> None:
    """List dead letters, in the order in which they died."""
    page = await pages(
        lambda limit, cursor: _page(session, queue, limit, cursor), limit, cursor, all_
    )
    session.out.table(
        DequeueResult(list(page), page.cursor),
        ["seq", "reason", "attempts", "enqueued", "last delivered", "error", "payload"],
        rows_of(
            page,
            lambda each: each.seq,
            lambda each: each.reason,
            lambda each: each.attempt,
            lambda each: at(each.enqueued_at_ms),
            lambda each: at(each.last_delivered_at_ms),
            lambda each: each.error,
            lambda each: each.payload,
        ),
    )
    if not page:
        raise Empty(f"the queue {queue!r} has no dead letters")


async def _page(session: Session, queue: str, limit: int, cursor: str | None) -> Page[Message]:
    result = await session.client.queue.dlq_list(queue, limit=limit, cursor=cursor)
    return Page(result.messages, result.cursor)


@app.command(
    epilog=examples("flo queue dlq requeue orders 17 18", "flo queue dlq requeue orders --all")
)
@connected
async def requeue(session: Session, queue: Queue, seqs: Seqs = None, every: Every = False) -> None:
    """Turn dead letters into ready messages again, with no attempts counted."""
    chosen = _chosen(seqs, every)
    if every:
        requeued = await _requeue_every(session, queue)
    else:
        requeued = await session.client.queue.dlq_requeue(queue, chosen)
    if not requeued:
        raise NotFoundError(f"the queue {queue!r} has no such dead letter")
    session.out.show({"requeued": requeued}, f"{requeued} requeued")


async def _requeue_every(session: Session, queue: str) -> int:
    """What dies again on the way is left: each letter that is there now is requeued once."""
    requeued, cursor = 0, None
    while True:
        page = await session.client.queue.dlq_list(queue, limit=1000, cursor=cursor)
        if page.messages:
            seqs = [message.seq for message in page.messages]
            requeued += await session.client.queue.dlq_requeue(queue, seqs)
        cursor = page.cursor
        if cursor is None:
            return requeued


@app.command(epilog=examples("flo queue dlq delete orders 17"))
@connected
async def delete(
    session: Session,
    queue: Queue,
    seqs: Annotated[list[str], typer.Argument(metavar="SEQ", help="The dead letters, by seq.")],
) -> None:
    """Delete dead letters permanently."""
    deleted = await session.client.queue.dlq_delete(queue, _chosen(seqs, False))
    if not deleted:
        raise NotFoundError(f"the queue {queue!r} has no such dead letter")
    session.out.show({"deleted": deleted}, f"{deleted} deleted")


@app.command(epilog=examples("flo queue dlq purge orders --yes"))
@connected
async def purge(session: Session, queue: Queue, yes: Yes = False) -> None:
    """Delete all dead letters of a queue permanently."""
    confirm(f"Delete all dead letters of the queue {queue!r}?", yes)
    purged = await session.client.queue.dlq_purge(queue)
    session.out.show({"purged": purged}, f"{purged} dead letters deleted")


def _chosen(seqs: list[str] | None, every: bool) -> list[int]:
    if bool(seqs) == every:
        raise typer.BadParameter("give either the seqs of dead letters, or --all")
    return [count(seq) for seq in seqs or ()]
