"""The message for an invalid frame: which field, which value, and what would be right.

It shows nothing of a hello, and no value as a whole, because it goes into the log, where no token
may be.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from floruntime.core.errors import BadRequestError, ProtocolError
from floruntime.core.limits import shown
from floruntime.core.masked import without_tokens
from floruntime.core.operation_names import operation_of
from floruntime.core.system import Hello
from floruntime.core.wire import CLIENT_REQUESTS, decode_request_id

_BY_TAG: dict[int, Any] = {
    request.__struct_config__.tag: request  # type: ignore[misc]  # every request has a tag
    for request in CLIENT_REQUESTS
}
_PATH = re.compile(r" - at `\$(.*)`$")
_TOO_MANY = re.compile(r"Expected `array` of at most length (\d+), got (\d+)")
_STEP = re.compile(r"\[(\d+|\.\.\.)\]")
_ENVELOPE = ("id", "namespace", "number", "request")
_REQUEST = _ENVELOPE.index("request")
_HELLO = Hello.__struct_config__.tag
_CLIENT_IS_NEWER = "the client is newer than the server; upgrade the server first"


def refusal_of(body: bytes, error: Exception) -> tuple[int, BadRequestError]:
    """As `explain`, of whatever decoding it came to."""
    try:
        if isinstance(error, msgspec.DecodeError):
            return explain(body, error)
    except RecursionError:
        pass
    raise ProtocolError("a frame is nested too deeply")


def explain(body: bytes, error: msgspec.DecodeError) -> tuple[int, BadRequestError]:
    """The id to answer, and the refusal. Raises `ProtocolError` where there is no id to answer."""
    request_id = decode_request_id(body)
    if not isinstance(error, msgspec.ValidationError):
        raise ProtocolError(f"a frame is not MessagePack: {error}")
    message = str(error)
    match = _PATH.search(message)
    steps = _STEP.findall(match[1]) if match is not None else []
    decoded = _decoded(body)
    field, value = _locate(decoded, steps)
    reason = message if match is None else message[: match.start()]
    too_many = _TOO_MANY.fullmatch(reason)
    if field == "request" and too_many is not None and isinstance(value, list):
        return request_id, _newer(value, int(too_many[1]), int(too_many[2]))
    if isinstance(value, (list, dict, bytes)) or _is_hello(decoded):
        return request_id, BadRequestError(f"{field}: {_lowered(reason)}")
    value = without_tokens(value) if isinstance(value, str) else value
    if field == "operation":
        hint = f": {_CLIENT_IS_NEWER}" if isinstance(value, int) else ""
        return request_id, BadRequestError(
            f"operation {shown(value)} is not known to this server{hint}"
        )
    return request_id, BadRequestError(f"{field} is {shown(value)}: {_lowered(reason)}")


def _newer(request: list[Any], known: int, given: int) -> BadRequestError:
    """The tag of a request counts as one of its elements, and is no field."""
    kind = _BY_TAG.get(request[0]) if request and isinstance(request[0], int) else None
    name = "a request" if kind is None else operation_of(kind)
    return BadRequestError(
        f"{name} has {given - 1} fields, and this server knows at most {known - 1}: "
        f"{_CLIENT_IS_NEWER}"
    )


def _decoded(body: bytes) -> Any:
    """The whole message; what follows the field that was refused may be no MessagePack at all."""
    try:
        return msgspec.msgpack.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, RecursionError) as error:
        raise ProtocolError(f"a frame is not MessagePack: {error}") from None


def _is_hello(message: Any) -> bool:
    request = message[_REQUEST] if isinstance(message, list) and len(message) > _REQUEST else None
    return isinstance(request, list) and request[:1] == [_HELLO]


def _lowered(reason: str) -> str:
    return reason[:1].lower() + reason[1:]


def _locate(message: Any, steps: list[str]) -> tuple[str, Any]:
    """Follow the decoder's path through the message; the field's name and its value."""
    field, value = "message", message
    names: tuple[str, ...] = _ENVELOPE
    for step in steps:
        if step == "..." or not isinstance(value, list) or int(step) >= len(value):
            break
        index = int(step)
        value = value[index]
        if names is _NAMED_NO_FURTHER:
            continue
        if names and index < len(names):
            field = names[index]
            names = _names_within(field, value)
    return field, value


_NAMED_NO_FURTHER: tuple[str, ...] = ("",)


def _names_within(field: str, value: Any) -> tuple[str, ...]:
    if field != "request" or not isinstance(value, list) or not value:
        return _NAMED_NO_FURTHER
    request = _BY_TAG.get(value[0]) if isinstance(value[0], int) else None
    return ("operation", *(request.__struct_fields__ if request is not None else ()))
