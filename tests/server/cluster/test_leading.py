"""Whom a node that stops leaves its leads to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from floruntime.server.cluster.leading import Leading
from floruntime.server.cluster.placement import keepers

NAMES, COPIES = ["a", "b", "c", "d"], 3
FIRST, SECOND, THIRD = keepers(1, NAMES, COPIES)
[NOT_KEPT] = set(NAMES) - {FIRST, SECOND, THIRD}


@pytest.mark.parametrize(
    ("able", "heir"),
    [
        (NAMES, SECOND),
        ([FIRST, THIRD], THIRD),
        ([NOT_KEPT], FIRST),
        ([], FIRST),
    ],
)
async def test_a_lead_is_left_to_who_keeps_it_and_may_lead_or_else_to_this_node(
    able: list[str], heir: str
) -> None:
    members = SimpleNamespace(names=NAMES, may_lead=lambda format: able)
    meta = SimpleNamespace(copies=COPIES)
    node: Any = SimpleNamespace(name=FIRST, members=members, meta=meta, format=1)
    assert Leading(node)._heir(1) == heir
