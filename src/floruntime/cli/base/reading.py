"""The options that say which node of a cluster answers what only reads."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.options import duration
from floruntime.client.link.reads import ReadsFrom

Reads = Annotated[
    ReadsFrom,
    typer.Option(
        "--reads",
        help="In a cluster: local lets any node answer what only reads, from its copy.",
    ),
]
MaxStaleness = Annotated[
    int | None,
    duration(
        "--max-staleness",
        help="With --reads local: the oldest state to accept; beyond it the leader is asked.",
    ),
]
