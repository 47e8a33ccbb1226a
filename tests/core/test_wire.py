"""The messages as bytes: every one there and back, and garbage."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floruntime.core import kv, queue, system, wire
from floruntime.core.errors import BY_CODE, ConflictError, FloError, ProtocolError
from floruntime.core.framing import PREAMBLE, frame
from floruntime.core.types import Request
from tests.core.messages import REQUESTS, values_of

FEW = settings(max_examples=25)
"""There are hundreds of kinds, of few shapes."""


def test_every_request_has_a_tag_of_its_own() -> None:
    tags = [each.__struct_config__.tag for each in wire.ALL_REQUESTS]
    assert len(set(tags)) == len(tags)
    assert all(isinstance(tag, int) for tag in tags)


@pytest.mark.parametrize("kind", wire.CLIENT_REQUESTS)
def test_every_request_survives_the_wire(kind: type[Request[Any]]) -> None:
    @FEW
    @given(values_of(kind), values_of(int), values_of(str))
    def there_and_back(request: Request[Any], id: int, namespace: str) -> None:
        body = wire.encode_request(id, namespace, 3, request)
        assert wire.decode_envelope(body) == wire.Envelope(id, namespace, 3, request)
        assert wire.decode_request_id(body) == id

    there_and_back()


@pytest.mark.parametrize("kind", [each for each in wire.ALL_REQUESTS if each != system.Batch])
def test_every_reply_survives_the_wire(kind: type[Request[Any]]) -> None:
    @FEW
    @given(values_of(kind), values_of(wire.reply_type(kind)))
    def there_and_back(request: Request[Any], result: Any) -> None:
        body = wire.encode_answer(8, result)
        answer = wire.decode_answer(body)
        assert (answer.id, answer.error) == (8, None)
        assert wire.decode_reply(request, answer.result) == result

    there_and_back()


@FEW
@given(st.data())
def test_a_batchs_results_are_typed_by_its_commands(data: st.DataObject) -> None:
    batch = data.draw(values_of(system.Batch))
    results = [data.draw(values_of(wire.reply_type(type(each)))) for each in batch.commands]
    body = wire.encode_answer(1, results)
    assert wire.decode_reply(batch, wire.decode_answer(body).result) == results


def test_a_batch_with_too_few_results_is_refused() -> None:
    batch = system.Batch([kv.KvIncr("a"), kv.KvIncr("b")])
    body = wire.encode_answer(1, [1])
    with pytest.raises(ProtocolError, match="1 results for 2 commands"):
        wire.decode_reply(batch, wire.decode_answer(body).result)


@given(st.sampled_from(list(BY_CODE.values())), values_of(wire.WireError))
def test_every_error_survives_the_wire(kind: type[FloError], drawn: wire.WireError) -> None:
    error = kind(drawn.message, ran=drawn.ran, index=drawn.index)
    error.details.update(drawn.details)
    body = wire.encode_error(4, error)
    answer = wire.decode_answer(body)
    assert answer.error is not None
    back = wire.raised(answer.error)
    assert type(back) is kind
    assert vars(back) == vars(error)


@pytest.mark.parametrize("kind", wire.SERVER_ONLY)
def test_what_only_the_server_submits_is_refused_from_a_client(kind: type[Request[Any]]) -> None:
    @FEW
    @given(values_of(kind))
    def refused(request: Request[Any]) -> None:
        body = wire.encode_request(1, "default", 0, request)
        with pytest.raises(msgspec.ValidationError):
            wire.decode_envelope(body)

    refused()


def test_fields_that_a_newer_server_appended_to_an_answer_are_passed_over() -> None:
    answer = wire.decode_answer(msgspec.msgpack.encode([7, [5, "newer"], None, None, "newest"]))
    assert wire.decode_reply(kv.KvPut("k", b""), answer.result) == kv.PutResult(5)


def test_a_field_that_a_newer_client_appended_to_a_request_is_refused() -> None:
    body = msgspec.msgpack.encode([7, "default", 0, [1, "key", 0, "new"]])
    with pytest.raises(msgspec.ValidationError):
        wire.decode_envelope(body)
    assert wire.decode_request_id(body) == 7


def test_fields_left_out_have_their_defaults() -> None:
    body = msgspec.msgpack.encode([1, "default", 0, [33, "tasks"]])
    assert wire.decode_envelope(body).request == queue.QueueDequeue("tasks")


# Bytes that docs/protocol.md shows

VECTORS: list[tuple[bytes, str]] = [
    (
        PREAMBLE
        + frame(wire.encode_request(0, "default", 0, system.Hello("0.1.0", "ab" * 16, "secret"))),
        "464c4f02 3c000000 94 00 a764656661756c74 00 94 00 a5302e312e30"
        "d920 6162616261626162616261626162616261626162616261626162616261626162 a6736563726574",
    ),
    (
        frame(
            wire.encode_answer(
                0, system.Welcome("0.1.0", system.ServerLimits(1 << 20, 2 << 20, 1024), False)
            )
        ),
        "68000000 92 00 98 a5302e312e30 dc0018 ce00100000 ce00200000 cd0400 cd1000 ccff 3f"
        "ce000493e0 cf000000496cebb800 cd03e8 cd03e8 40 cd0100 cd03e8 ce00400000 40 cd4000 40"
        "cd1000 cd1000 cdffff ce000f4240 cd0100 cd03e8 ce00200000 c2 a561646d696e a0 90 a0 a0",
    ),
    (
        frame(wire.encode_request(1, "default", 0, system.SessionOpen())),
        "0d000000 94 01 a764656661756c74 00 91 76",
    ),
    (
        frame(wire.encode_request(2, "default", 1, kv.KvPut("greeting", b"Hello, Flo!"))),
        "27000000 94 02 a764656661756c74 01 97 03 a86772656574696e67"
        "c40b48656c6c6f2c20466c6f21 c0 c0 c2 c2",
    ),
    (frame(wire.encode_answer(2, kv.PutResult(1))), "04000000 92 02 91 01"),
    (
        frame(
            wire.encode_error(
                3, ConflictError("key 'greeting' has version 1, not 7", current_version=1)
            )
        ),
        "48000000 93 03 c0 95 a8636f6e666c696374"
        "d9236b657920276772656574696e6727206861732076657273696f6e20312c206e6f742037"
        "a26e6f c0 81 af63757272656e745f76657273696f6e 01",
    ),
]


@pytest.mark.parametrize(("data", "expected"), VECTORS)
def test_the_documented_bytes(data: bytes, expected: str) -> None:
    assert data.hex() == expected.replace(" ", "")


# Garbage


@given(st.binary(max_size=80))
def test_a_garbage_body_is_a_decoding_error(body: bytes) -> None:
    check_garbage(body)


@given(REQUESTS, st.data())
def test_a_damaged_request_is_a_decoding_error_or_another_request(
    request: Request[Any], data: st.DataObject
) -> None:
    body = bytearray(wire.encode_request(1, "default", 1, request))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    check_garbage(bytes(body))


@given(REQUESTS, st.data())
def test_a_truncated_request_is_a_decoding_error(
    request: Request[Any], data: st.DataObject
) -> None:
    body = wire.encode_request(1, "default", 1, request)
    with pytest.raises(msgspec.DecodeError):
        wire.decode_envelope(body[: data.draw(st.integers(0, len(body) - 1))])


def test_text_that_is_not_utf8_is_a_decoding_error() -> None:
    with pytest.raises(msgspec.DecodeError, match="UTF-8"):
        wire.decode_envelope(b"\x94\x01\xa1\x80\x00\x91\x70")


DEEP = b"\x91" * 200_000 + b"\x00"


@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        b"\x95\x01\xa1d\x00\x91\x70" + DEEP,
        b"\x94\x01\xa1d\x00\x92\x70" + DEEP,
        b"\x92\x01" + DEEP,
        b"\x93\x01\xc0" + DEEP,
        b"\x93\x01\xc0\x95\xa1x\xa1x\xa2no\xc0\x81\xa1k" + DEEP,
    ],
)
def test_a_body_nested_too_deeply_is_a_decoding_error(body: bytes) -> None:
    check_garbage(body)


def check_garbage(body: bytes) -> None:
    with contextlib.suppress(msgspec.DecodeError):
        envelope = wire.decode_envelope(body)
        assert isinstance(envelope.request, tuple(wire.CLIENT_REQUESTS))
    with contextlib.suppress(ProtocolError):
        wire.decode_request_id(body)
    with contextlib.suppress(ProtocolError):
        answer = wire.decode_answer(body)
        if answer.error is not None:
            assert isinstance(wire.raised(answer.error), FloError)
        wire.decode_reply(kv.KvScan(), answer.result)
