"""`flo queue`: priority queues with leases."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli import jobs
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
from floruntime.cli.base.output import Output, at, cell, rows_of
from floruntime.cli.base.run import Session, confirm, connected, pages, show_acks
from floruntime.cli.base.values import count, leased_messages, read_values
from floruntime.cli.base.words import counted
from floruntime.cli.queue import dead_letters
from floruntime.core import defaults
from floruntime.core.duration_text import lasting
from floruntime.core.errors import NotFoundError
from floruntime.core.queue import DequeueResult, QueueConfig

app = group("Priority queues: messages with leases, delays, retries and dead letters.")
app.add_typer(dead_letters.app, name="dlq")

Queue = Annotated[str, typer.Argument(metavar="QUEUE", help="The queue.")]
Seqs = Annotated[
    list[str],
    typer.Argument(
        metavar="SEQ",
        help="Messages: SEQ, or SEQ:LEASE, which is refused if the message has another lease by "
        "now.",
    ),
]
Count = Annotated[int, typer.Option("--count", "-c", help="How many at most: 1 to 1,000.")]
_STALE = "is not leased, or is leased to another consumer now"


@app.command(
    epilog=examples(
        "flo queue enqueue orders '{\"order\": 42}'",
        "flo queue enqueue orders @order.json --delay 5m --dedup-key order-42",
        "flo queue enqueue orders one two three --priority 1",
    )
)
@connected
async def enqueue(
    session: Session,
    queue: Queue,
    payloads: Annotated[
        list[str],
        typer.Argument(
            metavar="PAYLOAD",
            help="The message; - is standard input, @PATH a file. Several are written in one "
            "commit.",
        ),
    ],
    priority: Annotated[
        int, typer.Option("--priority", "-p", help="Lower is delivered first: 0 to 65,535.")
    ] = defaults.PRIORITY,
    delay: Annotated[
        int,
        duration("--delay", "--delay-ms", help="Deliver it only after this long.", default="none"),
    ] = 0,
    dedup_key: Annotated[
        str | None,
        typer.Option(
            "--dedup-key",
            help="Enqueue only one message with this key within the queue's dedup window.",
            show_default=False,
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            help="The group of the message. A group's messages are delivered in order, one at a "
            "time.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Add a message, or several in one commit, and print their seqs."""
    values = read_values(payloads)
    if len(values) == 1:
        seq = await session.client.queue.enqueue(
            queue, values[0], priority=priority, delay_ms=delay, dedup_key=dedup_key, group=group
        )
        session.out.show({"seq": seq}, str(seq))
        return
    if dedup_key is not None:
        raise typer.BadParameter("--dedup-key takes one payload, not several")
    seqs = await session.client.queue.enqueue_many(
        queue, values, priority=priority, delay_ms=delay, group=group
    )
    session.out.show({"seqs": seqs}, "\n".join(map(str, seqs)))


@app.command(
    epilog=examples(
        "flo queue dequeue orders --count 10 --visibility 2m",
        "flo queue dequeue orders --block 30s --ack",
    )
)
@connected
async def dequeue(
    session: Session,
    queue: Queue,
    count: Count = 1,
    visibility: Annotated[
        int,
        duration(
            "--visibility",
            "--visibility-timeout",
            "--visibility-timeout-ms",
            help="The lease: what is not acked within this time is delivered again.",
            default="30s",
        ),
    ] = defaults.VISIBILITY_TIMEOUT_MS,
    block: Block = 0,
    ack_now: Annotated[
        bool,
        typer.Option(
            "--ack", help="Ack messages as they are delivered: each is delivered at most once."
        ),
    ] = False,
    ack_mode: Annotated[
        str | None,
        typer.Option(
            "--ack-mode",
            metavar="explicit|on_delivery",
            help="on_delivery is the same as --ack.",
            show_default="explicit",
        ),
    ] = None,
) -> None:
    """Lease messages; exit code 1 if there are none. Ack each when it is done."""
    if ack_now and ack_mode not in (None, "on_delivery"):
        raise typer.BadParameter(f"--ack and --ack-mode {ack_mode} exclude each other")
    mode = "on_delivery" if ack_now else ack_mode or "explicit"
    result = await session.client.queue.dequeue(
        queue, count, visibility_timeout_ms=visibility, block_ms=block, ack_mode=mode
    )
    taken = result.messages

    async def hand_back() -> None:
        await session.client.queue.nack(queue, list(taken), release=True)

    await show_taken(
        lambda: _show_dequeued(session.out, result),
        [message.seq for message in taken],
        hand_back if mode == "explicit" else None,
    )
    _expect_messages(queue, result)


def _show_dequeued(out: Output, result: DequeueResult) -> None:
    out.table(
        result,
        ["seq", "lease", "attempt", "priority", "enqueued", "lease until", "payload"],
        rows_of(
            result.messages,
            lambda each: each.seq,
            lambda each: each.lease,
            lambda each: each.attempt,
            lambda each: each.priority,
            lambda each: at(each.enqueued_at_ms),
            lambda each: at(each.lease_expires_at_ms),
            lambda each: each.payload,
        ),
    )


def _expect_messages(queue: str, result: DequeueResult) -> None:
    if not result.messages:
        raise Empty(f"the queue {queue!r} has no message that is ready")


@app.command(epilog=examples("flo queue ack orders 17 18", "flo queue ack orders 17:93"))
@connected
async def ack(session: Session, queue: Queue, seqs: Seqs) -> None:
    """Ack messages that are done, which deletes them. Exit code 3 if one is not leased to you."""
    result = await session.client.queue.ack(queue, leased_messages(seqs))
    show_acks(session.out, result, "acked", _STALE)


@app.command(
    epilog=examples(
        "flo queue nack orders 17 --delay 1m --error 'no such customer'",
        "flo queue nack orders 17 --to-dlq",
    )
)
@connected
async def nack(
    session: Session,
    queue: Queue,
    seqs: Seqs,
    to_dlq: Annotated[
        bool,
        typer.Option("--to-dlq", help="Make it a dead letter now, regardless of its attempts."),
    ] = False,
    delay: Annotated[
        int,
        duration(
            "--delay",
            "--delay-ms",
            help="Deliver it again after this long.",
            default="the queue's retry delay",
        ),
    ] = 0,
    release: Annotated[
        bool, typer.Option("--release", help="Hand it back without counting an attempt.")
    ] = False,
    error: Annotated[
        str | None,
        typer.Option("--error", help="What went wrong; kept with the message.", show_default=False),
    ] = None,
) -> None:
    """Give messages back to the queue. This counts as a failed attempt, except with --release."""
    result = await session.client.queue.nack(
        queue,
        leased_messages(seqs),
        to_dlq=to_dlq,
        delay_ms=delay,
        release=release,
        error=error,
    )
    show_acks(session.out, result, "given back", _STALE)


@app.command(epilog=examples("flo queue touch orders 17 --extend 5m"))
@connected
async def touch(
    session: Session, queue: Queue, seqs: Seqs, extend: Extend = defaults.EXTEND_MS
) -> None:
    """Keep leases for longer."""
    result = await session.client.queue.touch(queue, leased_messages(seqs), extend_ms=extend)
    show_acks(session.out, result, "touched", _STALE)


@app.command(epilog=examples("flo queue peek orders --count 20"))
@connected
async def peek(session: Session, queue: Queue, count: Count = 1) -> None:
    """Show the next ready messages, in delivery order, without leasing them."""
    result = await session.client.queue.peek(queue, count)
    session.out.table(
        result,
        ["seq", "attempts", "priority", "enqueued", "payload"],
        rows_of(
            result.messages,
            lambda each: each.seq,
            lambda each: each.attempt,
            lambda each: each.priority,
            lambda each: at(each.enqueued_at_ms),
            lambda each: each.payload,
        ),
    )
    _expect_messages(queue, result)


@app.command(epilog=examples("flo queue stats orders"))
@connected
async def stats(session: Session, queue: Queue) -> None:
    """Count a queue's messages. A queue that does not exist has zeros."""
    found = await session.client.queue.stats(queue)
    session.out.fields(
        found,
        {
            "queue": cell(found.name),
            "ready": str(found.ready),
            "waiting": str(found.waiting),
            "delayed": str(found.delayed),
            "leased": str(found.leased),
            "dead": str(found.dead),
            "oldest": lasting(found.oldest_age_ms),
            "enqueued in total": str(found.enqueued_total),
            "acked in total": str(found.acked_total),
            "dead letters evicted": str(found.dead_evicted_total),
            "paused": "yes" if found.paused else "no",
        },
    )


@app.command(
    epilog=examples(
        "flo queue bulk requeue_dead orders --error-contains timeout --dry-run",
        "flo queue bulk delete_dead orders --reason nacked --yes",
    )
)
@connected
async def bulk(
    session: Session,
    operation: jobs.DeadOperation,
    queue: Queue,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason", metavar="max_attempts|nacked", help="Only dead letters with this reason."
        ),
    ] = None,
    error_contains: jobs.ErrorContains = None,
    limit: jobs.AtMost = None,
    dry_run: jobs.DryRun = False,
    background: jobs.Background = False,
    yes: Yes = False,
) -> None:
    """Requeue or delete all dead letters that match, in small steps that do not delay others."""
    if not dry_run:
        confirm(f"{operation} all dead letters of {queue!r} that match?", yes)
    job = await session.client.queue.bulk(
        queue,
        operation,
        reason=reason,
        error_contains=error_contains,
        limit=limit,
        dry_run=dry_run,
    )
    await jobs.follow(session, job, background)


@app.command(epilog=examples("flo queue pause orders"))
@connected
async def pause(session: Session, queue: Queue) -> None:
    """Stop deliveries from a queue. Enqueues and acks continue, and leases still end."""
    session.out.show(await session.client.queue.pause(queue), "paused")


@app.command(epilog=examples("flo queue resume orders"))
@connected
async def resume(session: Session, queue: Queue) -> None:
    """Resume deliveries from a queue. Consumers that wait get messages at once."""
    session.out.show(await session.client.queue.resume(queue), "resumed")


@app.command(epilog=examples("flo queue promote orders 17 18"))
@connected
async def promote(
    session: Session,
    queue: Queue,
    seqs: Annotated[list[str], typer.Argument(metavar="SEQ", help="Delayed messages, by seq.")],
) -> None:
    """Make delayed messages ready now."""
    promoted = await session.client.queue.promote(queue, [count(seq) for seq in seqs])
    if not promoted:
        raise NotFoundError(f"the queue {queue!r} has no such delayed message")
    session.out.show({"promoted": promoted}, f"{promoted} promoted")


@app.command("list", epilog=examples("flo queue list", "flo queue list --all --json"))
@connected
async def list_(
    session: Session, limit: Limit = defaults.PAGE_LIMIT, cursor: Cursor = None, all_: All = False
) -> None:
    """List the queues of the namespace, by name."""
    page = await pages(
        lambda limit, cursor: session.client.queue.list(limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["queue", "ready", "waiting", "delayed", "leased", "dead", "oldest", "enqueued", "acked"],
        rows_of(
            page,
            lambda each: each.name,
            lambda each: each.ready,
            lambda each: each.waiting,
            lambda each: each.delayed,
            lambda each: each.leased,
            lambda each: each.dead,
            lambda each: lasting(each.oldest_age_ms),
            lambda each: each.enqueued_total,
            lambda each: each.acked_total,
        ),
    )
    if not page:
        raise Empty("no queues")


@app.command(epilog=examples("flo queue purge orders --yes"))
@connected
async def purge(session: Session, queue: Queue, yes: Yes = False) -> None:
    """Delete all messages of a queue, also leased and delayed ones, but not dead letters."""
    confirm(f"Delete all messages of the queue {queue!r}?", yes)
    count = await session.client.queue.purge(queue)
    session.out.show({"purged": count}, f"{counted(count, 'message')} deleted")


@app.command(epilog=examples("flo queue delete orders --yes"))
@connected
async def delete(session: Session, queue: Queue, yes: Yes = False) -> None:
    """Delete a queue with all it holds: messages, dead letters, settings, dedup keys."""
    confirm(f"Delete the queue {queue!r} and everything in it?", yes)
    if not await session.client.queue.delete(queue):
        raise NotFoundError(f"the queue {queue!r} does not exist")
    session.out.show({"deleted": True}, "deleted")


@app.command(epilog=examples("flo queue configure orders --max-attempts 3 --retry-delay 10s"))
@connected
async def configure(
    session: Session,
    queue: Queue,
    max_attempts: Annotated[
        int | None,
        typer.Option(
            "--max-attempts",
            help="How many deliveries before it becomes a dead letter.",
            show_default=False,
        ),
    ] = None,
    retry_delay: Annotated[
        int | None,
        duration("--retry-delay", "--retry-delay-ms", help="Pause after a failed attempt."),
    ] = None,
    dlq_limit: Annotated[
        int | None,
        typer.Option(
            "--dlq-limit",
            help="How many dead letters are kept; the oldest are deleted.",
            show_default=False,
        ),
    ] = None,
    dedup_window: Annotated[
        int | None,
        duration("--dedup-window", "--dedup-window-ms", help="How long a dedup key is remembered."),
    ] = None,
    retry_backoff: RetryBackoffOption = None,
    retry_delay_max: RetryDelayMaxOption = None,
) -> None:
    """Change a queue's settings and show them all. Settings that are not given stay as they are."""
    config = await session.client.queue.configure(
        queue,
        max_attempts=max_attempts,
        retry_delay_ms=retry_delay,
        dlq_limit=dlq_limit,
        dedup_window_ms=dedup_window,
        retry_backoff=retry_backoff,
        retry_delay_max_ms=retry_delay_max,
    )
    session.out.fields(config, _config_fields(config))


def _config_fields(config: QueueConfig) -> dict[str, str]:
    return {
        "max attempts": str(config.max_attempts),
        "retry delay": retry_text(config),
        "dead letters kept": str(config.dlq_limit),
        "dedup window": lasting(config.dedup_window_ms),
    }
