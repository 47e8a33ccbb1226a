"""Writes js/vectors/: every request and answer as bytes, which both ends must read and write alike.

python -m scripts.generate_js_vectors

Each message stands there several times, and its fields with the edges of their types in turn. What
a value is in JSON: bytes `{"bytes": HEX}`, an integer that is a `bigint` in JavaScript
`{"big": TEXT}`, a stream id `{"id": TEXT}`, all else itself.
"""

from __future__ import annotations

import itertools
import json
import sys
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from scripts.js_types import BIG_REPLIES, camel, is_big

from floruntime.core import framing, system, wire
from floruntime.core.errors import BY_CODE
from floruntime.core.kv import KvCheck, KvPut
from floruntime.core.queue import QueueAck, QueueEnqueue
from floruntime.core.stream import StreamID
from floruntime.core.types import Request

VECTORS = Path(__file__).resolve().parent.parent / "js" / "vectors"
INT_EDGES = [
    *(0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1, 2**32),
    *(2**53 - 1, -1, -32, -33, -128, -129, -32_768, -32_769, -(2**31), -(2**31) - 1, -(2**53) + 1),
]
BIG_EDGES = [*INT_EDGES, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**53), -(2**63)]
TEXT_EDGES = ["", "a", "ä€😀", "\x00\n", "x" * 31, "x" * 32, "__proto__"]
BYTES_EDGES = [b"", b"\x00", b"{}", b"\xff\xc1\x00", b"bytes"]
LENGTHS = [1, 0, 2]
WIDTHS = [15, 16, 31, 32, 255, 256]
"""Lengths of lists, texts and bytes at which MessagePack changes how it writes them."""
BATCH = [
    KvCheck("key", 2**53 + 1),
    KvPut("key", b"value", ttl_ms=5),
    QueueEnqueue("q", [b"", b"1"]),
]


class Edges:
    """Values of any type, one edge after the other, so that in the end all of them have come."""

    def __init__(self) -> None:
        self._edges: dict[str, Iterator[Any]] = {
            "int": itertools.cycle(INT_EDGES),
            "big": itertools.cycle(BIG_EDGES),
            "text": itertools.cycle(TEXT_EDGES),
            "bytes": itertools.cycle(BYTES_EDGES),
            "bool": itertools.cycle([True, False]),
            "decimal": itertools.cycle([0.5, 0.25, 0.999, 1e-9]),
            "count": itertools.cycle([0, 1, 200, 2**40]),
            "scalar": itertools.cycle(["text", 5, 2**40, -(2**40), 0.5, True, False]),
            "length": itertools.cycle(LENGTHS),
            "absent": itertools.cycle([False, True, False]),
        }

    def of(self, kind: Any, *, big: bool) -> Any:
        """The next value of `kind`."""
        plain = {int: "big" if big else "int", str: "text", bytes: "bytes", bool: "bool"}
        plain[float] = "decimal"
        if kind in plain:
            return next(self._edges[plain[kind]])
        if kind is type(None):
            return None
        if kind == list[system.BatchCommand]:
            return BATCH
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is list:
            return [self.of(arguments[0], big=big) for _ in range(next(self._edges["length"]))]
        if origin is dict:
            edges = self._edges[{str: "text", int: "count"}.get(arguments[1], "scalar")]
            return {key: next(edges) for key in ("name", "ä", "__proto__")}
        if origin in (typing.Union, types.UnionType):
            return None if next(self._edges["absent"]) else self.of(arguments[0], big=big)
        if issubclass(kind, StrEnum):
            return next(iter(kind))
        return self.struct(kind)

    def struct(self, kind: type[Any]) -> Any:
        """A message with an edge in every field."""
        if kind is StreamID:
            return StreamID(*(abs(next(self._edges["big"])) for _ in range(2)))
        fields = msgspec.structs.fields(kind)
        return kind(*(self.of(field.type, big=is_big(field)) for field in fields))


# As JSON


def shown(value: Any, kind: Any, *, big: bool) -> Any:
    """`value` of type `kind` as the vectors write it."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, (bool, float, str)) or value is None:
        return value
    if isinstance(value, int):
        return {"big": str(value)} if big else value
    if isinstance(value, StreamID):
        return {"id": str(value)}
    if kind == list[system.BatchCommand]:
        return [{"name": type(each).__name__, "fields": fields_of(each)} for each in value]
    if isinstance(value, list):
        return [shown(each, _item_of(kind), big=big) for each in value]
    if isinstance(value, dict):
        return {"map": [[name, text] for name, text in value.items()]}
    return fields_of(value)


def _item_of(kind: Any) -> Any:
    arguments = typing.get_args(kind)
    return arguments[0] if arguments else None


def fields_of(message: Any) -> dict[str, Any]:
    """A message's fields by their names in JavaScript."""
    return {
        camel(field.name): shown(getattr(message, field.name), field.type, big=is_big(field))
        for field in msgspec.structs.fields(type(message))
    }


# The files


def requests() -> list[dict[str, Any]]:
    """Requests with edges in their fields, and some of every width."""
    edges = Edges()
    found = []
    for kind in wire.CLIENT_REQUESTS:
        messages = [edges.struct(kind) for _ in range(3 if kind.__struct_fields__ else 1)]
        found += [_request(message) for message in messages]
    found += [_request(KvPut("k" * width, b"v" * width)) for width in WIDTHS]
    found += [_request(QueueAck("q", [0] * width, [width] * width)) for width in WIDTHS]
    return found


def _request(message: Request[Any]) -> dict[str, Any]:
    frame = framing.frame(wire.encode_request(7, "shop", 300, message))
    return {"name": type(message).__name__, "fields": fields_of(message), "frame": frame.hex()}


def answers() -> list[dict[str, Any]]:
    """An answer to every request, several where it has much to say."""
    edges = Edges()
    found = []
    for kind in wire.CLIENT_REQUESTS:
        reply, big = wire.reply_type(kind), kind.__name__ in BIG_REPLIES
        if kind is system.Batch:
            continue  # its answers are those of its commands
        for _ in range(1 if reply in (bool, type(None)) else 3):
            result = edges.of(reply, big=big)
            frame = framing.frame(wire.encode_answer(7, result))
            shown_result = shown(result, reply, big=big)
            found.append({"name": kind.__name__, "result": shown_result, "frame": frame.hex()})
    return found


def errors() -> list[dict[str, Any]]:
    """One refusal of every code."""
    found = []
    for index, (code, kind) in enumerate(sorted(BY_CODE.items())):
        ran: Any = "maybe" if index % 2 else "no"
        place = None if index % 3 else index
        version = BIG_EDGES[-1 - index % 5]
        error = kind(f"refused: {code}", ran=ran, index=place, current_version=version)
        told = {"code": code, "className": kind.__name__, "message": error.message, "ran": ran}
        frame = framing.frame(wire.encode_error(7, error)).hex()
        found.append({**told, "index": place, "currentVersion": str(version), "frame": frame})
    return found


def files() -> dict[Path, str]:
    """Every file of vectors, by its path."""
    parts = {"requests": requests(), "answers": answers(), "errors": errors()}
    return {
        VECTORS / f"{name}.json": "[\n" + ",\n".join(map(_line, vectors)) + "\n]\n"
        for name, vectors in parts.items()
    }


def _line(vector: dict[str, Any]) -> str:
    return json.dumps(vector, ensure_ascii=True, separators=(",", ":"))


def main() -> None:
    """Write what is not current."""
    VECTORS.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"js/vectors/{path.name}: updated", file=sys.stderr)


if __name__ == "__main__":
    main()
