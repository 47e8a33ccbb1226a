"""The port with all its protocols: that of Flo's clients, WebSocket and HTTP."""

from __future__ import annotations

from floruntime.core.framing import PREAMBLE
from floruntime.server.connections.port import PROTOCOLS, Port
from floruntime.server.connections.sockets import Protocols, SocketConnection, Speaker
from floruntime.server.connections.tcp import TcpSpeaker
from floruntime.server.connections.tls import ServerTls
from floruntime.server.connections.websocket import PATH, WebSocketSpeaker
from floruntime.server.http.app import HttpApp
from floruntime.server.http.speaker import HttpSpeaker
from floruntime.server.http.visit import HttpVisit
from floruntime.server.server import FloServer

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT")
"""The methods by which HTTP is detected. A path refuses those that it does not have."""


async def listen(server: FloServer, host: str, port: int, tls: ServerTls | None = None) -> Port:
    """Listen on `host:port`; port 0 takes a free one."""
    if not server.config.http:
        return await Port.open(server, host, port, tls, PROTOCOLS)
    server.keep_tally()
    return await Port.open(server, host, port, tls, protocols_of(server))


def protocols_of(server: FloServer) -> Protocols:
    """What each protocol begins with. A WebSocket's opening is HTTP, too, at a path of its own."""
    app = HttpApp(server)

    def speak_http(socket: SocketConnection, server: FloServer) -> Speaker:
        return HttpSpeaker(socket, server, HttpVisit(app))

    openings = [f"GET {PATH}{end}".encode() for end in (" ", "?")]
    return (
        (PREAMBLE, TcpSpeaker),
        *((opening, WebSocketSpeaker) for opening in openings),
        *((f"{method} ".encode(), speak_http) for method in METHODS),
    )
