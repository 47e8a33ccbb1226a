"""What a newer client sends is what an older server knows, unless newer options are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from floruntime.core.action import ActionInvoke
from floruntime.core.kv import KvDelete, KvPut
from floruntime.core.older import FIRST_FIELDS
from floruntime.core.queue import QueueEnqueue
from floruntime.core.stream import GroupCreate
from floruntime.core.system import Batch
from floruntime.core.token import Role
from floruntime.core.types import Request
from floruntime.core.wire import ALL_REQUESTS, decode_envelope, encode_request

PINNED = Path(__file__).parent / "first_fields.txt"
REQUIRED: dict[Any, Any] = {Role: Role.BACKEND, str: "name", bytes: b"value", int: 1, bool: True}


def sent(request: Request[Any]) -> list[Any]:
    """The tag and the fields that travel; it must come to the same request."""
    body = encode_request(1, "shop", 0, request)
    assert decode_envelope(body).request == request
    fields: list[Any] = msgspec.msgpack.decode(body)[3]
    return fields


def plain(kind: type[Request[Any]]) -> Request[Any]:
    """One with nothing but what must be given."""
    given = [
        REQUIRED.get(field.type, []) for field in msgspec.structs.fields(kind) if field.required
    ]
    return kind(*given)


@pytest.mark.parametrize("kind", FIRST_FIELDS, ids=lambda kind: kind.__name__)
def test_a_request_that_uses_nothing_new_has_the_fields_of_the_first_release(
    kind: type[Request[Any]],
) -> None:
    assert len(sent(plain(kind))) == 1 + FIRST_FIELDS[kind]


def test_what_is_asked_by_a_newer_field_travels_and_all_before_it() -> None:
    assert sent(KvDelete("k", purge=True))[1:] == ["k", None, True]
    invoke = ActionInvoke("a", b"", key="k")
    assert sent(invoke)[8:] == [False, "k"]


def test_the_commands_of_a_batch_travel_so_too() -> None:
    commands: list[Any] = [
        KvPut("k", b"v"),
        QueueEnqueue("q", [b""]),
        KvDelete("k"),
        KvDelete("k", None, True),
    ]
    [_, given] = sent(Batch(commands))
    assert [len(command) - 1 for command in given] == [6, 5, 2, 3]


@pytest.mark.parametrize(
    "request_",
    [
        KvDelete("k", purge=cast(Any, 0)),
        GroupCreate("s", "g", retry_delay_ms=False),
        ActionInvoke("a", b"", create=cast(Any, 0.0)),
        Batch([KvDelete("k", purge=cast(Any, 0))]),
    ],
    ids=["a 0 for False", "a False for 0", "a fraction", "in a batch"],
)
def test_what_is_only_equal_to_a_newer_default_travels_and_is_refused(
    request_: Request[Any],
) -> None:
    body = encode_request(1, "shop", 0, request_)
    with pytest.raises(msgspec.ValidationError, match="Expected"):
        decode_envelope(body)


def test_a_word_may_be_text_where_the_default_is_one_of_an_enum() -> None:
    assert len(sent(GroupCreate("s", "g", retry_backoff=cast(Any, "constant")))) == 8


def test_whoever_appends_a_field_says_since_when_it_is_there() -> None:
    """A new request gets a line in the file; one that grows, an entry in `FIRST_FIELDS`."""
    pinned = dict(line.split() for line in PINNED.read_text().splitlines())
    found = {
        kind.__name__: str(FIRST_FIELDS.get(kind, len(kind.__struct_fields__)))
        for kind in ALL_REQUESTS
    }
    assert found == pinned
