"""A flag that outlives the loops in which it is waited for."""

from __future__ import annotations

import asyncio

from floruntime.client.worker.flag import Flag


def test_it_is_waited_for_in_one_loop_after_the_other() -> None:
    flag = Flag()

    async def wait_and_set() -> bool:
        waiting = asyncio.create_task(flag.wait())
        await asyncio.sleep(0)
        flag.set()
        await waiting
        await flag.wait()
        return flag.is_set()

    for _ in range(2):
        assert asyncio.run(wait_and_set())
        flag.clear()


async def test_who_gives_up_waiting_is_forgotten() -> None:
    flag = Flag()
    waiting = asyncio.create_task(flag.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    flag.set()
    assert waiting.cancelled()
