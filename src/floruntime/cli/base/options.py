"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.values import duration_ms, size_bytes
from floruntime.core.backoff import RetryBackoff
from floruntime.core.duration_text import lasting
from floruntime.core.queue import QueueConfig
from floruntime.core.stream import GroupInfo


def duration(*names: str, help: str, default: str | None = None) -> typer.models.OptionInfo:
    """An option that takes a duration; its value is in milliseconds."""
    option: typer.models.OptionInfo = typer.Option(
        *names,
        parser=lambda text: text if isinstance(text, int) else duration_ms(text),
        metavar="DURATION",
        help=help,
        show_default=default if default is not None else False,
    )
    return option


def size(*names: str, help: str) -> typer.models.OptionInfo:
    """An option that takes a number of bytes."""
    option: typer.models.OptionInfo = typer.Option(
        *names, parser=size_bytes, metavar="SIZE", help=help, show_default=False
    )
    return option


def examples(*lines: str) -> str:
    """The end of a help text: commands to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def retry_text(settings: QueueConfig | GroupInfo) -> str:
    """How long a failed attempt is followed by a pause, as people read it."""
    pause = lasting(settings.retry_delay_ms)
    if settings.retry_backoff == RetryBackoff.CONSTANT:
        return pause
    return f"{pause}, {settings.retry_backoff} up to {lasting(settings.retry_delay_max_ms)}"


def group(help: str) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(help=help, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


Limit = Annotated[int, typer.Option("--limit", help="How many at most: 1 to 1,000.")]
Cursor = Annotated[
    str | None,
    typer.Option(
        "--cursor", help="Continue after the page that returned this cursor.", show_default=False
    ),
]
All = Annotated[bool, typer.Option("--all", help="Every page, from the cursor to the end.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Block = Annotated[
    int,
    duration(
        "--block",
        "--block-ms",
        help="If there is nothing, wait this long for something.",
        default="do not wait",
    ),
]
RetryBackoffOption = Annotated[
    str | None,
    typer.Option(
        "--retry-backoff",
        metavar="constant|exponential",
        help="Whether the pause grows from attempt to attempt.",
        show_default=False,
    ),
]
RetryDelayMaxOption = Annotated[
    int | None,
    duration(
        "--retry-delay-max", "--retry-delay-max-ms", help="The longest pause between attempts."
    ),
]
Extend = Annotated[
    int,
    duration(
        "--extend", "--extend-ms", help="Let the lease end this long from now.", default="30s"
    ),
]
