"""The options of `flo action register`, but for limits."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.options import duration

Timeout = Annotated[
    int,
    duration(
        *("--timeout", "--timeout-ms", "--attempt-timeout"),
        help="The lease of one attempt.",
        default="30s",
    ),
]
MaxRetries = Annotated[
    int | None,
    typer.Option(
        "--max-retries",
        help="Attempts after the first one.",
        show_default="3; of an existing action: unchanged",
    ),
]
RetryDelay = Annotated[
    int | None,
    duration(
        "--retry-delay",
        "--retry-delay-ms",
        help="Pause before the second attempt; it doubles with each.",
        default="1s; of an existing action: unchanged",
    ),
]
RunTimeout = Annotated[
    int | None,
    duration(
        "--run-timeout",
        "--run-timeout-ms",
        help="The longest time for the whole run, with all attempts and pauses.",
        default="none",
    ),
]
Description = Annotated[
    str | None, typer.Option("--description", help="What it is for.", show_default=False)
]
Retention = Annotated[
    int,
    duration(
        *("--retention", "--retention-ms"),
        help="How long runs are kept after their end: at least 1d.",
        default="30d",
    ),
]
