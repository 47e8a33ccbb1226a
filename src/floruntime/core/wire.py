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
from typing import Any, TypeVar, get_args

import msgspec

from floruntime.core import action, kv, queue, stream, system, token, worker, workflow
from floruntime.core.errors import FloError, ProtocolError, Ran, from_wire
from floruntime.core.types import Command, Query, Request

PREAMBLE = b"FLO\x02"
LENGTH = struct.Struct("<I")

_GARBAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are no message."""

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
    request
    for module in (system, token, kv, queue, stream, action, worker, workflow)
    for request in _requests_of(module)
]
#: Commands that only the server itself submits; from a client they are refused.
SERVER_ONLY = (
    system.Tick,
    system.TimerPostpone,
    system.SessionForget,
    system.HandBack,
    workflow.ScheduleDue,
)
CLIENT_REQUESTS = [request for request in ALL_REQUESTS if request not in SERVER_ONLY]

AnyRequest = typing.Union[tuple(CLIENT_REQUESTS)]  # type: ignore[valid-type]  # noqa: UP007 # built from the modules
AnyCommand = typing.Union[tuple(r for r in ALL_REQUESTS if issubclass(r, Command))]  # type: ignore[valid-type]  # noqa: UP007 # likewise


class Envelope(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A request on its way: who answers what to whom."""

    id: int
    namespace: str
    number: int
    request: AnyRequest  # type: ignore[valid-type]  # a union built above


class _OnlyId(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The part of a request or answer that every version understands."""

    id: int


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
    for base in request.__orig_bases__:  # type: ignore[attr-defined]  # generic classes have it
        return get_args(base)[0]
    raise TypeError(f"{request.__name__} names no reply type")


_encoder = msgspec.msgpack.Encoder()
_envelope_decoder = msgspec.msgpack.Decoder(Envelope)
_answer_decoder = msgspec.msgpack.Decoder(Answer)
_id_decoder = msgspec.msgpack.Decoder(_OnlyId)
_reply_decoders: dict[type[Request[Any]], msgspec.msgpack.Decoder[Any]] = {
    request: msgspec.msgpack.Decoder(reply_type(request)) for request in ALL_REQUESTS
}
_raws_decoder = msgspec.msgpack.Decoder(list[msgspec.Raw])

encode = _encoder.encode


def frame(body: bytes) -> bytes:
    """`body` with its length before it."""
    return LENGTH.pack(len(body)) + body


def encode_request(id: int, namespace: str, number: int, request: Request[Any]) -> bytes:
    """One request as a frame."""
    return frame(_encoder.encode((id, namespace, number, request)))


def encode_answer(id: int, result: object) -> bytes:
    """One successful answer as a frame."""
    body = encode((id, result))
    return LENGTH.pack(len(body)) + body


def encode_error(id: int, error: FloError) -> bytes:
    """One refusal as a frame."""
    wire = WireError(error.code, error.message, error.ran, error.index, error.details)
    return frame(_encoder.encode((id, None, wire)))


def decode_envelope(body: bytes) -> Envelope:
    """One request. Raises `msgspec.DecodeError` (`ValidationError` where only a type is wrong)."""
    try:
        return _envelope_decoder.decode(body)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"text is not valid UTF-8: {error}") from None
    except RecursionError:
        raise msgspec.DecodeError("arrays or maps are nested too deeply") from None


def decode_request_id(body: bytes) -> int:
    """The id of a request whose rest could not be decoded. Raises `ProtocolError`."""
    try:
        return _id_decoder.decode(body).id
    except _GARBAGE:
        raise ProtocolError("a frame holds no request") from None


def decode_answer(body: bytes) -> Answer:
    """One answer. Raises `ProtocolError`."""
    try:
        return _answer_decoder.decode(body)
    except _GARBAGE as error:
        raise ProtocolError(f"the server sent no valid answer: {error}", ran="maybe") from error


def decode_reply(request: Request[R], result: msgspec.Raw) -> R:
    """The result of `request`, typed. Raises `ProtocolError`."""
    try:
        if isinstance(request, system.Batch):
            return typing.cast(R, _decode_batch(request, result))
        return typing.cast(R, _reply_decoders[type(request)].decode(result))
    except _GARBAGE as error:
        raise ProtocolError(
            f"the server's answer to {type(request).__name__} is not valid: {error}", ran="maybe"
        ) from error


def _decode_batch(request: system.Batch, result: msgspec.Raw) -> list[Any]:
    raws = _raws_decoder.decode(result)
    if len(raws) != len(request.commands):
        raise msgspec.DecodeError(f"{len(raws)} results for {len(request.commands)} commands")
    return [
        _reply_decoders[type(command)].decode(raw)
        for command, raw in zip(request.commands, raws, strict=True)
    ]


def raised(error: WireError) -> FloError:
    """The exception that `error` stands for."""
    return from_wire(error.code, error.message, error.ran, error.index, error.details)


class FrameReader:
    """Cuts a byte stream into frame bodies. After a bad length it is `failed` and takes nothing.

    An unfinished frame collects in a buffer that is looked at again only when it is complete, so
    the work is linear in the bytes however small the pieces are.
    """

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._unfinished = bytearray()
        self._wanted_bytes = LENGTH.size
        self.failed: ProtocolError | None = None

    @property
    def held_bytes(self) -> int:
        """How much of an unfinished frame is held."""
        return len(self._unfinished)

    def receive_data(self, data: bytes) -> list[bytes]:
        """The bodies that `data` completes, in order."""
        if self.failed is not None:
            return []
        if self._unfinished:
            self._unfinished += data
            if len(self._unfinished) < self._wanted_bytes:
                return []
            data = bytes(self._unfinished)
            self._unfinished = bytearray()
        return self._cut(data)

    def _cut(self, data: bytes) -> list[bytes]:
        bodies: list[bytes] = []
        position, end = 0, len(data)
        wanted = LENGTH.size
        while end - position >= wanted:
            (size,) = LENGTH.unpack_from(data, position)
            if size > self._frame_bytes_max:
                self.failed = ProtocolError(
                    f"a frame claims {size} bytes; at most {self._frame_bytes_max} are allowed"
                )
                return bodies
            after = position + LENGTH.size + size
            if after > end:
                wanted = LENGTH.size + size
                break
            bodies.append(data[position + LENGTH.size : after])
            position = after
        self._wanted_bytes = wanted
        if position < end:
            self._unfinished += data[position:]
        return bodies


__all__ = ["PREAMBLE", "Answer", "Command", "Envelope", "FrameReader", "Query"]
