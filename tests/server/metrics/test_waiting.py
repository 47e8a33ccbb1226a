"""Looking at what waits goes in pieces of the same size, however much there is."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from typing import Any, cast

import msgspec
import pytest

from floruntime.engine.action.rows import ACTION
from floruntime.engine.state.tx import View
from floruntime.engine.stream.group.rows import GROUP_NAMES, GROUP_STATE
from floruntime.server.metrics.tally import Tally
from floruntime.server.metrics.waiting import Look, Waiting
from floruntime.testing import FloTestServer


async def filled(flo: FloTestServer, count: int) -> Tally:
    """So many actions with a run each, and groups that have all of a stream before them."""
    async with flo.client() as client:
        await client.action.register("a")
        await client.stream.append("s", "x")
        await client.stream.group_create("s", "g", start="0")
    tally = flo.server.tally
    assert tally is not None
    await tally.loaded()
    [(action_key, action)] = tally.rows(ACTION)
    [(group_key, names)] = tally.rows(GROUP_NAMES)
    state = tally.row(GROUP_STATE, GROUP_STATE.key(*GROUP_NAMES.unpack(group_key)))
    news = cast(dict[bytes, dict[bytes, Any]], tally._news)
    [namespace_id] = ACTION.unpack(action_key)
    for number in range(1, count):
        news[ACTION.tag][ACTION.key(namespace_id, tail=b"%d" % number)] = action
        news[GROUP_NAMES.tag][GROUP_NAMES.key(10**9 + number)] = msgspec.structs.replace(
            names, group=f"g{number}"
        )
        news[GROUP_STATE.tag][GROUP_STATE.key(10**9 + number)] = state
    return tally


async def look(
    flo: FloTestServer, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> tuple[Waiting, int]:
    """What waits, and the most calls of functions in one turn of the loop."""
    turns = [0]

    def count(*_: object) -> None:
        turns[-1] += 1

    async def sleep(_: float) -> None:
        turns.append(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    view: View = flo.server.commit.queries.view_apart()
    looking = Look(tally, view, flo.now_ms)
    looking._series_max = 50
    sys.setprofile(count)
    try:
        found = await looking.waiting()
    finally:
        sys.setprofile(None)
        monkeypatch.undo()
    return found, max(turns)


async def test_no_turn_grows_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = []
    for count in (1_000, 4_000):
        async with FloTestServer() as flo:
            found, calls = await look(flo, await filled(flo, count), monkeypatch)
        longest.append(calls)
        assert len(found.groups) == len(found.actions) == 51
        rest = found.groups[-1]
        assert rest.labels == ("", "", "")
        assert rest.lag == count - 50, "each has one record before it"
        assert Counter(each.labels == ("", "") for each in found.actions) == {False: 50, True: 1}
    assert longest[1] < longest[0] * 1.1
