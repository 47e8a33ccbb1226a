"""What a person types, as the API takes it: values, durations, sizes, headers, leased things."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import typer

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import VALUE_BYTES_CEILING
from floruntime.core.queue import Message
from floruntime.core.stream import StreamID, StreamRecord

_MS_PER = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "": 1}
_BYTES_PER = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_DURATION_PART = re.compile(r"([0-9]{1,18})(ms|s|m|h|d)")
_SIZE = re.compile(r"([0-9]{1,18})(?:([kmgt])(?:i?b)?|b)?", re.IGNORECASE)
NO_LIMIT = "none"


def read_value(text: str) -> bytes:
    """The bytes that an argument stands for.

    `-` is standard input, `@PATH` a file, `@@TEXT` the text `@TEXT`; anything else is itself, byte
    by byte as the shell gave it.
    """
    if text == "-":
        return read_stdin()
    if text.startswith("@@"):
        return os.fsencode(text[1:])
    if text.startswith("@"):
        return _read_file(text[1:])
    return os.fsencode(text)


def read_stdin() -> bytes:
    """Standard input to its end, or to more than any value may have."""
    if sys.stdin is None:
        raise typer.BadParameter("- means standard input, which is closed")
    try:
        return sys.stdin.buffer.read(VALUE_BYTES_CEILING + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise typer.BadParameter(
            f"- means standard input, which cannot be read: {reason}"
        ) from None


def _read_file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(VALUE_BYTES_CEILING + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise typer.BadParameter(
            f"the file {path!r} cannot be read: {reason} (write @@ for a value that begins with @)"
        ) from None


def read_values(texts: list[str]) -> list[bytes]:
    """Several values; standard input can be only one of them."""
    if texts.count("-") > 1:
        raise typer.BadParameter("standard input (-) can be given only once")
    return [read_value(text) for text in texts]


def duration_ms(text: str) -> int:
    """`30s`, `5m`, `1h30m`, `250ms`, or plain milliseconds."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise typer.BadParameter(
            f"{text!r} is not a duration: write 30s, 5m, 1h30m, 250ms, or plain milliseconds"
        )
    return sum(int(number) * _MS_PER[unit] for number, unit in parts)


def size_bytes(text: str) -> int:
    """`64KiB`, `10M`, `1GiB`, or plain bytes; all are powers of 1,024."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise typer.BadParameter(
            f"{text!r} is not a size: write 64KiB, 10MiB, 1GiB, or plain bytes"
        )
    return int(match[1]) * _BYTES_PER[(match[2] or "").lower()]


def count(text: str) -> int:
    """A whole number, from 0."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise typer.BadParameter(f"{text!r} is not a whole number")
    return int(text)


def headers_of(pairs: list[str]) -> dict[str, str]:
    """`name=value` texts as a dictionary."""
    return pairs_of("header", pairs)


def pairs_of(what: str, pairs: list[str]) -> dict[str, str]:
    """`name=value` texts as a dictionary of headers, labels, …"""
    named: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not a {what}: write NAME=VALUE")
        if name in named:
            raise typer.BadParameter(f"the {what} {name!r} is given twice")
        named[name] = value
    return named


def leased_messages(texts: list[str]) -> list[int | Message]:
    """`SEQ` (the operator is believed) or `SEQ:LEASE` (refused once somebody else has it)."""
    return [_leased_message(text) for text in texts]


def _leased_message(text: str) -> int | Message:
    seq, colon, lease = text.partition(":")
    try:
        if not colon:
            return count(seq)
        return Message(count(seq), b"", 0, 0, count(lease), 0)
    except typer.BadParameter:
        raise typer.BadParameter(f"{text!r} is not a message: write SEQ or SEQ:LEASE") from None


def leased_records(stream: str, texts: list[str]) -> list[StreamID | StreamRecord]:
    """`ID` (the operator is believed) or `ID:LEASE` (refused once somebody else has it)."""
    return [_leased_record(stream, text) for text in texts]


def _leased_record(stream: str, text: str) -> StreamID | StreamRecord:
    identifier, colon, lease = text.partition(":")
    try:
        record_id = StreamID.parse(identifier)
        if not colon:
            return record_id
        number = count(lease)
    except (BadRequestError, typer.BadParameter):
        raise typer.BadParameter(
            f"{text!r} is not a record: write ID or ID:LEASE, such as 1703350800000-0:42"
        ) from None
    return StreamRecord(record_id, 0, 0, stream, b"", {}, None, 0, 0, number)
