"""NATS' dialect, without a server: what is sent, and how answers are counted and told apart."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from bench.jetstream import NatsAnswers, NatsCycle, NatsReader, NatsRequests, request_of
from bench.talk import VALUE_BYTES, BenchError, Cycle, key_bytes


def stored(ordinal: int) -> bytes:
    body = b'{"stream":"KV_bench", "seq":%d}' % (ordinal + 1)
    return b"MSG _INBOX.3.%010d 1 %d\r\n%s\r\n" % (ordinal, len(body), body)


def with_headers(head: bytes, body: bytes = b"", reply: bytes = b"") -> bytes:
    sizes = b"%d %d" % (len(head), len(head) + len(body))
    return b"HMSG _INBOX.3.0000000000 1 %s%s\r\n%s%s\r\n" % (reply, sizes, head, body)


def sent(data: bytes) -> list[tuple[str, str, bytes]]:
    """The subjects, reply subjects and bodies of publishes."""
    found = []
    while data:
        line, _, data = data.partition(b"\r\n")
        verb, subject, reply, size = line.decode().split()
        assert verb == "PUB"
        assert data[int(size) : int(size) + 2] == b"\r\n"
        found.append((subject, reply, data[: int(size)]))
        data = data[int(size) + 2 :]
    return found


@pytest.mark.parametrize(
    ("work", "subject", "body_bytes"),
    [
        ("put", "$KV.bench.key:00000007", VALUE_BYTES),
        ("get", "$JS.API.DIRECT.GET.KV_bench.$KV.bench.key:00000007", 0),
        ("append", "events", VALUE_BYTES),
        ("enqueue", "tasks", VALUE_BYTES),
    ],
)
def test_each_publish_has_its_subject_and_a_number_of_its_own(
    work: str, subject: str, body_bytes: int
) -> None:
    keys = map(key_bytes, itertools.count(7))
    requests = NatsRequests([request_of(work, 3) for _ in range(2)], keys)
    first = sent(bytes(requests.take(2)))
    assert first[0][0] == subject
    assert [len(body) for _, _, body in first] == [body_bytes] * 2
    replies = [reply for _, reply, _ in first + sent(bytes(requests.take(1)))]
    assert replies == [f"_INBOX.3.{number:010d}" for number in range(3)]


@pytest.mark.parametrize("piece_bytes", [1, 3, 50, 1000])
def test_answers_are_counted_in_whatever_pieces_and_order(piece_bytes: int) -> None:
    stream = stored(1) + b"PING\r\n" + stored(0) + b"+OK\r\n" + stored(2)
    answers = NatsAnswers(are_values=False)
    answers.watch(0)
    count = 0
    for at in range(0, len(stream), piece_bytes):
        assert answers.is_watching or count >= 2
        count += answers.feed(stream[at : at + piece_bytes])
    assert (count, answers.is_watching) == (3, False)


def test_a_value_is_an_answer_to_a_get_and_its_lack_is_none() -> None:
    head = b"NATS/1.0\r\nNats-Stream: KV_bench\r\n\r\n"
    assert NatsAnswers(are_values=True).feed(with_headers(head, b"v" * VALUE_BYTES)) == 1
    with pytest.raises(BenchError, match="Message Not Found"):
        NatsAnswers(are_values=True).feed(with_headers(b"NATS/1.0 404 Message Not Found\r\n\r\n"))


@pytest.mark.parametrize(
    "answer",
    [
        b'MSG _INBOX.3.0000000000 1 35\r\n{"error":{"code":503},"stream":"",  }\r\n',
        with_headers(b"NATS/1.0 503\r\n\r\n"),
        b"-ERR 'Maximum Payload Violation'\r\n",
    ],
)
def test_what_was_not_stored_fails_the_bench(answer: bytes) -> None:
    with pytest.raises(BenchError, match="NATS answered"):
        NatsAnswers(are_values=False).feed(answer)


def delivered(number: int) -> bytes:
    return b"MSG tasks 1 $JS.ACK.tasks.workers.1.%d.1.0.0 1\r\nv\r\n" % number


ACKED = b"MSG _INBOX.3.cycle 1 0\r\n\r\n"
ENDED = with_headers(b"NATS/1.0 404 No Messages\r\n\r\n")


def test_a_cycle_acks_each_message_that_it_pulled_and_then_counts_once() -> None:
    talk = Cycle(NatsCycle(3))
    assert sent(bytes(talk.begin(0.0)))[0][0] == "tasks"
    [(subject, _, body)] = sent(bytes(talk.answer(stored(0), 1.0, more=True)))
    assert subject == "$JS.API.CONSUMER.MSG.NEXT.tasks.workers"
    assert json.loads(body) == {"batch": 10, "no_wait": True}
    assert not talk.answer(delivered(1) + delivered(2), 2.0, more=True)
    acks = sent(bytes(talk.answer(ENDED, 2.5, more=True)))
    assert [(subject[-9:], body) for subject, _, body in acks] == [
        (".1.1.1.0.0"[-9:], b"+ACK"),
        (".1.2.1.0.0"[-9:], b"+ACK"),
    ]
    assert not talk.answer(ACKED, 2.8, more=False)
    assert talk.done == 0
    assert not talk.answer(ACKED, 3.0, more=False)
    assert (talk.done, talk.items, talk.outstanding, talk.latencies_s) == (1, 2, 0, [3.0])


def test_ten_messages_end_a_pull_without_a_status() -> None:
    talk = Cycle(NatsCycle(3))
    talk.begin(0.0)
    talk.answer(stored(0), 1.0, more=True)
    pulled = b"".join(delivered(number) for number in range(10))
    assert len(sent(bytes(talk.answer(pulled, 2.0, more=True)))) == 10


def test_a_pull_that_finds_nothing_has_nothing_to_ack() -> None:
    talk = Cycle(NatsCycle(3))
    talk.begin(0.0)
    talk.answer(stored(0), 1.0, more=True)
    assert sent(bytes(talk.answer(ENDED, 1.0, more=True)))[0][0] == "tasks"
    assert (talk.done, talk.items) == (1, 0)


@pytest.mark.parametrize("answer", [ENDED, with_headers(b"NATS/1.0 409 Too Many\r\n\r\n")])
def test_a_status_in_the_place_of_an_answer_fails_the_bench(answer: bytes) -> None:
    talk = Cycle(NatsCycle(3))
    talk.begin(0.0)
    with pytest.raises((BenchError, ValueError)):
        talk.answer(answer, 1.0, more=True)


def test_messages_are_decoded_with_reply_subjects_and_headers() -> None:
    stream = delivered(4) + with_headers(b"NATS/1.0\r\n\r\n", b"body", b"reply ")
    messages: list[Any] = NatsReader().receive(stream)
    assert messages == [
        ("$JS.ACK.tasks.workers.1.4.1.0.0", b"", b"v"),
        ("reply", b"NATS/1.0", b"body"),
    ]
