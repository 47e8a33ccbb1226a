"""`flo verify DIR` for a stopped node's data directory, or for a backup of a cluster.

A node's copies are not synced. What one has lost, it reads from its log again, so how far each has
come says nothing here. What it has must be readable and consistent.
"""

from __future__ import annotations

import os

from floruntime.engine.rules import RULES
from floruntime.server.cluster.copies.directories import partitions_in, place_of
from floruntime.server.cluster.log.message import POSITION
from floruntime.server.data.data_dir import DataDirectoryError, ReadersLock
from floruntime.server.data.shadow import reading_store
from floruntime.server.data.verify import Findings, VerifyReport


def verify_partitions(path: str, *, accept_loss: bool = False) -> VerifyReport:
    """Check each partition in `path`; writes nothing. `index` is the greatest of theirs."""
    path = os.path.abspath(path)
    if accept_loss:
        raise DataDirectoryError(
            f"{path} belongs to a cluster, whose logs still have what a copy lost; "
            "--accept-loss is for a single server. Start the node on an empty directory: "
            "it loads its copies again"
        )
    findings = Findings({**RULES.tables, POSITION.tag: POSITION})
    index = 0
    lock = ReadersLock(path)
    try:
        for partition in partitions_in(path):
            findings.where = f"partition {partition}: "
            before = findings.count
            with reading_store(path, place_of(path, partition)) as store:
                findings.walk(store)
                if findings.count == before:
                    findings.look_at_workflows(store)
                index = max(index, findings.index_of(store) or 0)
    finally:
        lock.release()
    rows = dict(sorted(findings.rows.items()))
    return VerifyReport(rows, findings.problems, findings.count, index, None, 0, False)
