"""The kernel is asked to hold little between nodes: it keeps one order for all callers."""

from __future__ import annotations

import asyncio
import socket

from floruntime.server.cluster.peers.kernel import HELD_BYTES, hold_little

KERNELS_SHARE = 2
"""It doubles what it is asked for, and uses as much for itself."""


async def test_little_is_held_at_both_ends() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, *listening.getsockname())
    try:
        hold_little(transport)
        assert transport.get_write_buffer_limits()[1] == HELD_BYTES
        connection = transport.get_extra_info("socket")
        received = connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        assert received <= KERNELS_SHARE * HELD_BYTES
        unsent = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
        assert unsent == HELD_BYTES
    finally:
        transport.close()
        listening.close()
