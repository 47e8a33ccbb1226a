"""TCP's framing: bodies in any pieces, lengths that lie, and garbage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.core.errors import ProtocolError
from floruntime.core.framing import FrameReader, frame, frames

MIB = 1 << 20
BODIES = [b"a", b"", b"bc" * 300, b"\x00\x00\x00\x00"]
STREAM = b"".join(map(frame, BODIES))


def reader(frame_bytes_max: int = 1_000) -> FrameReader:
    return FrameReader(frame_bytes_max)


def test_frames_whole() -> None:
    assert frames(BODIES) == STREAM
    assert reader().receive_data(STREAM) == BODIES


def test_frames_byte_by_byte() -> None:
    reading, bodies = reader(), []
    for position in range(len(STREAM)):
        bodies += reading.receive_data(STREAM[position : position + 1])
    assert bodies == BODIES
    assert reading.held_bytes == 0


def test_frames_with_a_tail() -> None:
    reading = reader()
    assert reading.receive_data(STREAM + b"\x02\x00\x00\x00x") == BODIES
    assert reading.held_bytes == 5
    assert reading.receive_data(b"y" + frame(b"z")) == [b"xy", b"z"]


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_frames_cut_anywhere(cut: int) -> None:
    reading = reader()
    before = reading.receive_data(STREAM[:cut])
    assert before == BODIES[: len(before)]
    assert reading.held_bytes == cut - sum(4 + len(body) for body in before)
    assert before + reading.receive_data(STREAM[cut:]) == BODIES


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(0, 400), max_size=12))
def test_frames_in_any_pieces(bodies: list[bytes], cuts: list[int]) -> None:
    data = b"".join(map(frame, bodies))
    reading, got, begin = reader(), [], 0
    for end in [*sorted(cuts), len(data)]:
        got += reading.receive_data(data[begin:end])
        begin = max(begin, end)
    assert got == bodies


def test_a_frame_at_the_limit_and_one_past_it() -> None:
    assert reader(5).receive_data(frame(b"12345")) == [b"12345"]
    reading = reader(5)
    assert reading.receive_data(frame(b"ok") + frame(b"123456")) == [b"ok"]
    assert isinstance(reading.failed, ProtocolError)
    assert "6 bytes" in str(reading.failed)
    assert "at most 5" in str(reading.failed)


def test_a_frame_that_claims_four_gibibytes_fails_at_its_length() -> None:
    reading = reader(16 * MIB)
    assert reading.receive_data(b"\xff\xff\xff") == []
    assert reading.failed is None
    assert reading.receive_data(b"\xff") == []
    assert reading.failed is not None
    assert reading.held_bytes == 0


def test_after_a_failure_nothing_is_taken() -> None:
    reading = reader(5)
    reading.receive_data(frame(b"123456"))
    assert reading.receive_data(frame(b"ok") * 100) == []
    assert reading.held_bytes == 0


def test_a_large_frame_in_small_pieces_is_not_copied_for_each_of_them() -> None:
    reading, data = reader(16 * MIB), frame(bytes(16 * MIB))
    pieces = [data[position : position + 1_000] for position in range(0, len(data), 1_000)]
    assert not reading.receive_data(pieces[0])
    held = reading.unfinished
    for piece in pieces[1:-1]:
        assert not reading.receive_data(piece)
        assert reading.unfinished is held, "it grows in place"
    assert [len(body) for body in reading.receive_data(pieces[-1])] == [16 * MIB]


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_garbage_gives_bodies_or_a_failure(pieces: list[bytes]) -> None:
    reading = reader(50)
    for piece in pieces:
        assert all(len(body) <= 50 for body in reading.receive_data(piece))
        assert reading.held_bytes < 4 + 50
        if reading.failed is not None:
            assert reading.receive_data(frame(b"ok")) == []
