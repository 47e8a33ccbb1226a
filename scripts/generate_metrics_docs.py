"""Fills the table of metrics in docs/operations.md from the families that a scrape shows.

python -m scripts.generate_metrics_docs
"""

from __future__ import annotations

import asyncio
from typing import Any

from prometheus_client.core import Metric
from scripts.sections import table, write_sections

from floruntime.server.metrics.copies import Copy
from floruntime.server.metrics.families import STORE_GAUGES, families_now
from floruntime.testing import FloTestServer

DISK = [
    ("flo_disk_free_bytes", "Free space where the data lies."),
    ("flo_disk_low_bytes", "Below this growth is refused (`disk_low_bytes`)."),
]
"""What a server in memory has none of."""
CLUSTER = [
    Copy("system", True, 0),
    Copy("1", False, 0),
]
"""Some copies, for what only a node of a cluster shows."""


def sections() -> dict[str, str]:
    """Every generated section of the page."""
    rows = [
        [f"`{_name_of(each)}`", each.type, _labels_of(each), each.documentation]
        for each in families()
    ]
    rows += [[f"`{name}`", "gauge", "", text] for name, text in [*DISK, *STORE_GAUGES.values()]]
    rows += [["`process_*`", "", "", "Memory, processor time and open files of the process."]]
    return {"metrics": table(["metric", "kind", "labels", "what"], rows)}


def families() -> list[Metric]:
    """What a server in memory shows, with something of every kind on it."""
    return asyncio.run(_families())


async def _families() -> list[Metric]:
    async with FloTestServer() as flo:
        async with flo.client() as client:
            await client.queue.enqueue("q", "x")
            await client.action.register("a")
            await client.action.invoke("a")
            await client.worker.register("w", ["a"])
            await client.stream.group_create("s", "g")
        flo.server.copies = lambda: CLUSTER  # type: ignore[method-assign]  # as a node has some
        return list(await families_now(flo.server))


def _name_of(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _labels_of(family: Metric) -> str:
    names: tuple[Any, ...] = getattr(family, "_labelnames", ())
    return ", ".join(names)


if __name__ == "__main__":
    write_sections("operations.md", sections())
