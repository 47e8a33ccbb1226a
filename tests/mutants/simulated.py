"""Breaks of clusters that simulated clusters must show by themselves, whatever unit tests say."""

from __future__ import annotations

from tests.mutants.cluster import MUTANTS as CLUSTER
from tests.mutants.mutant import Mutant

SEEN = "tests/simulation/cluster/test_seen.py"
NAMES = (
    "a lease counts from its answer, not from when it was asked for",
    "a copy that is too old answers",
    "a node joins a cluster that was made with other partitions",
    "a cluster is made on logs of one that was lost",
    "a node whose cluster is gone makes another one",
    "a node joins with an entry of its own though another was first",
    "a lost answer counts as if there was a cluster",
    "a second node of a name is let in",
    "two nodes of a name that began together go on",
)
"""Those of `cluster.py` once more."""

MUTANTS = (
    *(
        mutant._replace(name=f"{mutant.name}, in a simulated cluster", tests=SEEN)
        for mutant in CLUSTER
        if mutant.name in NAMES
    ),
    Mutant(
        "a start takes up the lease of the one before, though that may live",
        "server/cluster/board/lease.py",
        "        if row is not None and row.handed_to == node:",
        "        if row is not None and node in (row.handed_to, row.node):",
        SEEN,
    ),
    Mutant(
        "who makes a cluster writes over what another has fixed",
        "server/cluster/joining.py",
        "            await board.write(name, value, 0 if found is None else found.revision)",
        "            await board.write(name, value, None)",
        SEEN,
    ),
)
