"""A node that stops when NATS has gone stops as always."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.server.cluster.nats.jetstream import Nats


class Gone:
    """What is left in it cannot be sent any more."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def close(self) -> None:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("unable to perform operation on <TCPTransport closed=True>"),  # uvloop
        ConnectionResetError("Connection lost"),  # asyncio
    ],
)
async def test_a_connection_that_is_gone_is_given_up_all_the_same(error: Exception) -> None:
    client: Any = Gone(error)
    await Nats(client, "flo", []).close()
