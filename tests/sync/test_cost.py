"""What a call costs that is waited for in another thread than the loop's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from floruntime.sync import FloClient
from floruntime.sync.portal import the_portal
from floruntime.testing import FloTestServer

CALLS = 100
RATIO_MAX = 1.5


def counted(work: Callable[[], Any]) -> int:
    """How many functions are called by `work`, in this thread and in the client's."""
    seen = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    portal = the_portal()
    portal.call(lambda: sys.setprofile(count))
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        portal.call(lambda: sys.setprofile(None))
    return seen


async def test_a_call_costs_at_most_half_more_than_one_that_is_awaited() -> None:
    """Counted, not timed: the same calls over TCP, on the same loop, by one connection."""
    async with FloTestServer() as server:

        def ratio() -> float:
            with FloClient(server.endpoint) as client:

                def waited_for() -> None:
                    for _ in range(CALLS):
                        client.kv.get("k")

                async def awaited() -> None:
                    for _ in range(CALLS):
                        await client._of.kv.get("k")

                waited_for()
                return counted(waited_for) / counted(lambda: the_portal().run(awaited()))

        assert await asyncio.to_thread(ratio) <= RATIO_MAX
