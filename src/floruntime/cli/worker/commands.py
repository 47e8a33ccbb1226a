"""`flo worker`: the workers that are there, and running one of one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import All, Cursor, Limit, examples, group
from floruntime.cli.base.output import at, rows_of
from floruntime.cli.base.root_options import READS, refuse, set_for
from floruntime.cli.base.run import Session, connected, pages, settings_of
from floruntime.core import defaults
from floruntime.core.worker import WorkerInfo

app = group("Workers: who runs actions. Run one of your own, list them, drain them.")


@app.command("list", epilog=examples("flo worker list", "flo worker list --all --json"))
@connected
async def list_(
    session: Session, limit: Limit = defaults.PAGE_LIMIT, cursor: Cursor = None, all_: All = False
) -> None:
    """List the workers of the namespace, by id."""
    page = await pages(
        lambda limit, cursor: session.client.worker.list(limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["worker", "state", "running", "concurrency", "actions", "labels", "last heartbeat"],
        rows_of(
            page,
            lambda each: each.worker_id,
            _state,
            lambda each: each.running,
            lambda each: each.concurrency,
            lambda each: " ".join(each.actions),
            lambda each: " ".join(f"{name}={value}" for name, value in each.labels.items()),
            lambda each: at(each.last_heartbeat_ms),
        ),
    )
    if not page:
        raise Empty("no workers")


def _state(worker: WorkerInfo) -> str:
    if not worker.healthy:
        return "unhealthy"
    return "draining" if worker.draining else "healthy"


@app.command(epilog=examples("flo worker info host-17-4f2a9c01"))
@connected
async def info(
    session: Session,
    worker_id: Annotated[str, typer.Argument(metavar="WORKER", help="The worker's id.")],
) -> None:
    """Show one worker: what it works on, and how much it has done and failed."""
    worker = await session.client.worker.info(worker_id)
    lines = [
        f"{worker.worker_id}: {_state(worker)}, {worker.running} of {worker.concurrency} running",
        f"done {worker.done}, failed {worker.failed}, since {at(worker.registered_at_ms)}",
        f"actions: {' '.join(worker.actions)}",
    ]
    session.out.show(worker, "\n".join(lines))


@app.command(epilog=examples("flo worker drain host-17-4f2a9c01"))
@connected
async def drain(
    session: Session,
    worker_id: Annotated[str, typer.Argument(metavar="WORKER", help="The worker's id.")],
) -> None:
    """Drain a worker: it finishes what it has, takes nothing new, and ends."""
    worker = await session.client.worker.drain(worker_id)
    session.out.show(worker, f"draining: {worker.running} running")


@app.command(
    epilog=examples(
        "flo worker run myapp.tasks:worker",
        "flo --host db.internal:9000 -n shop worker run myapp.tasks:worker",
        "flo worker run myapp.tasks:worker --reload",
    )
)
def run(
    ctx: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:WORKER",
            help="The worker (of actions, queues or a stream): an importable module, and the "
            "worker's name in it.",
        ),
    ],
    reload: Annotated[
        bool,
        typer.Option("--reload", help="For development: start again when a .py file changes."),
    ] = False,
    log_level: Annotated[
        str,
        typer.Option(
            "--log-level",
            metavar="debug|info|warning|error",
            help="The lowest level that is logged, to standard error.",
        ),
    ] = "info",
) -> None:
    """Run a worker of your own until SIGINT, SIGTERM or a drain; a second signal ends it at once.

    The module may also lie in the current directory. The worker connects to the server that it
    names itself, unless --host, --namespace, --token or the options of TLS are given here (or in
    the environment). With --json the log is JSON, one object per line.
    """
    from floruntime.cli.worker.run import run, run_reloading

    refuse(ctx, ("timeout",), "is for single calls; a worker waits as long as it takes")
    refuse(ctx, READS, "is for commands that only read; a worker also writes")
    if reload:
        run_reloading()
    else:
        run(target, log_level, settings_of(ctx), set_for(ctx) | settings_of(ctx).said)
