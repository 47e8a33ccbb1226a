"""Two nodes meet: each proves that it is of the cluster before the other believes anything."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.framing import FrameReader, frame
from floruntime.core.kv import KvGet
from floruntime.core.wire import encode_request
from floruntime.server.cluster.peers import messages
from floruntime.server.cluster.peers.link import BYTES_MAX, PeerLink, _PeerSocket
from floruntime.server.cluster.peers.remote_caller import RemoteCaller
from floruntime.server.cluster.peers.speaker import PeerSpeaker
from tests.until import until

SECRET, NONCE = b"secret", b"n" * 32


def kernel_of(**more: Any) -> Any:
    """A transport, as far as nodes are concerned that meet."""
    return SimpleNamespace(
        set_write_buffer_limits=lambda high: None, get_extra_info=lambda name: None, **more
    )


class Host:
    """The node that is called."""

    cluster_id, name, secret = "cluster", "leader", SECRET

    def __init__(self) -> None:
        self.speakers: dict[Any, None] = {}
        self.heard: list[str] = []
        self.config = SimpleNamespace(advertise="leader:9000")

        #: Who leads here.
        self.lead: Any = None

    def lead_of(self, partition: int) -> Any:
        return self.lead

    def leads(self) -> list[Any]:
        return []

    def hear_of(self, clients: Any) -> None:
        self.heard += clients


class Called:
    """Its end of a connection, and what came of it."""

    def __init__(self) -> None:
        self.host = Host()
        self.sent = b""
        self.is_closed = False
        host: Any = self.host
        socket: Any = SimpleNamespace(
            write=self._write, close=self._close, transport=kernel_of(), is_shared=False
        )
        nobody_asks: Any = None
        self.speaker = PeerSpeaker(host, socket, 1_000, nobody_asks, nobody_asks)
        self.speaker.receive_data(messages.PEER_PREAMBLE)

    def _write(self, data: bytes) -> None:
        self.sent += data

    def _close(self) -> None:
        self.is_closed = True

    def say(self, message: Any) -> None:
        self.speaker.receive_data(frame(messages.encode(message)))

    def met(self) -> Any:
        return messages.decode(next(iter(FrameReader(1_000).receive_data(self.sent))))


def test_a_node_that_proves_itself_is_let_in() -> None:
    called = Called()
    called.say(messages.Meet("cluster", "gateway", NONCE))
    proof = messages.proof_of(SECRET, "gateway", NONCE, called.met().nonce)
    called.say(messages.Proof(proof))
    assert called.speaker.is_welcome
    assert list(called.host.speakers) == [called.speaker]
    called.say(messages.Here(["client"]))
    assert called.host.heard == ["client"]


@pytest.mark.parametrize("secret", [b"another", b""])
def test_one_without_the_secret_is_not(secret: bytes) -> None:
    called = Called()
    called.say(messages.Meet("cluster", "gateway", NONCE))
    called.say(messages.Proof(messages.proof_of(secret, "gateway", NONCE, called.met().nonce)))
    assert called.is_closed
    assert not called.speaker.is_welcome
    assert not called.host.speakers


def test_what_was_told_as_a_leaders_proof_is_none_of_a_gateway() -> None:
    called = Called()
    called.say(messages.Meet("cluster", "gateway", NONCE))
    called.say(messages.Proof(called.met().proof))
    assert called.is_closed


def test_one_that_asks_before_it_has_proved_itself_is_not() -> None:
    called = Called()
    called.say(messages.Here(["client"]))
    assert called.is_closed
    assert not called.host.heard


def test_one_of_another_cluster_is_told_nothing() -> None:
    called = Called()
    called.say(messages.Meet("other", "gateway", NONCE))
    assert called.is_closed
    assert not called.sent


def test_a_leader_answers_nobody_who_has_seen_more_than_it_has_heard_of() -> None:
    called, asked = Called(), list[Any]()
    called.host.lead = SimpleNamespace(
        may_answer=True, is_behind=lambda seen: seen == 7, ask=lambda *asking: asked.append(asking)
    )
    caller = RemoteCaller(1, "client", called.speaker)
    body = encode_request(3, "default", 0, KvGet("k"))
    called.speaker.do(caller, messages.Ask(1, "client", 2, body, seen=7))
    assert called.met() == messages.NotMine(1, 2, 3)
    assert not asked
    called.speaker.do(caller, messages.Ask(1, "client", 2, body, seen=6))
    assert len(asked) == 1


class Calling:
    """The end that calls, and a transport."""

    def __init__(self) -> None:
        owner: Any = SimpleNamespace(cluster_id="cluster", name="gateway", secret=SECRET)
        link: Any = SimpleNamespace(node="leader", address="leader:9000")
        self.sent = b""
        self.is_aborted = False
        self.socket = _PeerSocket(owner, link, 1_000)
        transport = kernel_of(write=self._write, abort=self._abort)
        self.socket.connection_made(transport)

    def _write(self, data: bytes) -> None:
        self.sent += data

    def _abort(self) -> None:
        self.is_aborted = True

    def hear(self, message: Any) -> None:
        self.socket.data_received(frame(messages.encode(message)))

    def said(self) -> list[Any]:
        data = self.sent.removeprefix(messages.PEER_PREAMBLE)
        return [messages.decode(body) for body in FrameReader(1_000).receive_data(data)]


async def test_who_calls_proves_itself_to_a_node_that_did() -> None:
    calling = Calling()
    [meet] = calling.said()
    proof = messages.proof_of(SECRET, "leader", NONCE, meet.nonce)
    calling.hear(messages.Met("leader", NONCE, proof))
    assert calling.socket.greeted.done()
    proof = messages.proof_of(SECRET, "gateway", meet.nonce, NONCE)
    assert calling.said()[1:] == [messages.Proof(proof)]


@pytest.mark.parametrize(("node", "secret"), [("leader", b"another"), ("other", SECRET)])
async def test_who_calls_tells_nothing_to_one_that_did_not(node: str, secret: bytes) -> None:
    calling = Calling()
    [meet] = calling.said()
    proof = messages.proof_of(secret, "leader", NONCE, meet.nonce)
    calling.hear(messages.Met(node, NONCE, proof))
    assert calling.is_aborted
    assert not calling.socket.greeted.done()
    assert calling.said() == [meet]


async def test_a_link_takes_the_largest_answer_there_can_be() -> None:
    """One that was larger than a request cut it, again and again, for whoever asked."""
    assert BYTES_MAX > limits.ANSWER_FRAME_BYTES_MAX
    link = PeerLink(SimpleNamespace(), "leader", "leader:9000", SimpleNamespace())  # type: ignore[arg-type]  # it does not get that far
    made: list[Any] = []

    async def create_connection(make: Any, *_: Any, **__: Any) -> Any:
        made.append(make())
        raise OSError("that will do")

    asyncio.get_running_loop().create_connection = create_connection  # type: ignore[assignment, method-assign]  # as above
    link._tls = SimpleNamespace(context=None)  # type: ignore[assignment]  # as above
    await until(lambda: made)
    await link.stop()
    assert made[0]._reader._frame_bytes_max == BYTES_MAX
