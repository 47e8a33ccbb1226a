"""The messages in a partition's log: the beginnings of terms, and batches of changed rows.

A batch that is larger than a message may be is cut into parts, each a message of its own. Parts
count only once the last of them is there. If anything but the next part follows, they never count.

Each message has a checksum that is chained to that of the message before. It shows if a store and a
log have diverged.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.store import Changes

FORMAT = 1
"""The format of the log and its rows. A node that does not know a log's format never leads it."""
CHAIN_BYTES = 16
CHAIN_START = bytes(CHAIN_BYTES)
HEADER_BYTES = 256
"""The largest size of a message without its content."""
ANEW = b"anew"
"""The content of a message that begins a term in which the state begins again."""
PARTS_MAX = 10_000
"""Of one batch."""
HISTORY_SEQUENCES = 1 << 40
"""More than one history has."""


class Head(Value, frozen=True):
    """What a message says of itself. `term` rises with each leader; `parts` is 0 where one begins.

    `index`: the last command that was applied. `time_ms`: the last time that was stamped. `node`:
    who leads. `format`: how the rows are written.
    """

    term: int
    index: int
    time_ms: int
    node: str
    part: int = 0
    parts: int = 0
    format: int = FORMAT

    @property
    def is_term(self) -> bool:
        """Whether it begins a term."""
        return self.parts == 0

    @property
    def is_last(self) -> bool:
        """Whether it is the last part of a batch."""
        return self.part + 1 >= self.parts


class Message(Value, frozen=True):
    """One message of the log.

    The beginning of a term has no content, unless the state begins again with it. Then everything
    before it is given up, and the state is only in a checkpoint.
    """

    head: Head
    chain: bytes
    content: bytes = b""


class Position(Value, frozen=True):
    """How far a store has followed its log: a row of the store, written with each batch.

    `history`: how many times the state had begun anew.
    """

    sequence: int = 0
    term: int = 0
    chain: bytes = CHAIN_START
    time_ms: int = 0
    format: int = FORMAT
    node: str = ""
    history: int = 0

    @property
    def reach(self) -> int:
        """How far that is, also where the log was set back: a history is further than all of the
        one before.
        """
        return self.history * HISTORY_SEQUENCES + self.sequence


POSITION: Final[Table[Position]] = Table(b"cl", Position)
POSITION_KEY: Final = POSITION.key()


class DamagedLogError(Exception):
    """The log holds something invalid, or has diverged from the store."""


_encode = msgspec.msgpack.Encoder().encode
_decode_message = msgspec.msgpack.Decoder(Message).decode
_decode_changes = msgspec.msgpack.Decoder(
    tuple[list[tuple[bytes, bytes]], dict[bytes, bytes | None]]
).decode


def chained(chain: bytes, head: Head, content: bytes) -> bytes:
    """The checksum of a message that follows one with the checksum `chain`."""
    digest = hashlib.blake2b(chain, digest_size=CHAIN_BYTES)
    digest.update(_encode(head))
    digest.update(content)
    return digest.digest()


def encode_message(message: Message) -> bytes:
    """Return the message as bytes."""
    return _encode(message)


def decode_message(body: bytes) -> Message:
    """Read a message. Raises `DamagedLogError`."""
    try:
        return _decode_message(body)
    except msgspec.DecodeError as error:
        raise DamagedLogError(
            f"the log holds something that is not a message of Flo: {error}"
        ) from None


def encode_changes(changes: Changes) -> bytes:
    """Return the rows of a batch as the content of its messages."""
    return _encode((changes.cleared, changes.rows))


def decode_changes(content: bytes) -> Changes:
    """Read the rows of a batch. Raises `DamagedLogError`."""
    try:
        cleared, rows = _decode_changes(content)
    except msgspec.DecodeError as error:
        raise DamagedLogError(f"a batch in the log cannot be read: {error}") from None
    return Changes(rows, cleared)


def cut(content: bytes, bytes_max: int) -> list[bytes]:
    """Cut `content` into parts of at most so many bytes; at least one part."""
    starts = range(0, max(len(content), 1), bytes_max)
    return [content[start : start + bytes_max] for start in starts]
