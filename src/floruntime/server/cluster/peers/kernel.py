"""Keeps little data in the kernel and the transport while the other node has not taken it.

Kernel and transport keep one order for all data. Data that waits on this side is sent in the order
of lanes. The same is true on the receiving side: what a busy node has not read yet is in its
kernel.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any, Final

HELD_BYTES: Final = 256 * 1024
"""So much, each. To a node 10 ms away 25 MB a second pass, at least."""
_LOW_WATER: Final = getattr(socket, "TCP_NOTSENT_LOWAT", None)
"""Of what the kernel has not sent: what is on its way comes beside, as much as the way needs."""


def hold_little(transport: Any) -> None:
    """Let this transport, and the kernel, take no more than that at a time."""
    transport.set_write_buffer_limits(high=HELD_BYTES)
    connection = transport.get_extra_info("socket")
    if connection is None:
        return
    with contextlib.suppress(OSError):  # where the other node is gone already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, HELD_BYTES)
        if _LOW_WATER is not None:
            connection.setsockopt(socket.IPPROTO_TCP, _LOW_WATER, HELD_BYTES)
