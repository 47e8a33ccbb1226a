"""What a person types, as the API takes it."""

from __future__ import annotations

import pytest
import typer

from floruntime.cli.base import values
from floruntime.core.queue import Message
from floruntime.core.stream import StreamID, StreamRecord


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0),
        ("1500", 1_500),
        ("250ms", 250),
        ("30s", 30_000),
        ("5m", 300_000),
        ("2h", 7_200_000),
        ("7d", 604_800_000),
        ("1h30m", 5_400_000),
    ],
)
def test_durations(text: str, ms: int) -> None:
    assert values.duration_ms(text) == ms


@pytest.mark.parametrize("text", ["", "-5", "5x", "1.5h", "s", "5 s", "٣s", "9" * 19, "soon"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a duration"):
        values.duration_ms(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("100", 100), ("10B", 10), ("64k", 65_536), ("1MiB", 2**20), ("2gb", 2**31)],
)
def test_sizes(text: str, size: int) -> None:
    assert values.size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1.5M", "KiB", "1PiB", "9" * 19])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a size"):
        values.size_bytes(text)


def test_a_value_keeps_the_bytes_that_the_shell_gave() -> None:
    assert values.read_value("ü") == "ü".encode()
    assert values.read_value("\udcff") == b"\xff"
    assert values.read_value("") == b""


def test_standard_input_is_given_once() -> None:
    with pytest.raises(typer.BadParameter, match="only once"):
        values.read_values(["-", "-"])


def test_messages_with_and_without_a_lease() -> None:
    plain, leased = values.leased_messages(["7", "8:42"])
    assert plain == 7
    assert isinstance(leased, Message)
    assert (leased.seq, leased.lease) == (8, 42)
    for text in ("x", "7:", ":7", "7:x", "-1"):
        with pytest.raises(typer.BadParameter, match="SEQ:LEASE"):
            values.leased_messages([text])


def test_records_with_and_without_a_lease() -> None:
    plain, leased = values.leased_records("s", ["5-0", "6-1:42"])
    assert plain == StreamID(5, 0)
    assert isinstance(leased, StreamRecord)
    assert (leased.id, leased.lease) == (StreamID(6, 1), 42)
    for text in ("x", "5", "5-0:", "5-0:x"):
        with pytest.raises(typer.BadParameter, match="ID:LEASE"):
            values.leased_records("s", [text])
