"""What a person or a script sees. Tables and lines for people, JSON with `--json`.

On a terminal nothing that somebody stored speaks to it (`terminal.py`); a pipe gets it as it is.
What cannot be written is an error, since who asked does not know what was done.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from floruntime.cli.base.errors import OutputLost, ReaderGone
from floruntime.cli.base.terminal import (
    harmless_lines,
    is_terminal,
    table_text,
    terminal_width,
)
from floruntime.core.duration_text import NOTHING
from floruntime.core.printable import printable, printable_json
from floruntime.core.run_wait import RunWait, WaitKind
from floruntime.core.stream import StreamID
from floruntime.core.types import Page


class Output:
    """Writes to standard output, as JSON or for people. Every call is flushed: pipes see it now."""

    def __init__(self, is_json: bool) -> None:
        self.is_json = is_json

    def show(self, document: Any, text: str) -> None:
        """A JSON document, or for people a text."""
        if self.is_json:
            self.document(document)
        else:
            write_text(text + "\n")

    def document(self, document: Any) -> None:
        """One JSON document on a line of its own."""
        write_json(to_json(document))

    def table(self, document: Any, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A JSON document, or for people a table: as wide as the terminal, else tab-separated.

        Without rows people see no table: the command says what there is none of.
        """
        if self.is_json:
            self.document(document)
            return
        lines = [columns, *rows]
        if len(lines) == 1:
            return
        if is_terminal(sys.stdout):
            write(table_text(columns, lines[1:], terminal_width()).encode())
        else:
            write_text("".join("\t".join(line) + "\n" for line in lines))

    def fields(self, value: Any, shown: Mapping[str, str]) -> None:
        """A JSON document, or for people its fields, one a line."""
        if self.is_json:
            self.document(value)
            return
        width = max(map(len, shown))
        write_text("".join(f"{name:<{width}}  {text}\n" for name, text in shown.items()))


def write(data: bytes) -> None:
    """Exact bytes to standard output. Raises `OutputLost`."""
    check_output()
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except (OSError, ValueError) as error:
        discard(sys.stdout)
        if isinstance(error, BrokenPipeError):
            raise ReaderGone("the program that reads it has ended") from None
        raise OutputLost(getattr(error, "strerror", None) or str(error)) from None


def check_output() -> None:
    """Raise `OutputLost` where nothing could be written: standard output is closed."""
    if sys.stdout is None:
        raise OutputLost("standard output is closed")


def write_text(text: str) -> None:
    """Text to standard output: exactly into a pipe, on a terminal without what it would obey."""
    if is_terminal(sys.stdout):
        text = harmless_lines(text)
    write(text.encode("utf-8", "surrogateescape"))


def write_json(text: str) -> None:
    """A JSON text of one line, as `write_text` does, but that it stays JSON."""
    write((_json_for(sys.stdout, text) + "\n").encode("utf-8", "replace"))


def _json_for(stream: Any, text: str) -> str:
    return printable_json(text) if is_terminal(stream) else text


def write_value(data: bytes) -> None:
    """What somebody stored: exact bytes into a pipe, harmless text on a terminal."""
    write_text(data.decode("utf-8", "surrogateescape"))


def complain(text: str) -> None:
    """A line, or lines, to standard error; where that cannot be written there is no one to tell."""
    complain_raw(harmless_lines(text))


def complain_json(document: Any) -> None:
    """A JSON document to standard error, on a line of its own."""
    complain_raw(_json_for(sys.stderr, to_json(document)))


def complain_raw(text: str) -> None:
    """The same for text that is harmless already, and may be coloured."""
    if sys.stderr is None:  # `print` would take standard output instead
        return
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        discard(sys.stderr)


def write_error(text: str) -> None:
    """Raw text to standard error, which is a terminal: a progress bar."""
    with suppress(AttributeError, OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def discard(stream: Any) -> None:
    """Let what a standard stream could not write go, or the interpreter's end fails on it."""
    with suppress(AttributeError, OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def to_json(document: Any) -> str:
    """JSON text on one line."""
    return json.dumps(plain(document), ensure_ascii=False).encode("utf-8", "replace").decode()


def plain(value: Any) -> Any:
    """Results as JSON has them. `bytes` fields that are not UTF-8 become `NAME_base64`."""
    if isinstance(value, StreamID):
        return str(value)
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__ + (("has_more",) if hasattr(value, "has_more") else ())
        value = {name: getattr(value, name) for name in names}
    if isinstance(value, Mapping):
        return dict(_member(name, member) for name, member in value.items())
    if isinstance(value, Page):
        items = [plain(item) for item in value]
        return {"items": items, "cursor": value.cursor, "has_more": value.has_more}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _member(name: str, value: Any) -> tuple[str, Any]:
    if not isinstance(value, bytes):
        return name, plain(value)
    try:
        return name, value.decode()
    except UnicodeDecodeError:
        return f"{name}_base64", base64.b64encode(value).decode()


def cell(value: Any) -> str:
    """One value as a table shows it; control characters are escaped, so a row stays a line."""
    if value is None:
        return NOTHING
    return printable(_readable(value) if isinstance(value, bytes) else str(value))


def _readable(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(data).decode()


def at(time_ms: int | None) -> str:
    """A time of day, in the local zone."""
    if time_ms is None:
        return NOTHING
    try:
        return datetime.fromtimestamp(time_ms / 1000).strftime("%Y-%m-%d %H:%M:%S")
    except (OSError, OverflowError, ValueError):  # beyond the years that Python has
        return f"{time_ms} ms"


def waiting(wait: RunWait | None) -> str:
    """What a run waits for, in a line headed so."""
    if wait is None:
        return NOTHING
    prefix = "waits for the signal " if wait.kind is WaitKind.SIGNAL else "waits for "
    return cell(wait.text.removeprefix(prefix))


def size(size_bytes: int | None) -> str:
    """A number of bytes, in the unit that suits it."""
    if size_bytes is None:
        return NOTHING
    amount = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def rows_of(items: Iterable[Any], *getters: Callable[[Any], Any]) -> list[list[str]]:
    """A row of cells for each item."""
    return [[cell(getter(item)) for getter in getters] for item in items]
