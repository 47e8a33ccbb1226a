"""Giving up a connection to NATS, also to a server that is not there any more."""

from __future__ import annotations

import logging
from typing import Protocol

log = logging.getLogger("floruntime.cluster")


class Closing(Protocol):
    """A client of NATS, as far as it is closed."""

    async def close(self) -> None:
        """End the connection, once what is left has been sent."""
        ...


async def give_up(client: Closing) -> None:
    """Close `client`. If the server has gone, what is left can be sent nowhere: that stops nobody.

    asyncio says so by an `OSError`, uvloop by a `RuntimeError`.
    """
    try:
        await client.close()
    except (OSError, RuntimeError) as error:
        log.info("the connection to NATS was not closed in order: %s", error)
