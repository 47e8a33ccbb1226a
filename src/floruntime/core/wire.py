"""The messages as MessagePack: what a request and an answer look like on their way.

    request = [id, namespace, number, [tag, field, ...], terms?]
    answer  = [id, result] | [id, nil, [code, message, ran, index, details]] | [..., ..., ..., told]

`number` is the write number within the client's session, 0 for what carries none. `terms` and
`told` (`core/terms.py`) are there in clusters only. One message is one body: `core/framing.py` puts
it on TCP; a WebSocket and a link within the process carry it as it is.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar, get_args

import msgspec

from floruntime.core import (
    action,
    cluster,
    console,
    jobs,
    kv,
    queue,
    stream,
    system,
    token,
    worker,
    workflow,
)
from floruntime.core.errors import FloError, ProtocolError, Ran, from_wire
from floruntime.core.late import Late
from floruntime.core.older import without_needless
from floruntime.core.terms import Terms, Told
from floruntime.core.types import Command, Query, Request

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
    for module in (
        *(system, token, console, cluster, jobs),
        *(kv, queue, stream, action, worker, workflow),
    )
    for request in _requests_of(module)
]
#: Commands that only the server itself submits; from a client they are refused.
SERVER_ONLY = (
    system.Tick,
    system.TimerPostpone,
    system.SessionForget,
    system.HandBack,
    system.StoreName,
    system.RunsIndex,
    system.HistoryBegin,
    system.HistoryEnd,
    token.TokenAdopt,
    token.MintKeyMake,
    cluster.ClusterNoted,
    workflow.ScheduleDue,
    action.ActionScheduleDue,
)
CLIENT_REQUESTS = [request for request in ALL_REQUESTS if request not in SERVER_ONLY]

#: A lookup in these sets costs less than `isinstance`, which asks the metaclass.
QUERIES: frozenset[type[Request[Any]]] = frozenset(r for r in ALL_REQUESTS if issubclass(r, Query))
COMMANDS: frozenset[type[Request[Any]]] = frozenset(
    request for request in ALL_REQUESTS if issubclass(request, Command)
)

AnyRequest = typing.Union[tuple(CLIENT_REQUESTS)]  # type: ignore[valid-type]  # noqa: UP007 # built from the modules
AnyCommand = typing.Union[tuple(r for r in ALL_REQUESTS if r in COMMANDS)]  # type: ignore[valid-type]  # noqa: UP007 # likewise


class Envelope(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A request on the wire, with its id, its namespace and its write number."""

    id: int
    namespace: str
    number: int
    request: AnyRequest  # type: ignore[valid-type]  # a union built above
    terms: Terms | None = None


class _OnlyId(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The part of a request or answer that every version understands."""

    id: int


class WireError(msgspec.Struct, array_like=True, frozen=True):
    """An error on the wire."""

    code: str
    message: str
    ran: Ran
    index: int | None = None
    details: dict[str, Any] = {}


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """An answer on the wire. `result` is decoded once its request is known."""

    id: int
    result: msgspec.Raw
    error: WireError | None = None
    told: Told | None = None


def reply_type(request: type[Request[R]]) -> Any:
    """Return the type of the answer to `request`: the parameter of its base class."""
    for base in request.__orig_bases__:  # type: ignore[attr-defined]  # generic classes have it
        return get_args(base)[0]
    raise TypeError(f"{request.__name__} names no reply type")


class _Envelopes:
    """What decodes requests; a client needs none of it."""

    decode: Any = Late(lambda _: msgspec.msgpack.Decoder(Envelope).decode)


class _ReplyDecoders(dict[type[Request[Any]], msgspec.msgpack.Decoder[Any]]):
    """What decodes the answers to a request, made with the first of them: few are ever used."""

    def __missing__(self, request: type[Request[Any]]) -> msgspec.msgpack.Decoder[Any]:
        decoder = self[request] = msgspec.msgpack.Decoder(reply_type(request))
        return decoder


_encoder = msgspec.msgpack.Encoder()
_envelopes = _Envelopes()
_answer_decoder = msgspec.msgpack.Decoder(Answer)
_id_decoder = msgspec.msgpack.Decoder(_OnlyId)
_reply_decoders = _ReplyDecoders()
_raws_decoder = msgspec.msgpack.Decoder(list[msgspec.Raw])

encode = _encoder.encode


def encode_request(
    id: int, namespace: str, number: int, request: Request[Any], terms: Terms | None = None
) -> bytes:
    """The body of one request."""
    sent = without_needless(request)
    if terms is None:
        return encode((id, namespace, number, sent))
    return encode((id, namespace, number, sent, terms))


def encode_answer(id: int, result: object, told: Told | None = None) -> bytes:
    """The body of one successful answer."""
    return encode((id, result) if told is None else (id, result, None, told))


def head_of_items(id: int, count: int) -> bytes:
    """The beginning of an answer whose result is a list; that many encoded items follow."""
    return b"\x92" + encode(id) + b"\xdd" + count.to_bytes(4, "big")


def told_in_pieces(pieces: list[bytes], told: Told) -> list[bytes]:
    """Add what accompanies an answer to an answer in pieces that begins with such a head."""
    return [b"\x94" + pieces[0][1:], *pieces[1:], b"\xc0" + encode(told)]


def encode_error(id: int, error: FloError, told: Told | None = None) -> bytes:
    """The body of one refusal."""
    wire = WireError(error.code, error.message, error.ran, error.index, error.details)
    return encode((id, None, wire) if told is None else (id, None, wire, told))


def encode_outcome(
    id: int, result: object, error: FloError | None, told: Told | None = None
) -> bytes:
    """The body of an answer or of a refusal."""
    if error is None:
        return encode_answer(id, result, told)
    return encode_error(id, error, told)


def is_command(body: bytes) -> bool:
    """Whether this request changes something; false if it cannot be read."""
    try:
        return isinstance(_envelopes.decode(body).request, Command)
    except (ValueError, RecursionError):
        return False


def decode_envelope(body: bytes) -> Envelope:
    """One request. Raises `msgspec.DecodeError` (`ValidationError` where only a type is wrong)."""
    try:
        envelope: Envelope = _envelopes.decode(body)
        return envelope
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"text is not valid UTF-8: {error}") from None
    except RecursionError:
        raise msgspec.DecodeError("arrays or maps are nested too deeply") from None


def decode_request_id(body: bytes) -> int:
    """The id of a request whose other parts could not be decoded. Raises `ProtocolError`."""
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


def decode_items(result: msgspec.Raw | memoryview) -> list[msgspec.Raw]:
    """The items of a list, each still encoded. Raises `ProtocolError`."""
    try:
        return _raws_decoder.decode(result)
    except _GARBAGE as error:
        raise ProtocolError(f"the server's answer is not valid: {error}", ran="maybe") from error


def item_decoder(request: type[Request[R]]) -> Callable[[msgspec.Raw], Any]:
    """Return a decoder for one item of the answer to `request`, which is a list."""
    [item_type] = get_args(reply_type(request))
    return msgspec.msgpack.Decoder(item_type).decode


def raised(error: WireError) -> FloError:
    """Return the exception for `error`."""
    return from_wire(error.code, error.message, error.ran, error.index, error.details)
