"""How clients get to the nodes of a simulated cluster."""

from __future__ import annotations

from collections.abc import Sequence

from floruntime.client.link.endpoint import TcpEndpoint
from floruntime.client.link.transports.protocol import OnBodies, OnClose
from floruntime.client.link.transports.tcp import TcpLink, TcpTransport
from tests.simulation.network import Network


class SimNodesTransport(TcpTransport):
    """The product's own way to any of several nodes, over this network. `first`: of which client
    it is a route beside its first link.
    """

    def __init__(
        self,
        network: Network,
        name: str,
        nodes: Sequence[str],
        first: SimNodesTransport | None = None,
    ) -> None:
        super().__init__([TcpEndpoint(node, 9000) for node in nodes], None)
        self._network = network
        self._name = name
        self._first = first
        #: Whether the process that it belongs to is gone.
        self.is_gone = False

    def at(self, node: str) -> SimNodesTransport:
        return SimNodesTransport(self._network, self._name, [node.partition(":")[0]], self)

    async def _connect(
        self, endpoint: TcpEndpoint, on_bodies: OnBodies, on_close: OnClose
    ) -> TcpLink:
        if self.is_gone or (self._first is not None and self._first.is_gone):
            await self._network.loop.create_future()
        link = TcpLink(on_bodies, on_close)
        await self._network.connect(self._name, endpoint.host, link)
        return link
