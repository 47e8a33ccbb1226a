"""What was wrong with a frame, in words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.core.errors import BadRequestError, ProtocolError
from floruntime.core.kv import KvGet
from floruntime.core.wire import decode_envelope, encode
from floruntime.server.connections.refusals import explain


def refusal(value: Any) -> tuple[int, BadRequestError]:
    body = msgspec.msgpack.encode(value)
    with pytest.raises(msgspec.DecodeError) as caught:
        decode_envelope(body)
    return explain(body, caught.value)


def test_it_names_the_field_the_value_and_what_would_be_right() -> None:
    request_id, error = refusal([12, "default", 0, [3, "k", b"", "soon"]])
    assert request_id == 12
    assert error.message == "ttl_ms is 'soon': expected `int | null`, got `str`"


def test_an_unknown_operation_is_named() -> None:
    assert refusal([1, "default", 0, [60_000]])[1].message == (
        "operation 60000 is not known to this server: the client is newer than the server; "
        "upgrade the server first"
    )


def test_a_request_of_a_newer_client_is_told_as_such() -> None:
    known = msgspec.msgpack.decode(encode(KvGet("k")))
    assert refusal([1, "default", 0, [*known, False]])[1].message == (
        "kv.get has 2 fields, and this server knows at most 1: the client is newer than the "
        "server; upgrade the server first"
    )


def test_long_values_are_cut_short() -> None:
    _, error = refusal([1, "default", 0, [3, "k", "x" * 10_000]])
    assert len(error.message) < 200


def test_a_message_without_an_id_cannot_be_answered() -> None:
    for body in (b"\xc1", msgspec.msgpack.encode(["x"]), b""):
        with pytest.raises(ProtocolError):
            explain(body, msgspec.DecodeError("bad"))


SECRET = f"flo_abcdefghij12_{'s3cr3t' * 7}x"


@pytest.mark.parametrize(
    "message",
    [
        [1, "default", 0, [0, "1", "me", SECRET, "one too many"]],
        [1, "default", 0, [0, 1, "me", SECRET]],
        [1, "default", 0, [0, "1", ["me"], SECRET]],
        [1, "default", 0, [0, "1", "me", [SECRET]]],
        [1, "default", 0, [0, "1", "me", {"token": SECRET}]],
        [1, "default", 0, [0, "1", "me", SECRET.encode()]],
        [1, 5, 0, [0, "1", "me", SECRET]],
        [1, "default", "0", [0, "1", "me", SECRET]],
        [1, "default", SECRET, [3, "k", b"v"]],
        [1, SECRET, "no number", [3, "k", b"v"]],
        [1, "default", 0, ["0", "1", "me", SECRET]],
        [1, "default", 0, [SECRET, "1", "me"]],
        [1, "default", 0, SECRET],
        [1, "default", 0, {"token": SECRET}],
        [1, "default", 0, [3, SECRET, b"v", SECRET]],
        [1, [0, "1", "me", SECRET], 0, "default"],
        [1, "default", 0, [122, [[0, "1", "me", SECRET]]]],
    ],
)
def test_no_token_is_shown_whatever_is_wrong(message: Any) -> None:
    request_id, error = refusal(message)
    assert request_id == 1
    assert "s3cr3t" not in error.message


def test_a_token_of_another_form_is_not_shown_of_a_hello() -> None:
    for token in ("a plain secret of a container", 12_345_678, 1.25, True):
        _, error = refusal([1, "default", 0, [0, "1", "me", token, "one too many"]])
        assert str(token) not in error.message
        if not isinstance(token, str):
            assert refusal([1, "default", 0, [0, "1", "me", token]])[1].message.startswith(
                "token: "
            )


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)


@given(st.integers(0, 2**64 - 1), values, values, values)
def test_whatever_the_frame_holds_there_are_words_for_it(
    request_id: int, namespace: Any, number: Any, request: Any
) -> None:
    body = msgspec.msgpack.encode([request_id, namespace, number, request])
    try:
        decode_envelope(body)
    except msgspec.DecodeError as error:
        answered, refused = explain(body, error)
        assert answered == request_id
        assert refused.message


def test_a_field_too_many_is_refused_rather_than_ignored() -> None:
    body = encode((1, "default", 0, [3, "key", b"value", None, None, False, False, "an option"]))
    with pytest.raises(msgspec.ValidationError) as caught:
        decode_envelope(body)
    request_id, refusal = explain(body, caught.value)
    assert request_id == 1
    assert "at most" in str(refusal)
