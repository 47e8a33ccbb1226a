"""Bodies of calls: JSON objects, whose members are read one by one."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.server.http.messages import JSON, HttpRequest
from floruntime.server.http.problems import HttpRefusal

Members = Mapping[str, msgspec.Raw]

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_GARBAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def members_of(request: HttpRequest) -> Members:
    """The members of a request's body; none where there is no body. Raises 400 or 415."""
    if request.query:
        name = next(iter(request.query))
        raise BadRequestError(
            f"{shown(name)} is in the address; put the fields of a call into its body"
        )
    content_type = request.headers.get("content-type", "" if request.body else JSON)
    if content_type.partition(";")[0].strip().lower() != JSON:
        raise HttpRefusal(415, f"Content-Type is {shown(content_type)}; it must be {JSON}")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise HttpRefusal(415, f"Content-Encoding is {shown(encoding)}; send the body as it is")
    if not request.body:
        return {}
    try:
        request.body.decode()
        return _decode(request.body)
    except _GARBAGE as error:
        raise BadRequestError(f"the body must be a JSON object in UTF-8: {error}") from None


def commands_of(members: Members) -> list[Members]:
    """The commands of a batch's body. Raises `BadRequestError`."""
    others = set(members) - {"commands"}
    if others or "commands" not in members:
        raise BadRequestError('the body of a batch must be {"commands": [{"call": "kv.put", ...}]}')
    try:
        return [_decode(each) for each in _decode_list(members["commands"])]
    except _GARBAGE as error:
        raise BadRequestError(f"commands must be a list of objects: {error}") from None


def call_in(command: Members) -> str:
    """Which call a command of a batch is. Raises `BadRequestError`."""
    try:
        return msgspec.json.decode(command["call"], type=str)
    except KeyError:
        raise BadRequestError("a command has no field call; give one, such as kv.put") from None
    except _GARBAGE:
        raise BadRequestError("the call of a command must be a text, such as kv.put") from None
