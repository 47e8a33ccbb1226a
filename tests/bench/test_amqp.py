"""RabbitMQ's dialect, without a server: what is sent, and how confirms are counted."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable

import pytest
from bench.amqp import AmqpAnswers, AmqpCycle, Methods, method
from bench.talk import VALUE_BYTES, BenchError, Cycle, Prebuilt

from bench import amqp


def confirm(tag: int, *, is_for_all_before: bool = False) -> bytes:
    return method(amqp.ACK, struct.pack(">QB", tag, is_for_all_before))


def delivered(tag: int) -> bytes:
    arguments = amqp.short_text(b"c") + struct.pack(">QB", tag, 0) + b"\x00\x05tasks"
    header = amqp.frame(2, struct.pack(">HHQH", 60, 0, 1, 0))
    return method(amqp.DELIVER, arguments) + header + amqp.frame(3, b"v")


def sent(data: bytes) -> list[tuple[amqp.Method, bytes]]:
    return list(Methods().receive(data))


def test_each_publish_goes_to_the_queue_with_a_persistent_value_of_its_own() -> None:
    requests = Prebuilt([amqp.publish() for _ in range(2)], itertools.repeat(b""))
    data = bytes(requests.take(2))
    assert sent(data) == [(amqp.PUBLISH, b"\x00\x00\x00\x05tasks\x00")] * 2
    one, other = data[: len(data) // 2], data[len(data) // 2 :]
    assert one[-VALUE_BYTES - 1 : -1] != other[-VALUE_BYTES - 1 : -1]
    assert struct.pack(">QHB", VALUE_BYTES, 0x1000, 2) in one


@pytest.mark.parametrize("piece_bytes", [1, 5, 1000])
def test_confirms_are_counted_once_each_in_whatever_pieces_and_order(piece_bytes: int) -> None:
    stream = confirm(2) + confirm(3, is_for_all_before=True) + confirm(5) + confirm(4)
    stream += confirm(9, is_for_all_before=True) + confirm(9, is_for_all_before=True)
    answers = AmqpAnswers()
    pieces = [stream[at : at + piece_bytes] for at in range(0, len(stream), piece_bytes)]
    assert sum(answers.feed(piece) for piece in pieces) == 9


@pytest.mark.parametrize(
    ("stream", "is_seen"),
    [
        (confirm(3), True),
        (confirm(2), False),
        (confirm(2, is_for_all_before=True), False),
        (confirm(4, is_for_all_before=True), True),
        (confirm(2) + confirm(1) + confirm(3), True),
    ],
)
def test_the_watched_publish_is_seen_when_its_own_confirm_is_there(
    stream: bytes, is_seen: bool
) -> None:
    answers = AmqpAnswers()
    answers.watch(2)
    answers.feed(stream)
    assert answers.is_watching is not is_seen


@pytest.mark.parametrize("feed", [lambda: AmqpAnswers().feed, lambda: AmqpCycle().receive])
@pytest.mark.parametrize("which", [(60, 120), (60, 50), (20, 40), (10, 50)])
def test_a_refusal_a_return_or_a_close_fails_the_bench(
    feed: Callable[[], Callable[[bytes], object]], which: amqp.Method
) -> None:
    with pytest.raises(BenchError, match="RabbitMQ answered"):
        feed()(method(which, b"\x00" * 9))


def test_a_cycle_acks_what_was_delivered_until_its_confirm() -> None:
    talk = Cycle(AmqpCycle())
    begun = [which for which, _ in sent(bytes(talk.begin(0.0)))]
    assert begun == [amqp.QOS, amqp.CONSUME, amqp.PUBLISH]
    assert not talk.answer(method(amqp.QOS_OK) + delivered(1), 1.0, more=True)
    following = sent(bytes(talk.answer(delivered(2) + confirm(1), 2.0, more=True)))
    assert following[0] == (amqp.ACK, struct.pack(">QB", 2, 1))
    assert following[1][0] == amqp.PUBLISH
    assert (talk.done, talk.items, talk.latencies_s) == (1, 0, [2.0])
    assert not talk.answer(confirm(2), 3.0, more=False)
    assert (talk.done, talk.items, talk.outstanding) == (2, 2, 0)


def test_a_cycle_without_deliveries_acks_nothing() -> None:
    talk = Cycle(AmqpCycle())
    talk.begin(0.0)
    following = sent(bytes(talk.answer(confirm(1), 1.0, more=True)))
    assert [which for which, _ in following] == [amqp.PUBLISH]
