"""Puts messages into a log, and finds out what happened to those that were not acknowledged.

If an acknowledgement does not come, that proves nothing. A log that does not show the message
proves nothing either: it may still arrive. So the same bytes are sent again, with the same expected
sequence, until the log takes them or shows another message in their place. Only that decides it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from floruntime.server.cluster.log.log import Log, LogRefusedError, LogSilentError

AGAIN_S = 0.1
"""How long after a silence the same bytes are sent again."""


class OvertakenError(Exception):
    """Another node has written where this leader was about to write, or its lease is over."""


class GivenUpError(OvertakenError):
    """This leader hands over its lead, as intended."""


async def publish(log: Log, body: bytes, expected: int, may_go_on: Callable[[], bool]) -> None:
    """Put `body` at `expected` + 1. After an `OvertakenError` it may be there or not.

    `may_go_on`: whether this writer still leads; nothing is sent once it does not.
    """
    while True:
        if not may_go_on():
            raise OvertakenError("the lease has ended")
        try:
            if await _is_put(log, body, expected):
                return
        except LogSilentError:
            pass
        await asyncio.sleep(AGAIN_S)


async def _is_put(log: Log, body: bytes, expected: int) -> bool:
    """Try once. False if that decided nothing."""
    try:
        await log.append(body, expected)
    except LogRefusedError:
        found = await log.at(expected + 1)
        if found == body:
            return True
        if found is not None:
            raise OvertakenError(f"another leader has written message {expected + 1}") from None
        ends = await log.ends()
        if ends.last < expected:
            raise OvertakenError(f"the log has lost message {expected}") from None
        if ends.first > expected + 1:
            raise OvertakenError(
                f"message {expected + 1} was written, and is dropped from the log by now"
            ) from None
        return False
    return True
