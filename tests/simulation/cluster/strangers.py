"""Strangers: clients without a good token, and who calls itself a node and is none.

Nobody may let them in, answer them, or tell them what clients ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from floruntime.client.client import FloClient
from floruntime.core.errors import FloError, UnauthorizedError
from floruntime.core.framing import FrameReader, frame
from floruntime.core.kv import KvPut
from floruntime.core.wire import encode_request
from floruntime.server.cluster.board.placement import SYSTEM
from floruntime.server.cluster.peers import messages
from tests.simulation.clockwork import pause
from tests.simulation.cluster.computers import SECRET, Computer

if TYPE_CHECKING:
    from tests.simulation.cluster.world import ClusterWorld

VISITS = 8
STAYS_S = 2.0
NONCE = bytes(32)
NO_SECRET = b"guessed"
STRANGE_TOKEN = f"flo_{'0' * 12}_{'1' * 40}"
FRAME_BYTES_MAX = 1 << 20


class Strangers:
    """Of `world`. `is_calm`: whether no node may be killed for now."""

    def __init__(self, world: ClusterWorld, is_calm: Callable[[], bool]) -> None:
        self._world = world
        self._is_calm = is_calm
        self._chance = world.fork("strangers")
        #: How far the log of `system` had come when one needed a token.
        self._locked_at = len(world.truth.logs[SYSTEM])

    async def visit(self) -> None:
        """Come over and over, each time as somebody else."""
        kinds = (self._come_as_client, self._come_as_node, self._come_from_elsewhere, self._pose)
        for _ in range(VISITS):
            await pause(self._chance.random() * 2 * self._world.busy_s / VISITS)
            await self._chance.choice(kinds)(self._chance.choice(self._world.computers))

    async def _come_as_client(self, computer: Computer) -> None:
        """With no token, one that nobody made, or one of which it knows only the name."""
        good = self._world.token
        if good is None:
            return
        other_end = "0" if good[-1] != "0" else "1"
        token = self._chance.choice((None, STRANGE_TOKEN, good[:-1] + other_end))
        known, way = self._world._way("stranger", [computer.name])
        client = FloClient(",".join(f"{node}:9000" for node in known), token=token, transport=way)
        try:
            async with asyncio.timeout(STAYS_S):
                await client.connect()
            if self._has_heard(computer):
                self._world.complain(f"{computer.name} lets in who has {token or 'no token'}")
        except (TimeoutError, FloError) as error:
            if not isinstance(error, (TimeoutError, UnauthorizedError)):
                self._world.tell(f"a stranger at {computer.name}: {error!r}")
        finally:
            await client.close()

    def _has_heard(self, computer: Computer) -> bool:
        """Whether that node knows that one needs a token; a node that was cut off may not."""
        node = computer.node
        return node is not None and node.replicas[SYSTEM].position.sequence >= self._locked_at

    async def _come_as_node(self, computer: Computer) -> None:
        """It knows the cluster, and not its secret."""
        await self._speak(computer, _Gateway(self._world.meta.cluster_id, NO_SECRET))

    async def _come_from_elsewhere(self, computer: Computer) -> None:
        """A node of another cluster, whose secret is the same by chance."""
        await self._speak(computer, _Gateway("another cluster", SECRET))

    async def _speak(self, computer: Computer, gateway: _Gateway) -> None:
        try:
            async with asyncio.timeout(STAYS_S):
                await self._world.network.connect("stranger", computer.name, gateway)
                await gateway.ended.wait()
        except (TimeoutError, OSError):
            pass
        gateway.end()
        if gateway.heard:
            self._world.complain(f"{computer.name} tells a stranger: {gateway.heard}")

    async def _pose(self, computer: Computer) -> None:
        """A node is down, and at its address somebody else answers."""
        if self._is_calm():
            return
        computer.kill(loses_power=True)
        poser = _Poser(computer.name)
        self._world.network.listen(computer.name, lambda source: poser.listener())
        while computer.node is None and not computer.is_gone:
            await pause(0.1)
        if poser.heard:
            self._world.complain(f"who poses as {computer.name} is told {poser.heard}")


class _Stranger(asyncio.Protocol):
    """Collects what the other end says."""

    def __init__(self) -> None:
        self._reader = FrameReader(FRAME_BYTES_MAX)
        self._transport: Any = None
        #: What nobody should have told it.
        self.heard: list[str] = []
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for body in self._reader.receive_data(data):
            self.take(messages.decode(body))

    def take(self, message: Any) -> None:
        raise NotImplementedError

    def say(self, message: Any) -> None:
        self._transport.write(frame(messages.encode(message)))

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class _Gateway(_Stranger):
    """Calls itself a node, and asks the other one to write."""

    def __init__(self, cluster_id: str, secret: bytes) -> None:
        super().__init__()
        self._cluster_id, self._secret = cluster_id, secret

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._transport.write(messages.PEER_PREAMBLE)
        self.say(messages.Meet(self._cluster_id, "n1", NONCE))

    def take(self, message: Any) -> None:
        if isinstance(message, messages.Met) and self._secret != SECRET:
            self.say(messages.Proof(_proof(self._secret, "gateway", NONCE, message.nonce)))
            put = encode_request(1, "default", 0, KvPut("strange", b"value"))
            for partition in range(5):
                self.say(messages.Ask(partition, "stranger", partition, put))
        else:
            self.heard.append(repr(message)[:100])


class _Poser:
    """Answers as a node, and knows no secret; `heard`: what it was told all the same."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard: list[str] = []

    def listener(self) -> asyncio.Protocol:
        return _Leader(self)


class _Leader(_Stranger):
    def __init__(self, poser: _Poser) -> None:
        super().__init__()
        self._poser = poser
        self._missing = messages.PEER_PREAMBLE

    def data_received(self, data: bytes) -> None:
        size = len(self._missing)
        if data[:size] != self._missing[: len(data)]:
            self.end()  # a client
            return
        self._missing = self._missing[len(data) :]
        super().data_received(data[size:])

    def take(self, message: Any) -> None:
        if isinstance(message, messages.Meet):
            proof = _proof(NO_SECRET, "leader", NONCE, message.nonce)
            self.say(messages.Met(self._poser.name, NONCE, proof))
        else:
            self._poser.heard.append(repr(message)[:100])


_proof = messages.proof_of
