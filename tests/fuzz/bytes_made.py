"""Makes what attackers send. All of it comes from one seeded random generator."""

from __future__ import annotations

import random
import types
import typing
from typing import Any

import msgspec

from floruntime.core import framing, wire
from floruntime.core.system import Hello

NAMESPACE = "mutant"
"""Where well-formed attacks act: they may write there, and nowhere else."""
_INTEGERS = (0, 1, -1, 2, 15, 16, 255, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -(2**63))
_TEXTS = ("", "q", "s", "g", "k", "\x00", "a" * 256, "ü" * 128, "0", "$", "1-0", "$.a[0]", "../x")


def masked(first: int, body: bytes, *, size: int | None = None, mask: bool = True) -> bytes:
    """A frame of a WebSocket client, byte by byte; the mask is all zeros."""
    size = len(body) if size is None else size
    bit = 0x80 if mask else 0
    if size < 126:
        head = bytes([first, bit | size])
    elif size < 2**16:
        head = bytes([first, bit | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, bit | 127]) + size.to_bytes(8, "big")
    return head + (b"\0\0\0\0" if mask else b"") + body


class Maker:
    """Random frames, good and bad."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def greeting(self) -> bytes:
        """A good start of a connection."""
        session = f"fuzz-{self._chance.randrange(2**64):x}"
        return framing.PREAMBLE + framing.frame(
            wire.encode_request(0, NAMESPACE, 0, Hello("fuzz", session))
        )

    def request(self, id: int) -> bytes:
        """A well-formed frame of any operation, with values that are seldom right."""
        kind = self._chance.choice(wire.CLIENT_REQUESTS)
        number = self._chance.choice((0, 0, 1, id, 2**63))
        return framing.frame(msgspec.msgpack.encode((id, NAMESPACE, number, self.value(kind))))

    def mutated(self, id: int) -> bytes:
        """A frame with a few bytes changed, dropped or doubled; mostly its length stays right."""
        body = bytearray(self.request(id)[framing.LENGTH.size :])
        for _ in range(self._chance.randint(1, 4)):
            place = self._chance.randrange(len(body))
            match self._chance.randrange(3):
                case 0:
                    body[place] = self._chance.randrange(256)
                case 1 if len(body) > 1:
                    del body[place]
                case _:
                    body[place:place] = body[place : place + 8]
        return framing.frame(bytes(body))

    def value(self, kind: Any) -> Any:
        """Any value of a type."""
        chance = self._chance
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is list:
            return [self.value(arguments[0]) for _ in range(chance.choice((0, 1, 2, 300)))]
        if origin is dict:
            return {self.value(arguments[0]): self.value(arguments[1])}
        if origin in (typing.Union, types.UnionType):
            return self.value(chance.choice(arguments))
        if origin is typing.Literal:
            return chance.choice(arguments)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return kind(*(self.value(field.type) for field in msgspec.structs.fields(kind)))
        return self._plain(kind)

    def _plain(self, kind: Any) -> Any:
        chance = self._chance
        if kind is bool:
            return chance.random() < 0.5
        if kind is int:
            return chance.choice(_INTEGERS)
        if kind is float:
            return chance.choice((0.0, -1.5, 1e300))
        if kind is str:
            return chance.choice(_TEXTS)
        if kind is bytes:
            return chance.randbytes(chance.choice((0, 1, 100, 10_000)))
        return None

    def opening(self) -> bytes:
        """A good opening of a WebSocket."""
        return (
            b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )

    def message(self, body: bytes) -> bytes:
        """A WebSocket message, mostly binary and whole; the mask is all zeros."""
        chance = self._chance
        opcode = chance.choice((0x82,) * 20 + (0x02, 0x80, 0x81, 0x89, 0x8A, 0x88, 0xC2, 0x83))
        return masked(opcode, body[:125] if opcode & 0x08 else body)

    def rubbish(self) -> bytes:
        """Bytes of no meaning, with or without a preamble."""
        data = self._chance.randbytes(self._chance.choice((1, 3, 5, 100, 10_000)))
        return data if self._chance.random() < 0.5 else framing.PREAMBLE + data

    def claim(self) -> bytes:
        """A frame that claims up to 4 GiB."""
        size = self._chance.choice((2**32 - 1, 2**31, 2**30, 64 * 2**20))
        return self.greeting() + framing.LENGTH.pack(size) + b"\x94" * self._chance.randrange(1_000)

    def nested(self) -> bytes:
        """Arrays or maps within each other, deeper than anybody needs."""
        depth = self._chance.choice((10, 1_000, 100_000))
        shell = self._chance.choice((b"\x91", b"\x81\x01"))
        head = msgspec.msgpack.encode((7, NAMESPACE, 0))
        body = b"\x94" + head[1:] + shell * depth + b"\x00"
        return self.greeting() + framing.frame(body)

    def huge_array(self) -> bytes:
        """An array that claims billions of members, or has a great many."""
        head = b"\x94" + msgspec.msgpack.encode((7, NAMESPACE, 0))[1:]
        if self._chance.random() < 0.5:
            return self.greeting() + framing.frame(head + b"\xdd\xff\xff\xff\xff")
        return self.greeting() + framing.frame(head + b"\xdd\x00\x01\x00\x00" + b"\x01" * 65_536)
