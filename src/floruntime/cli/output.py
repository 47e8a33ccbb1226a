"""What a person or a script sees. Tables and lines for people, JSON with `--json`."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from floruntime.core.duration_text import NOTHING
from floruntime.core.stream import StreamID
from floruntime.core.types import Page

TABLE_WIDTH = 10_000_000
"""Wider than any table: the terminal wraps long lines, so nothing is cut and ids can be copied."""


class ReaderGone(Exception):
    """Whoever read standard output has gone, such as `head` once it has its lines."""


class Output:
    """Writes to standard output, as JSON or for people. Every call is flushed: pipes see it now."""

    def __init__(self, is_json: bool) -> None:
        self.is_json = is_json

    def show(self, document: Any, text: str) -> None:
        """A JSON document, or for people a text."""
        if self.is_json:
            self.document(document)
        else:
            write(text.encode("utf-8", "surrogateescape") + b"\n")

    def document(self, document: Any) -> None:
        """One JSON document on a line of its own."""
        write(to_json(document).encode() + b"\n")

    def table(self, document: Any, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A JSON document, or for people a table: aligned on a terminal, else tab-separated.

        Without rows people see no table: the command says what there is none of.
        """
        if self.is_json:
            self.document(document)
            return
        lines = [columns, *rows]
        if len(lines) == 1:
            return
        if sys.stdout.isatty():
            write(_rich_table(columns, lines[1:]).encode())
        else:
            write("".join("\t".join(line) + "\n" for line in lines).encode())

    def fields(self, value: Any, shown: Mapping[str, str]) -> None:
        """A JSON document, or for people its fields, one a line."""
        if self.is_json:
            self.document(value)
            return
        width = max(map(len, shown))
        write("".join(f"{name:<{width}}  {text}\n" for name, text in shown.items()).encode())


def write(data: bytes) -> None:
    """Exact bytes to standard output."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderGone from None


def complain(text: str) -> None:
    """A line to standard error."""
    print(text, file=sys.stderr, flush=True)


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
    """One value as a table shows it; control characters are escaped, so none reach a terminal."""
    if value is None:
        return NOTHING
    if isinstance(value, bytes):
        value = _readable(value)
    text = str(value)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _readable(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(data).decode()


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def at(time_ms: int | None) -> str:
    """A time of day, in the local zone."""
    if time_ms is None:
        return NOTHING
    return datetime.fromtimestamp(time_ms / 1000).strftime("%Y-%m-%d %H:%M:%S")


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


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    # rich takes longer to import than everything else that a command does.
    from io import StringIO

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.upper(), no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    text = StringIO()
    Console(file=text, force_terminal=True, width=TABLE_WIDTH, highlight=False).print(table)
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())
