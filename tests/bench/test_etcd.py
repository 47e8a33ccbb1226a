"""etcd's dialect, without a server: what is sent, and how ended streams are counted."""

from __future__ import annotations

import itertools

import pytest
from bench.etcd import DATA, END_STREAM, HEADERS, EtcdAnswers, EtcdRequests, frame, request_of
from bench.talk import VALUE_BYTES, BenchError, key_bytes

from bench import etcd


def frames(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Kind, flags, stream and body of each."""
    found = []
    while data:
        size = int.from_bytes(data[:3], "big")
        found.append((data[3], data[4], int.from_bytes(data[5:9], "big"), data[9 : 9 + size]))
        data = data[9 + size :]
    return found


def answer(stream: int, data_bytes: int = 40) -> bytes:
    data = frame(DATA, 0, b"d" * data_bytes, stream)
    return frame(HEADERS, 4, b"\x88", stream) + data + frame(HEADERS, 4 | END_STREAM, b"ok", stream)


@pytest.mark.parametrize(("work", "method"), [("put", b"Put"), ("get", b"Range")])
def test_each_call_is_a_stream_of_its_own_with_a_fresh_key(work: str, method: bytes) -> None:
    keys = map(key_bytes, itertools.count(7))
    requests = EtcdRequests([request_of(work) for _ in range(2)], keys)
    sent = frames(bytes(requests.take(2)) + bytes(requests.take(1)))
    assert [stream for _, _, stream, _ in sent] == [1, 1, 3, 3, 5, 5]
    assert [(kind, flags) for kind, flags, _, _ in sent] == [(HEADERS, 4), (DATA, END_STREAM)] * 3
    for number, ((*_, headers), (*_, body)) in enumerate(
        zip(sent[::2], sent[1::2], strict=True), 7
    ):
        assert b"/etcdserverpb.KV/" + method + b"\x01" in headers
        assert int.from_bytes(body[1:5], "big") == len(body) - 5
        assert body[5:19] == b"\x0a\x0c" + key_bytes(number)
        assert len(body) == 19 + (2 + VALUE_BYTES) * (work == "put")


@pytest.mark.parametrize("piece_bytes", [1, 10, 1000])
def test_ended_streams_are_counted_in_whatever_pieces_and_order(piece_bytes: int) -> None:
    begun = frame(HEADERS, 4, b"\x88", 1) + frame(DATA, 0, b"d" * 40, 1)
    stream = frame(etcd.SETTINGS, 0, b"") + begun + frame(6, 0, b"p" * 8) + answer(3)
    stream += frame(HEADERS, 4 | END_STREAM, b"ok", 1) + answer(5)
    answers = EtcdAnswers()
    answers.watch(0)
    count = 0
    for at in range(0, len(stream), piece_bytes):
        assert answers.is_watching == (count < 2)
        count += answers.feed(stream[at : at + piece_bytes])
    assert (count, answers.is_watching) == (3, False)


@pytest.mark.parametrize(
    "stream",
    [
        frame(HEADERS, 4 | END_STREAM, b"grpc-status", 1),
        frame(etcd.RESET, 0, b"\x00" * 4, 1),
        frame(etcd.GO_AWAY, 0, b"\x00" * 8),
        answer(1, VALUE_BYTES - 1),
    ],
)
def test_a_refusal_or_a_get_that_finds_nothing_fails_the_bench(stream: bytes) -> None:
    with pytest.raises(BenchError, match="etcd"):
        EtcdAnswers(VALUE_BYTES).feed(stream)


def test_works_that_etcd_has_not_are_refused() -> None:
    with pytest.raises(BenchError, match="'enqueue'"):
        request_of("enqueue")
