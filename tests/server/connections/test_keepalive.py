"""What the kernel does about peers that vanish, on each connection that is accepted."""

from __future__ import annotations

import socket

from floruntime.server import limits
from floruntime.server.connections.keepalive import keep_alive


def test_the_kernel_ends_a_connection_whose_peer_vanished_within_the_bound() -> None:
    names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        keep_alive(accepted)
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        idle, interval, count, unacknowledged = (
            accepted.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names
        )
    assert (idle + count * interval) * 1000 == limits.VANISHED_MS_MAX == unacknowledged


def test_a_socket_whose_peer_is_gone_is_no_trouble() -> None:
    closed = socket.socket()
    closed.close()
    keep_alive(closed)
