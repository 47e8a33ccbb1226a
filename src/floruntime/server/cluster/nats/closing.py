"""Closes a connection to NATS, also if its server has gone."""

from __future__ import annotations

import logging
from typing import Protocol

log = logging.getLogger("floruntime.cluster")


class Closing(Protocol):
    """What closing needs of a client of NATS."""

    async def close(self) -> None:
        """End the connection, once what is left has been sent."""
        ...


async def give_up(client: Closing) -> None:
    """Close `client`. If the server has gone, what is left to send is dropped without an error.

    asyncio reports the missing server by an `OSError`, uvloop by a `RuntimeError`.
    """
    try:
        await client.close()
    except (OSError, RuntimeError) as error:
        log.info("the connection to NATS was not closed in order: %s", error)
