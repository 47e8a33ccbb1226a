"""Typed tables over ordered keys.

A key is `tag | integers | tail`: a two-byte tag, fixed-width big-endian unsigned integers, and at
most one text or byte tail, which stands last so that it needs no escaping. Byte order of keys is
therefore the order of the tuples. No code outside this module glues key bytes. Tags are assigned
once and never reused; `engine/rules` names every table, `docs/keyspace.md` describes every row.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import partial
from types import UnionType
from typing import Any, Generic, TypeVar, get_origin

import msgspec

from floruntime.core.late import Late

Row = TypeVar("Row")

_ANY_SIZE = 2**31
_FORMATS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}


class Table(Generic[Row]):
    """One key space: its tag, its integer fields, whether a tail follows, and its row type.

    `cached`: rows are small, few and hot, and stay decoded in memory between batches. `warm_bytes`:
    rows that were written stay decoded if they are no larger, since what is written is often soon
    written again. `lasting`: cached rows that are written once, under a number that is never used
    again, so that they stay decoded between the states that queries see.
    """

    decode: Any = Late(lambda table: msgspec.msgpack.Decoder(table.row).decode)

    def __init__(
        self,
        tag: bytes,
        row: type[Row] | Any,
        /,
        *,
        tail: str | None = None,
        cached: bool = False,
        lasting: bool = False,
        warm_bytes: int = 0,
        **fields: str,
    ) -> None:
        if len(tag) != 2:
            raise ValueError(f"tag {tag!r} must be two bytes")
        self.tag = tag
        self.row = row
        self.fields = fields
        self.tail = tail
        self.cached = cached or lasting
        self.lasting = lasting
        #: Up to which size written rows stay decoded.
        self.kept_bytes = _ANY_SIZE if self.cached else warm_bytes
        #: Whether small rows stay decoded among those of all such tables: see `warm_rows.py`.
        self.is_warm = not self.cached and warm_bytes > 0
        #: What each row is an instance of, and of no subclass: rows that are kept are told by it.
        self.row_class = row_class = get_origin(row) or row
        if self.kept_bytes and (not isinstance(row_class, type) or row_class is UnionType):
            raise ValueError(f"rows of table {tag!r} are kept, so they must be of one class")
        self._struct = struct.Struct(">2s" + "".join(_FORMATS[kind] for kind in fields.values()))
        self._prefixes = [
            struct.Struct(">2s" + "".join(_FORMATS[kind] for kind in list(fields.values())[:count]))
            for count in range(len(fields) + 1)
        ]
        self._pack = self._struct.pack
        if tail is None:  # several keys are packed for every command: no wrapper around C
            self.key = partial(self._pack, tag)  # type: ignore[method-assign]  # takes no tail

    def key(self, *integers: int, tail: bytes = b"") -> bytes:
        """The key of one row: all integer fields, and the tail where the table has one."""
        return self._pack(self.tag, *integers) + tail

    def unpack(self, key: bytes) -> tuple[int, ...]:
        """The integer fields of `key`."""
        tag, *integers = self._struct.unpack_from(key)
        if tag != self.tag:
            raise ValueError(f"key {key!r} is not in table {self.tag!r}")
        return tuple(integers)

    def tail_of(self, key: bytes) -> bytes:
        """What follows the integer fields of `key`."""
        return key[self._struct.size :]

    def range(self, *integers: int, tail: bytes = b"") -> tuple[bytes, bytes]:
        """Start and end of all rows that begin with these fields (and this start of the tail)."""
        start = self._prefixes[len(integers)].pack(self.tag, *integers) + tail
        return start, after(start)


def by_tag(*tables: Table[Any]) -> dict[bytes, Table[Any]]:
    """The tables by their tags, each of which is there once."""
    found = {table.tag: table for table in tables}
    if len(found) != len(tables):
        raise ValueError("two tables have the same tag")
    return found


def kept_bytes_of(tables: Mapping[bytes, Table[Any]]) -> dict[bytes, int]:
    """By tag, up to which size written rows stay decoded, where they do."""
    return {tag: table.kept_bytes for tag, table in tables.items() if table.kept_bytes}


def kept_classes_of(tables: Mapping[bytes, Table[Any]]) -> frozenset[type[Any]]:
    """Classes that a row may have that is kept; a deletion is one of them."""
    kept = {table.row_class for table in tables.values() if table.kept_bytes}
    return frozenset({type(None), *kept})


def after(prefix: bytes) -> bytes:
    """The smallest key greater than every key that begins with `prefix`."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1])


def next_key(key: bytes) -> bytes:
    """The smallest key greater than `key`."""
    return key + b"\x00"
