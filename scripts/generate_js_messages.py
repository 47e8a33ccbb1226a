"""Writes the messages, limits and error codes of the JavaScript packages from the Python ones.

python -m scripts.generate_js_messages
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from scripts.js_types import (
    BIG_REPLIES,
    camel,
    comment,
    default_of,
    inner_types,
    is_big,
    written,
)

from floruntime.core import errors, limits, wire
from floruntime.core.older import FIRST_FIELDS
from floruntime.core.stream import StreamID
from floruntime.core.types import Command, Query, Request
from floruntime.core.workflow import Problem, Severity

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "js" / "packages" / "core" / "src"
HEAD = """\
// Generated from the types of `floruntime.core` by scripts/generate_js_messages.py; do not edit.

"""
SAFE_INTEGER_MAX = 2**53 - 1
METHODS = {
    **{name: f"{name}Methods" for name in ("Message", "StreamRecord", "AppendResult", "Task")},
    **{name: f"{name}Methods" for name in ("VersionEntry", "StreamInfo", "ActionInfo")},
    **{name: f"{name}Methods" for name in ("DequeueResult", "ReadResult", "ScanResult")},
    "ActionRun": "ActionRunMethods",
    "KvEntry": "ValueCarrier",
    "KvChange": "ValueCarrier",
}
"""The classes of result-methods.ts whose methods a result has, by its name."""


def messages() -> str:
    """The text of messages.generated.ts."""
    parts = [_IMPORTS, *map(_enum, _enums()), *map(_value, _values())]
    parts += map(_request, wire.CLIENT_REQUESTS)
    names = "".join(f"  {kind.__name__},\n" for kind in wire.CLIENT_REQUESTS)
    parts.append(
        "/** Everything that a client can ask, in the order of the protocol's page. */\n"
        f"export const ALL_REQUESTS: readonly AnyRequestKind[] = [\n{names}];\n"
    )
    return HEAD + "\n".join(parts)


_IMPORTS = """\
import { type Problem, Severity } from "../base/problem.generated.js";
import type { AnyRequestKind, Request, RequestKind } from "./request.js";
import { commands, requestKind } from "./request.js";
import { ActionInfoMethods, ActionRunMethods, AppendResultMethods } from "./result-methods.js";
import { DequeueResultMethods, ReadResultMethods, ScanResultMethods } from "./result-methods.js";
import { MessageMethods, StreamInfoMethods, StreamRecordMethods } from "./result-methods.js";
import { TaskMethods, ValueCarrier, VersionEntryMethods } from "./result-methods.js";
import { any, big, bool, bytes, bytesOf, choice, counts, decimal } from "../base/schema.js";
import { int, list, nil } from "../base/schema.js";
import { hasMore, type Integer, NO_BYTES, nullable, type Scalar } from "../base/schema.js";
import { scalars, struct, type StructSchema, text, texts } from "../base/schema.js";
import { type StreamID, streamId } from "./stream-id.js";

export { type Problem, Severity };
"""


def problems() -> str:
    """The text of problem.generated.ts: errors carry problems, and know nothing of schemas."""
    return HEAD + _enum(Severity) + "\n" + _interface(Problem)


# What stands in messages


def _reached(kinds: Iterable[Any]) -> list[Any]:
    """All structs and enums that these types lead to, what is inside before what holds it."""
    found: dict[Any, None] = {}
    for kind in kinds:
        for each in inner_types(kind):
            if each in found:
                continue
            if issubclass(each, msgspec.Struct):
                fields = [field.type for field in msgspec.structs.fields(each)]
                found |= dict.fromkeys(_reached(fields))
            found[each] = None
    return list(found)


def _all_types() -> list[Any]:
    """The structs and enums of every message that a client sends or gets."""
    kinds = []
    for request in wire.CLIENT_REQUESTS:
        kinds += [field.type for field in msgspec.structs.fields(request)]
        kinds.append(wire.reply_type(request))
    return _reached(kinds)


def _enums() -> list[type[StrEnum]]:
    enums = [kind for kind in _all_types() if issubclass(kind, StrEnum)]
    return [kind for kind in enums if kind is not Severity]


def _values() -> list[type[msgspec.Struct]]:
    structs = [kind for kind in _all_types() if issubclass(kind, msgspec.Struct)]
    return [kind for kind in structs if kind is not StreamID]


def _enum(kind: type[StrEnum]) -> str:
    members = "".join(
        f'  {camel(member.name.lower())[:1].upper()}{camel(member.name.lower())[1:]}: "{member}",\n'
        for member in kind
    )
    name = kind.__name__
    return (
        f"{comment(kind)}export const {name} = {{\n{members}}} as const;\n"
        f"export type {name} = (typeof {name})[keyof typeof {name}];\n"
    )


def _value(kind: type[msgspec.Struct]) -> str:
    return ("" if kind is Problem else _interface(kind)) + _schema(kind)


def _is_paged(kind: type[msgspec.Struct]) -> bool:
    return isinstance(getattr(kind, "has_more", None), property)


def _interface(kind: type[msgspec.Struct]) -> str:
    fields = msgspec.structs.fields(kind)
    members = [f"  readonly {camel(field.name)}: {_output(field)};\n" for field in fields]
    if _is_paged(kind):
        members.append("  /** Whether a further page follows; ask for it with `cursor`. */\n")
        members.append("  readonly hasMore: boolean;\n")
    methods = METHODS.get(kind.__name__)
    extends = f" extends {methods}" if methods else ""
    return f"{comment(kind)}export interface {kind.__name__}{extends} {{\n{''.join(members)}}}\n"


def _schema(kind: type[msgspec.Struct]) -> str:
    name = kind.__name__
    methods = METHODS.get(name)
    beyond = ["add: hasMore"] if _is_paged(kind) else []
    beyond += [f"methods: {methods}"] if methods else []
    options = f", {{ {', '.join(beyond)} }}" if beyond else ""
    return (
        f'export const {name}Schema: StructSchema<{name}> = struct("{name}", [\n'
        f"{_field_lines(msgspec.structs.fields(kind))}]{options});\n"
    )


def _output(field: msgspec.structs.FieldInfo) -> str:
    return written(field.type, big=is_big(field)).typescript


def _field_lines(fields: Iterable[msgspec.structs.FieldInfo]) -> str:
    return "".join(f"  {_field(field)},\n" for field in fields)


def _field(field: msgspec.structs.FieldInfo) -> str:
    schema = written(field.type, big=is_big(field)).schema
    default = "" if field.required else f", {default_of(field)}"
    return f'["{camel(field.name)}", {schema}{default}]'


def _request(kind: type[Request[Any]]) -> str:
    name, fields = kind.__name__, msgspec.structs.fields(kind)
    reply = written(wire.reply_type(kind), big=name in BIG_REPLIES)
    members = "".join(
        f"  readonly {camel(field.name)}{'' if field.required else '?'}: {_input(field)};\n"
        for field in fields
    )
    head = f"{comment(kind)}export interface {name} {{{_braced(members)}}}\n"
    lines = _field_lines(fields)
    listed = f"[\n{lines}]" if lines else "[]"
    return head + (
        f"export const {name}: RequestKind<{name}, {reply.typescript}> = requestKind(\n"
        f'  "{name}", {_tag(kind)}, "{_role(kind)}", {listed}, {reply.schema}{_known(kind)},\n);\n'
    )


def _known(kind: type[Request[Any]]) -> str:
    return f", {FIRST_FIELDS[kind]}" if kind in FIRST_FIELDS else ""


def _braced(members: str) -> str:
    return f"\n{members}" if members else ""


def _input(field: msgspec.structs.FieldInfo) -> str:
    kind = written(field.type, big=is_big(field), is_input=True).typescript
    return kind if field.required else f"{kind} | undefined"


def _tag(kind: type[Request[Any]]) -> int:
    tag = kind.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


def _role(kind: type[Request[Any]]) -> str:
    if issubclass(kind, Command):
        return "command"
    return "query" if issubclass(kind, Query) else "other"


# Limits and errors


def numbers() -> str:
    """The text of limits.generated.ts."""
    named = {
        name: value
        for name, value in vars(limits).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, int)
    }
    lines = [f"export const {name} = {_number(value)};\n" for name, value in named.items()]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return (
        f"{HEAD}/** The version of these packages, and of the server that they came with. */\n"
        f'export const VERSION = "{version}";\n\n{"".join(lines)}'
    )


def _number(value: int) -> str:
    return str(value) if abs(value) <= SAFE_INTEGER_MAX else f"{value}n"


def error_codes() -> str:
    """The text of error-codes.generated.ts."""
    lines = [f'  {code}: "{kind.__name__}",\n' for code, kind in sorted(errors.BY_CODE.items())]
    return (
        f"{HEAD}/** The classes of errors, by the code that travels. */\n"
        f"export const ERROR_CODES = {{\n{''.join(lines)}}} as const;\n"
    )


def files() -> dict[Path, str]:
    """Every generated source, by its path."""
    return {
        SOURCES / "wire" / "messages.generated.ts": messages(),
        SOURCES / "base" / "limits.generated.ts": numbers(),
        SOURCES / "base" / "problem.generated.ts": problems(),
        SOURCES / "base" / "error-codes.generated.ts": error_codes(),
    }


def main() -> None:
    """Write what is not current."""
    for path, text in files().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"{path.relative_to(ROOT)}: updated", file=sys.stderr)


if __name__ == "__main__":
    main()
