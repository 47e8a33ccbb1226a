"""Large bodies are cut, and put together at the other end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from floruntime.core.errors import ProtocolError
from floruntime.core.framing import FrameReader
from floruntime.server.cluster.peers import messages, pieces
from floruntime.server.cluster.peers.lanes import PIECE_BYTES, Parcel

BODY = b"".join(bytes([number]) * (PIECE_BYTES // 2) for number in range(7)) + b"end"


def said(parcel: Parcel, bytes_max: int = 2 * PIECE_BYTES) -> list[Any]:
    """The messages of a parcel, which are no larger than that."""
    reader = FrameReader(bytes_max)
    found = [
        messages.decode(body) for frame in frames_of(parcel) for body in reader.receive_data(frame)
    ]
    assert reader.failed is None
    return found


def frames_of(parcel: Parcel) -> Iterator[bytes]:
    while parcel.frame is not None:
        yield parcel.take(parcel.frame)


@pytest.mark.parametrize("body", [BODY, BODY[: 2 * PIECE_BYTES], b"short"])
def test_a_request_is_there_once_its_last_piece_is(body: bytes) -> None:
    ask = messages.Ask(7, "client", 3, body, tells=True)
    *before, last = said(pieces.asked(ask))
    begun = pieces.BegunBodies(len(body))
    for message in before:
        begun.add(message)
    whole = b"".join([*begun.take(7), last.body])
    assert whole == body
    assert last == messages.Ask(7, "client", 3, body[len(body) - len(last.body) :], tells=True)
    assert begun.take(7) == []


@pytest.mark.parametrize("cut_at", [0, 1, 10, PIECE_BYTES, 3 * PIECE_BYTES])
def test_an_answer_is_there_once_its_last_piece_is(cut_at: int) -> None:
    *before, last = said(pieces.answered(7, 9, [BODY[:cut_at], BODY[cut_at:]]))
    begun = pieces.BegunBodies(len(BODY))
    for message in before:
        begun.add(message)
    [(request_id, end)] = last.answers
    assert request_id == 9
    assert b"".join([*begun.take(7), end]) == BODY


def test_an_older_node_is_sent_one_frame() -> None:
    parcel = pieces.answered_whole(7, 9, [BODY[:100], BODY[100:]])
    assert parcel.is_whole
    assert said(parcel, 2 * len(BODY)) == [messages.Answers(7, [(9, BODY)])]


def test_bodies_that_have_begun_are_kept_apart_and_bounded() -> None:
    begun = pieces.BegunBodies(10)
    begun.add(messages.Begun(1, b"x" * 10))
    begun.add(messages.Begun(2, b"y" * 5))
    with pytest.raises(ProtocolError, match="more than 10 bytes"):
        begun.add(messages.Begun(1, b"x"))
    assert begun.take(2) == [b"yyyyy"]
    begun.add(messages.Begun(2, b"y" * 10))
    begun.clear()
    assert begun.take(2) == []
