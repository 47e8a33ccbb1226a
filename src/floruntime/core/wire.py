"""The wire format: a preamble, then frames of length and MessagePack.

    connection = b"FLO\\x02" frame*
    frame      = length (u32, little-endian) body
    request    = [id, namespace, number, [tag, field, ...]]
    answer     = [id, result] | [id, nil, [code, message, ran, index, details]]

`number` is the write number within the client's session, 0 for what carries none. This module has
no I/O: `FrameReader` is fed bytes and gives frame bodies, whatever pieces they arrive in.
"""

from __future__ import annotations

import struct
import types
import typing
from typing import Any, Generic, TypeVar, get_args

import msgspec

from floruntime.core import kv, queue, stream, system
from floruntime.core.errors import FloError, ProtocolError, Ran, from_wire
from floruntime.core.types import Command, Query, Request

PREAMBLE = b"FLO\x02"
LENGTH = struct.Struct("<I")

R = TypeVar("R")


def _requests_of(module: types.ModuleType) -> list[type[Request[Any]]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Request)
        and value.__module__ == module.__name__
    ]


ALL_REQUESTS: list[type[Request[Any]]] = [
    request for module in (system, kv, queue, stream) for request in _requests_of(module)
]
#: Commands that only the server itself submits; from a client they are refused.
SERVER_ONLY = (system.Tick, system.SessionForget, system.HandBack)
CLIENT_REQUESTS = [request for request in ALL_REQUESTS if request not in SERVER_ONLY]

AnyRequest = typing.Union[tuple(CLIENT_REQUESTS)]  # type: ignore[valid-type]  # noqa: UP007 # built from the modules
AnyCommand = typing.Union[tuple(r for r in ALL_REQUESTS if issubclass(r, Command))]  # type: ignore[valid-type]  # noqa: UP007 # likewise


class Envelope(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A request on its way: who answers what to whom."""

    id: int
    namespace: str
    number: int
    request: AnyRequest  # type: ignore[valid-type]


class WireError(msgspec.Struct, array_like=True, frozen=True):
    """An error on its way."""

    code: str
    message: str
    ran: Ran
    index: int | None = None
    details: dict[str, Any] = {}


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """An answer as it arrives: `result` is decoded once the request it answers is known."""

    id: int
    result: msgspec.Raw
    error: WireError | None = None


def reply_type(request: type[Request[R]]) -> Any:
    """The type that answers `request`: the parameter of its base class."""
    for base in request.__orig_bases__:  # type: ignore[attr-defined]
        return get_args(base)[0]
    raise TypeError(f"{request.__name__} names no reply type")


_encoder = msgspec.msgpack.Encoder()
_envelope_decoder = msgspec.msgpack.Decoder(Envelope)
_answer_decoder = msgspec.msgpack.Decoder(Answer)
_first_int_decoder = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw, msgspec.Raw, msgspec.Raw])
_reply_decoders: dict[type[Request[Any]], msgspec.msgpack.Decoder[Any]] = {
    request: msgspec.msgpack.Decoder(reply_type(request)) for request in ALL_REQUESTS
}
_batch_result_decoders = _reply_decoders

encode = _encoder.encode


def frame(body: bytes) -> bytes:
    """`body` with its length before it."""
    return LENGTH.pack(len(body)) + body


def encode_request(id: int, namespace: str, number: int, request: Request[Any]) -> bytes:
    """One request as a frame."""
    return frame(_encoder.encode((id, namespace, number, request)))


def encode_answer(id: int, result: object) -> bytes:
    """One successful answer as a frame."""
    return frame(_encoder.encode((id, result)))


def encode_error(id: int, error: FloError) -> bytes:
    """One refusal as a frame."""
    wire = WireError(error.code, error.message, error.ran, error.index, error.details)
    return frame(_encoder.encode((id, None, wire)))


decode_envelope = _envelope_decoder.decode


def decode_request_id(body: bytes) -> int:
    """The id of a request whose rest could not be decoded. Raises `ProtocolError`."""
    try:
        return _first_int_decoder.decode(body)[0]
    except msgspec.DecodeError:
        raise ProtocolError("a frame holds no request") from None


def decode_answer(body: bytes) -> Answer:
    """One answer. Raises `ProtocolError`."""
    try:
        return _answer_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"the server sent no valid answer: {error}", ran="maybe") from error


def decode_reply(request: Request[R], result: msgspec.Raw) -> R:
    """The result of `request`, typed. Raises `ProtocolError`."""
    try:
        if isinstance(request, system.Batch):
            return typing.cast(R, _decode_batch(request, result))
        return typing.cast(R, _reply_decoders[type(request)].decode(result))
    except msgspec.DecodeError as error:
        raise ProtocolError(
            f"the server's answer to {type(request).__name__} is not valid: {error}", ran="maybe"
        ) from error


def _decode_batch(request: system.Batch, result: msgspec.Raw) -> list[Any]:
    raws = msgspec.msgpack.decode(result, type=list[msgspec.Raw])
    return [
        _reply_decoders[type(command)].decode(raw)
        for command, raw in zip(request.commands, raws, strict=True)
    ]


def raised(error: WireError) -> FloError:
    """The exception that `error` stands for."""
    return from_wire(error.code, error.message, error.ran, error.index, error.details)


class FrameReader(Generic[R]):
    """Cuts a byte stream into frame bodies. After a bad length it is `failed` and takes nothing."""

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._rest = b""
        self._missing_bytes = 0
        self.failed: ProtocolError | None = None

    @property
    def held_bytes(self) -> int:
        """How much of an unfinished frame is held."""
        return len(self._rest)

    def receive_data(self, data: bytes) -> list[bytes]:
        """The bodies that `data` completes, in order."""
        if self.failed is not None:
            return []
        if self._rest:
            data = self._rest = self._rest + data
        bodies: list[bytes] = []
        position, end = 0, len(data)
        unpack = LENGTH.unpack_from
        while end - position >= 4:
            (size,) = unpack(data, position)
            if size > self._frame_bytes_max:
                self.failed = ProtocolError(
                    f"a frame claims {size} bytes; at most {self._frame_bytes_max} are allowed"
                )
                self._rest = b""
                return bodies
            after = position + 4 + size
            if after > end:
                break
            bodies.append(data[position + 4 : after])
            position = after
        self._rest = data[position:]
        return bodies


__all__ = ["PREAMBLE", "Answer", "Command", "Envelope", "FrameReader", "Query"]
