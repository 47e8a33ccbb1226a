"""Breaks of what goes between nodes: lanes, pieces, how much is under way, and what a client has
seen.
"""

from __future__ import annotations

from tests.mutants.mutant import Mutant

LANES, PIECES = "server/cluster/peers/lanes.py", "server/cluster/peers/pieces.py"
PEERS = "tests/server/cluster/peers"

MUTANTS = (
    Mutant(
        "a frame of another goes into the middle of one that must not be broken",
        LANES,
        "        elif lane.parcels[0].is_unfinished:",
        "        elif False:",
        f"{PEERS}/test_lanes.py",
    ),
    Mutant(
        "whose turn it is sends all that it has",
        LANES,
        "        while lane.parcels and sent_bytes < PIECE_BYTES:",
        "        while lane.parcels:",
        f"{PEERS}/test_lanes.py",
    ),
    Mutant(
        "what is little waits for its turn",
        LANES,
        "            (self._modest if is_little else self._others).append(lane)",
        "            self._others.append(lane)",
        f"{PEERS}/test_lanes.py",
    ),
    Mutant(
        "the last word goes before what was said",
        LANES,
        "            if not behind.lanes:",
        "            if behind.lanes:",
        f"{PEERS}/test_lanes.py",
    ),
    Mutant(
        "much is written to a node that takes nothing",
        LANES,
        "        while left_bytes > 0 and self._others and not self._is_full:",
        "        while left_bytes > 0 and self._others:",
        f"{PEERS}/test_lanes.py",
    ),
    Mutant(
        "what waits of a caller who is gone is sent",
        LANES,
        "            if parcel.is_unfinished or parcel.behind is not None:",
        "            if True:",
        f"{PEERS}/test_lanes.py",
    ),
    Mutant(
        "a body may grow without end",
        PIECES,
        "        if self._held_bytes[caller] > self._bytes_max:",
        "        if False:",
        f"{PEERS}/test_pieces.py",
    ),
    Mutant(
        "a large answer loses its beginning",
        PIECES,
        "        if before is not None:",
        "        if False:",
        f"{PEERS}/test_pieces.py",
    ),
    Mutant(
        "one connection may have any number of bytes under way at other nodes",
        "server/cluster/requests/under_way.py",
        "            or self._total_bytes >= BYTES_AT_ONCE",
        "            or False",
        "tests/server/cluster/requests/test_router.py",
    ),
    Mutant(
        "a copy answers though nobody said how far the last answer had come",
        "client/link/reads.py",
        "NO_COPY_MS if namespace in self._unsaid else ",
        "",
        "tests/client/link/test_reads.py",
    ),
)
