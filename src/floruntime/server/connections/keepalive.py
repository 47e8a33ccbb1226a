"""Kernel settings for peers that vanish without closing their connection.

If a peer's machine or network fails, nothing arrives that would end its connection. So the kernel
probes the peer from time to time. It ends the connection if no answer comes, or if the peer does
not take what was sent.
"""

from __future__ import annotations

import contextlib
import socket
import sys

from floruntime.server import limits

_PROBES = (limits.VANISHED_MS_MAX - limits.KEEPALIVE_IDLE_MS) // limits.KEEPALIVE_INTERVAL_MS
#: What each system calls the time before the first question.
_IDLE = "TCP_KEEPALIVE" if sys.platform == "darwin" else "TCP_KEEPIDLE"
_OPTIONS = (
    (_IDLE, limits.KEEPALIVE_IDLE_MS // 1000),
    ("TCP_KEEPINTVL", limits.KEEPALIVE_INTERVAL_MS // 1000),
    ("TCP_KEEPCNT", _PROBES),
    ("TCP_USER_TIMEOUT", limits.VANISHED_MS_MAX),
)


def keep_alive(accepted: socket.socket) -> None:
    """Let the kernel end this connection within `VANISHED_MS_MAX` once its peer has vanished."""
    with contextlib.suppress(OSError):  # where the peer is gone already
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _OPTIONS:
            if (option := getattr(socket, name, None)) is not None:
                accepted.setsockopt(socket.IPPROTO_TCP, option, value)
