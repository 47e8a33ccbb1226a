"""`flo action limits`: what limits hold up; and the options that say what may run when."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.options import Cursor, Limit, duration, examples
from floruntime.cli.base.output import rows_of
from floruntime.cli.base.run import Session, connected
from floruntime.core import defaults
from floruntime.core.action import Limits
from floruntime.core.duration_text import NOTHING, lasting

EPILOG = examples("flo action limits sync-account", "flo action limits sync-account --json")

Running = Annotated[
    int | None,
    typer.Option("--running", help="How many runs may be leased at once.", show_default=False),
]
RunningPerKey = Annotated[
    int | None,
    typer.Option(
        "--running-per-key",
        help="How many runs of one key may be leased at once.",
        show_default=False,
    ),
]
Rate = Annotated[
    int | None,
    typer.Option(
        "--rate",
        help="How many runs may be claimed in any --rate-period: 1 to 10,000.",
        show_default=False,
    ),
]
RatePerKey = Annotated[
    int | None,
    typer.Option("--rate-per-key", help="The same as --rate, for each key.", show_default=False),
]
RatePeriod = Annotated[
    int,
    duration(
        "--rate-period",
        "--rate-period-ms",
        help="The length of the window that --rate and --rate-per-key count in.",
        default="1s",
    ),
]
Fair = Annotated[bool, typer.Option("--fair", help="Let keys take turns.")]
NoLimits = Annotated[bool, typer.Option("--no-limits", help="Remove all limits.")]
KeyPath = Annotated[
    str | None,
    typer.Option(
        "--key-path",
        help="The path to the key in a JSON payload, such as $.account. Empty: no path.",
        show_default=False,
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="NAME=VALUE",
        help="Only workers with this label take it; repeatable.",
        show_default=False,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", help="The key that limits per key count this run under.", show_default=False
    ),
]
DebounceKey = Annotated[
    str | None,
    typer.Option(
        "--debounce-key",
        help="Calls that follow each other with this key become one run, with the newest payload.",
        show_default=False,
    ),
]
Debounce = Annotated[
    int | None,
    duration(
        "--debounce",
        "--debounce-ms",
        help="With --debounce-key: start the run once no call has come for this long.",
    ),
]
DebounceMax = Annotated[
    int | None,
    duration(
        "--debounce-max",
        "--debounce-max-ms",
        help="With --debounce-key: the longest time that new calls can delay the run.",
    ),
]


def given(limits: Limits, no_limits: bool) -> Limits | None:
    """The limits that were named; `None`: they stay as they are."""
    if limits == Limits():
        return Limits() if no_limits else None
    if no_limits:
        raise typer.BadParameter("--no-limits removes all limits; give no other limit with it")
    return limits


def shown(limits: Limits) -> str:
    """Limits in one line."""
    period = lasting(limits.rate_period_ms)
    parts = [
        f"{limits.running} running" if limits.running else "",
        f"{limits.running_per_key} running per key" if limits.running_per_key else "",
        f"{limits.rate} in {period}" if limits.rate else "",
        f"{limits.rate_per_key} per key in {period}" if limits.rate_per_key else "",
        "fair" if limits.fair else "",
    ]
    return ", ".join(filter(None, parts)) or NOTHING


@connected
async def limits(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The action.")],
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
) -> None:
    """Show how many runs are leased and how many wait, and which limit holds back each key."""
    info = await session.client.action.limits(name, limit=limit, cursor=cursor)
    if session.out.is_json:
        session.out.document(info)
        return
    session.out.fields(info, {"running": str(info.running), "waiting": str(info.waiting)})
    session.out.table(
        info.keys,
        ["key", "running", "waiting", "blocked by"],
        rows_of(
            info.keys,
            lambda each: each.key,
            lambda each: each.running,
            lambda each: each.waiting,
            lambda each: each.blocked_by,
        ),
    )
