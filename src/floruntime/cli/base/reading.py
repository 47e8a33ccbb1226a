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
        help="In a cluster: with local, any node may answer reads, from its own copy.",
    ),
]
MaxStaleness = Annotated[
    int | None,
    duration(
        "--max-staleness",
        help="With --reads local: how old the copy may be. If it is older, the leader answers.",
    ),
]
