"""The messages between nodes, on the port that clients use, after a preamble of their own.

    connection = PEER_PREAMBLE frame*        (frames as in `core/framing.py`)

The *gateway* has a client's connection; it connects to the *leader*. Both prove to each other that
they know the secret of the cluster, which is stored in NATS and is never sent here. The gateway has
judged hello, certificate, origin and limits. It passes on requests unchanged, by their callers.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec

from floruntime.engine.state.audit_note import AuditNote

PEER_PREAMBLE = b"FLN\x01"
FRAME_OVERHEAD_BYTES = 4_096


class PeerMessage(msgspec.Struct, array_like=True, frozen=True, tag_field="kind"):
    """Base of all of them."""


class Meet(PeerMessage, tag=0, frozen=True):
    """The gateway's first message: its cluster, and a nonce for the proof of the secret.

    `knows_pieces`: whether large answers may come in pieces.
    """

    cluster_id: str
    node: str
    nonce: bytes
    knows_pieces: bool = False


class Met(PeerMessage, tag=1, frozen=True):
    """The leader's answer, with its own proof. `knows_pieces`: whether large requests may come in
    pieces.
    """

    node: str
    nonce: bytes
    proof: bytes
    knows_pieces: bool = False


class Proof(PeerMessage, tag=2, frozen=True):
    """The gateway's proof. After it, the gateway passes on requests."""

    proof: bytes


class Ask(PeerMessage, tag=3, frozen=True):
    """A request of one of the gateway's callers, with its body unchanged.

    `note`: its audit note. `spans`: the names that lists show to the caller, `None` for all.
    `tells`: whether the answer must name its sequence in the log. `routes`: whether the answer must
    name the leader's address. `seen`: how far the caller has seen the log, where that matters.
    """

    caller: int
    client: str
    partition: int
    body: bytes
    note: AuditNote | None = None
    spans: dict[str, tuple[tuple[bytes, bytes], ...]] | None = None
    tells: bool = False
    routes: bool = False
    seen: int = 0


class Cancel(PeerMessage, tag=4, frozen=True):
    """End one wait of a caller."""

    caller: int
    partition: int
    request_id: int


class Gone(PeerMessage, tag=5, frozen=True):
    """A caller has disconnected, so its requests need no answer any more."""

    caller: int


class Here(PeerMessage, tag=6, frozen=True):
    """Clients that have a connection to the gateway; told about once a minute."""

    clients: list[str]


class Answers(PeerMessage, tag=7, frozen=True):
    """Bodies of answers for a caller, each with its request's id."""

    caller: int
    answers: list[tuple[int, bytes]]


class NotMine(PeerMessage, tag=8, frozen=True):
    """The request was not looked at: this node does not lead the partition, or is not as far as the
    caller has seen.
    """

    caller: int
    partition: int
    request_id: int


class LeadEnded(PeerMessage, tag=9, frozen=True):
    """This node no longer leads the partition: it will not answer the requests that are left."""

    partition: int


class Begun(PeerMessage, tag=10, frozen=True):
    """A piece of a large body. The last piece comes in the next `Ask` of that caller, or in the
    next `Answers` to it. Messages for other callers may come in between.
    """

    caller: int
    piece: bytes


AnyPeerMessage = (
    Meet | Met | Proof | Ask | Cancel | Gone | Here | Answers | NotMine | LeadEnded | Begun
)

encode = msgspec.msgpack.Encoder().encode
_NO_BYTES = encode(b"")
_decode = msgspec.msgpack.Decoder(AnyPeerMessage).decode


def answer_in_pieces(caller: int, request_id: int, pieces: list[bytes]) -> list[bytes]:
    """The bytes of a message with one large answer, in parts: joining them would copy them."""
    message = encode(Answers(caller, [(request_id, b"")]))
    size_bytes = sum(map(len, pieces))
    head = message.removesuffix(_NO_BYTES) + b"\xc6" + size_bytes.to_bytes(4, "big")
    return [head, *pieces]


def decode(body: bytes) -> Any:
    """One message. Raises `msgspec.DecodeError`."""
    return _decode(body)


def proof_of(secret: bytes, who: str, mine: bytes, yours: bytes) -> bytes:
    """The proof that `who` knows the secret, for these two nonces."""
    text = b"\0".join((who.encode(), mine.hex().encode(), yours.hex().encode()))
    return hmac.new(secret, text, hashlib.sha256).digest()
