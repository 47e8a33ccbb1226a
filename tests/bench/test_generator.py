"""The load generator: requests decode to what is meant, answers are counted however they arrive."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

import pytest
from bench.flo import FIRST_ID, NAMESPACE, FloAnswers, FloRequests, request_of
from bench.generator import Loop, Plan, percentile
from bench.resp import RespAnswers, RespReader
from bench.talk import VALUE_BYTES, Answers, BenchError, Cycle, Pipeline, Prebuilt, key_bytes

from bench import generator, resp
from floruntime.core import framing, wire
from floruntime.core.errors import ConflictError
from floruntime.core.kv import KvGet, KvPut
from tests.bench.fake_flo import Fake, serving

WORKS = ("put", "get", "append", "enqueue")


def flo_envelopes(data: bytes) -> list[Any]:
    bodies = framing.FrameReader(1 << 20).receive_data(data)
    return [wire.decode_envelope(body) for body in bodies]


def keys_from(first: int) -> Any:
    return map(key_bytes, itertools.count(first))


# Requests


@pytest.mark.parametrize("work", WORKS)
def test_a_patched_frame_decodes_to_the_request_it_was_made_of(work: str) -> None:
    requests = [request_of(work) for _ in range(3)]
    envelopes = flo_envelopes(bytes(FloRequests(requests, keys_from(5)).take(3)))
    for place, (envelope, request) in enumerate(zip(envelopes, requests, strict=True)):
        if isinstance(request, KvPut):
            request = KvPut(f"key:{5 + place:08d}", request.value)
        if isinstance(request, KvGet):
            request = KvGet(f"key:{5 + place:08d}")
        assert envelope.namespace == NAMESPACE
        assert envelope.request == request


def test_ids_and_write_numbers_are_fresh_in_every_request() -> None:
    requests = FloRequests([request_of("put") for _ in range(4)], keys_from(0))
    envelopes = [each for count in (4, 1, 3) for each in flo_envelopes(bytes(requests.take(count)))]
    assert [envelope.id for envelope in envelopes] == list(range(FIRST_ID, FIRST_ID + 8))
    assert [envelope.number for envelope in envelopes] == list(range(1, 9))


def test_a_query_carries_no_write_number() -> None:
    requests = FloRequests([request_of("get")] * 2, keys_from(0))
    assert [each.number for each in flo_envelopes(bytes(requests.take(2)))] == [0, 0]


def test_each_place_in_flight_has_a_value_of_its_own() -> None:
    requests = FloRequests([request_of("put") for _ in range(16)], keys_from(0))
    values = {each.request.value for each in flo_envelopes(bytes(requests.take(16)))}
    assert len(values) == 16
    assert {len(value) for value in values} == {VALUE_BYTES}


def test_redis_commands_carry_fresh_keys() -> None:
    requests = Prebuilt([resp.command_of("put") for _ in range(3)], keys_from(7))
    sent = RespReader().receive(bytes(requests.take(3)))
    assert [command[:2] for command in sent] == [[b"SET", key_bytes(n)] for n in (7, 8, 9)]
    assert {len(command[2]) for command in sent} == {VALUE_BYTES}


@pytest.mark.parametrize(
    ("work", "begin"),
    [
        ("get", [b"GET", key_bytes(0)]),
        ("append", [b"XADD", b"events", b"*", b"v"]),
        ("enqueue", [b"LPUSH", b"tasks"]),
    ],
)
def test_redis_commands_are_what_flo_is_compared_with(work: str, begin: list[bytes]) -> None:
    requests = Prebuilt([resp.command_of(work)], keys_from(0))
    [command] = RespReader().receive(bytes(requests.take(1)))
    assert command[: len(begin)] == begin


def test_works_without_a_request_are_refused() -> None:
    with pytest.raises(BenchError, match="'fly'"):
        request_of("fly")
    with pytest.raises(BenchError, match="'fly'"):
        resp.command_of("fly")


# Answers

FLO_STREAM = b"".join(
    framing.frame(wire.encode_answer(FIRST_ID + ordinal, result))
    for ordinal, result in enumerate([[1], None, b"v" * 100, [[7]], [70_000]])
)
RESP_STREAM = b"+OK\r\n:1\r\n$-1\r\n$3\r\na\r\n\r\n$100\r\n" + b"v" * 100 + b"\r\n"


@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 7, 50, 1000])
@pytest.mark.parametrize(
    ("answers", "stream"), [(FloAnswers, FLO_STREAM), (RespAnswers, RESP_STREAM)]
)
def test_answers_are_counted_in_whatever_pieces_they_arrive(
    answers: Callable[[], Answers], stream: bytes, piece_bytes: int
) -> None:
    reader = answers()
    pieces = [stream[at : at + piece_bytes] for at in range(0, len(stream), piece_bytes)]
    assert sum(reader.feed(piece) for piece in pieces) == 5


@pytest.mark.parametrize("answers", [FloAnswers, RespAnswers])
def test_an_unfinished_answer_does_not_count(answers: Callable[[], Answers]) -> None:
    stream = FLO_STREAM if answers is FloAnswers else RESP_STREAM
    reader = answers()
    assert reader.feed(stream[:-1]) == 4
    assert reader.feed(stream[-1:]) == 1


@pytest.mark.parametrize("watched", range(5))
@pytest.mark.parametrize("answers", [FloAnswers, RespAnswers])
def test_the_watched_request_is_seen_when_its_own_answer_is_whole(
    answers: Callable[[], Answers], watched: int
) -> None:
    reader = answers()
    reader.watch(watched)
    count = 0
    for byte in FLO_STREAM if answers is FloAnswers else RESP_STREAM:
        count += reader.feed(bytes([byte]))
        assert reader.is_watching == (count <= watched)


def test_flo_answers_are_told_apart_by_id_whatever_their_order() -> None:
    reader = FloAnswers()
    reader.watch(0)
    reader.feed(framing.frame(wire.encode_answer(FIRST_ID + 1, None)))
    assert reader.is_watching
    reader.feed(framing.frame(wire.encode_answer(FIRST_ID, None)))
    assert not reader.is_watching


def test_an_error_answer_of_flo_fails_the_bench() -> None:
    stream = framing.frame(wire.encode_answer(FIRST_ID, None))
    stream += framing.frame(wire.encode_error(FIRST_ID + 1, ConflictError("the lease is stale")))
    with pytest.raises(BenchError, match="the lease is stale"):
        FloAnswers().feed(stream)


@pytest.mark.parametrize("reader", [RespAnswers().feed, RespReader().receive])
def test_an_error_answer_of_redis_fails_the_bench(reader: Callable[[bytes], object]) -> None:
    with pytest.raises(BenchError, match="OOM"):
        reader(b"+OK\r\n-OOM command not allowed\r\n")


def test_a_get_that_finds_nothing_fails_the_bench() -> None:
    with pytest.raises(BenchError, match="no value"):
        FloAnswers(VALUE_BYTES).feed(framing.frame(wire.encode_answer(FIRST_ID, None)))
    with pytest.raises(BenchError, match="no value"):
        RespAnswers(VALUE_BYTES).feed(b"$-1\r\n")


@pytest.mark.parametrize("piece_bytes", [1, 3, 1000])
def test_whole_redis_answers_are_decoded_in_whatever_pieces_they_arrive(piece_bytes: int) -> None:
    stream = RESP_STREAM + b"*2\r\n*1\r\n:5\r\n*2\r\n$2\r\nid\r\n*-1\r\n*0\r\n"
    reader = RespReader()
    answers = []
    for at in range(0, len(stream), piece_bytes):
        answers += reader.receive(stream[at : at + piece_bytes])
    assert answers == [b"OK", 1, None, b"a\r\n", b"v" * 100, [[5], [b"id", None]], []]


# Talks


def test_a_pipeline_keeps_as_many_in_flight_as_it_may_and_stops_at_its_total() -> None:
    requests = FloRequests([request_of("put") for _ in range(4)], keys_from(0))
    talk = Pipeline(requests, FloAnswers(), in_flight=4, total=6)
    assert len(flo_envelopes(bytes(talk.begin(0.0)))) == 4
    answers = [framing.frame(wire.encode_answer(FIRST_ID + ordinal, None)) for ordinal in range(6)]
    assert len(flo_envelopes(bytes(talk.answer(b"".join(answers[:3]), 1.0, more=True)))) == 2
    assert talk.outstanding == 3
    assert not talk.answer(b"".join(answers[3:]), 2.0, more=True)
    assert (talk.done, talk.outstanding) == (6, 0)


def test_nothing_more_is_sent_once_the_time_is_up() -> None:
    requests = Prebuilt([resp.command_of("put")], keys_from(0))
    talk = Pipeline(requests, RespAnswers(), in_flight=1)
    talk.begin(0.0)
    assert not talk.answer(b"+OK\r\n", 1.5, more=False)
    assert (talk.done, talk.outstanding, talk.latencies_s) == (1, 0, [1.5])


def test_a_redis_cycle_acks_what_it_read_and_then_counts_once() -> None:
    talk = Cycle(resp.RedisCycle(b"c"))
    assert b"XADD" in bytes(talk.begin(0.0))
    assert b"XREADGROUP" in bytes(talk.answer(b"$3\r\n1-0\r\n", 1.0, more=True))
    records = b"*1\r\n*2\r\n$6\r\nevents\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nv\r\n$1\r\nx\r\n"
    ack = bytes(talk.answer(records, 2.0, more=False))
    assert ack == resp.command(b"XACK", b"events", b"workers", b"1-0")
    assert talk.done == 0
    assert not talk.answer(b":1\r\n", 3.0, more=False)
    assert (talk.done, talk.items, talk.outstanding, talk.latencies_s) == (1, 1, 0, [3.0])


def test_a_cycle_that_reads_nothing_has_nothing_to_ack() -> None:
    talk = Cycle(resp.RedisCycle(b"c"))
    talk.begin(0.0)
    talk.answer(b"$3\r\n1-0\r\n", 1.0, more=True)
    assert b"XADD" in bytes(talk.answer(b"*-1\r\n", 2.0, more=True))
    assert (talk.done, talk.items) == (1, 0)


def test_a_pipelined_redis_cycle_acks_what_the_one_before_it_read() -> None:
    talk = Cycle(resp.RedisPipelined(b"c"))
    assert b"XACK" not in bytes(talk.begin(0.0))
    records = b"*1\r\n*2\r\n$6\r\nevents\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nv\r\n$1\r\nx\r\n"
    assert not talk.answer(b"$3\r\n1-0\r\n", 1.0, more=True)
    following = bytes(talk.answer(records, 2.0, more=True))
    assert following.startswith(resp.command(b"XACK", b"events", b"workers", b"1-0"))
    assert (talk.done, talk.items) == (1, 0)
    assert not talk.answer(b":1\r\n$3\r\n1-1\r\n*-1\r\n", 3.0, more=False)
    assert (talk.done, talk.items, talk.latencies_s) == (2, 1, [2.0, 1.0])
    talk.begin(4.0)
    talk.answer(b"$3\r\n1-0\r\n" + records, 5.0, more=True)
    with pytest.raises(BenchError, match=r"\[0\] of 1"):
        talk.answer(b":0\r\n$3\r\n1-1\r\n*-1\r\n", 6.0, more=False)


def test_an_ack_that_was_not_taken_fails_the_bench() -> None:
    run: Generator[bytes, Any, int] = resp.RedisCycle(b"c").run()
    next(run)
    run.send(b"1-0")
    run.send([[b"events", [[b"1-0", [b"v", b"x"]]]]])
    with pytest.raises(BenchError, match="0 of 1"):
        run.send(0)


# Percentiles


def test_a_percentile_is_the_value_that_so_many_do_not_exceed() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 50) == 50
    assert percentile(values, 99) == 99
    assert percentile(values, 100) == 100
    assert percentile([3.0], 1) == percentile([3.0], 99) == 3.0
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0


def test_without_a_sample_there_is_no_percentile() -> None:
    with pytest.raises(BenchError, match="no latency"):
        percentile([], 50)


# The loop, against a server that keeps nothing


@pytest.fixture
def stepping_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is counted in looks at the clock, so that no stall makes a measurement empty."""
    steps = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: next(steps) / 1000, process_time=lambda: 0.0)
    monkeypatch.setattr(generator, "time", clock)


def plan(port: int, work: str, **settings: Any) -> Plan:
    defaults: dict[str, Any] = {"connections": 3, "warm_up_s": 0.05, "measured_s": 0.1}
    return Plan("Flo", port, work, **(defaults | settings))


@pytest.mark.usefixtures("stepping_clock")
@pytest.mark.parametrize("work", WORKS)
def test_every_request_of_a_load_is_answered_and_numbered_once(work: str) -> None:
    fake = Fake()
    with serving(fake) as port:
        result = generator.run(plan(port, work, in_flight=4))
    assert result.operations > 0
    assert 0 < result.p50_ms <= result.p99_ms
    for numbers in fake.numbers.values():
        assert numbers == ([] if work == "get" else list(range(1, len(numbers) + 1)))


def test_a_load_with_a_total_puts_each_key_once() -> None:
    fake = Fake()
    with serving(fake) as port:
        result = generator.run(plan(port, "put", in_flight=4, total=50))
    assert result.operations == 50
    assert fake.keys == {key_bytes(number).decode() for number in range(50)}
    assert sum(len(numbers) for numbers in fake.numbers.values()) == 50


@pytest.mark.usefixtures("stepping_clock")
@pytest.mark.parametrize("work", ["cycle", "pipelined"])
def test_a_flo_cycle_acks_all_that_it_took_with_the_leases_it_got(work: str) -> None:
    fake = Fake()
    with serving(fake) as port:
        result = generator.run(plan(port, work))
    assert result.operations > 0
    assert len(fake.acked) == len(set(fake.acked)) >= result.items > 0
    assert not fake.waiting


@pytest.mark.parametrize("settings", [{"in_flight": 2}, {"total": 5}])
def test_what_a_cycle_cannot_do_is_refused(settings: dict[str, int]) -> None:
    with pytest.raises(BenchError, match="one request in flight"):
        generator.run(plan(1, "cycle", **settings))


@pytest.mark.usefixtures("stepping_clock")
@pytest.mark.parametrize("work", ["put", "cycle", "pipelined"])
def test_a_refusal_in_the_middle_of_a_load_fails_it(work: str) -> None:
    with (
        serving(Fake(refuse_after=20)) as port,
        pytest.raises(BenchError, match="refuses on purpose"),
    ):
        generator.run(plan(port, work))


def test_a_connection_that_the_server_closes_fails_the_load() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    requests = Prebuilt([resp.command_of("put")], keys_from(0))
    talk = Pipeline(requests, RespAnswers(), in_flight=1)
    with ours, pytest.raises((BenchError, ConnectionError)):
        Loop({ours: talk}).run(Plan("Redis", 0, "put", warm_up_s=5))


def test_requests_that_the_socket_does_not_take_at_once_are_sent_later() -> None:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    count = 500
    commands = [resp.command_of("put") for _ in range(count)]
    talk = Pipeline(Prebuilt(commands, keys_from(0)), RespAnswers(), count, total=2 * count)
    received: list[Any] = []

    def serve() -> None:
        reader = RespReader()
        while len(received) < 2 * count:
            commands = reader.receive(theirs.recv(1000))
            received.extend(commands)
            theirs.sendall(b"+OK\r\n" * len(commands))

    thread = threading.Thread(target=serve)
    thread.start()
    with ours, theirs:
        result = Loop({ours: talk}).run(Plan("Redis", 0, "put", total=2 * count))
        thread.join()
    assert result.operations == 2 * count
    assert [command[1] for command in received] == [key_bytes(n) for n in range(2 * count)]
