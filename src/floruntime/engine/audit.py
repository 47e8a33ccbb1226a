"""The audit: who changed what, when, and from where, in the same commit as the change.

It is a stream, `_audit`, in the namespace of the change. Changes outside all namespaces are
recorded in `_system`. Nobody else writes this stream. If a person had already made a stream of that
name, it is left alone, and the records go to `_system`, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from floruntime.core import limits
from floruntime.core.cluster import ClusterNoted
from floruntime.core.stream import StreamAppend
from floruntime.core.system import Batch
from floruntime.core.types import Command
from floruntime.core.workflow import SyncResult
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.stream.append import append_to
from floruntime.engine.stream.rows import STREAM, StreamRow, find_stream
from floruntime.engine.system.namespaces import ENGINES_ID, NAMESPACE, ensure_namespace

TEXT_CHARS_MAX = 200
"""A longer text of a command is cut in its record."""
ITEMS_MAX = 20
"""Of a longer list the beginning is in the record."""
_KEY = limits.AUDIT_STREAM.encode()


def record(tx: Tx, note: AuditNote, command: Command[Any], result: Any) -> None:
    """Write down a command that was carried out."""
    is_batch = isinstance(command, Batch)
    asked: list[Any] = command.commands if isinstance(command, Batch) else [command]
    results = result if is_batch else [result]
    payloads = [_written(tx, note, asked[each], results[each]) for each in note.members]
    with tx.within(_place(tx, note.namespace)):
        append_to(tx, _the_audit(tx), StreamAppend(limits.AUDIT_STREAM, payloads))


def note_operation(tx: Tx, command: ClusterNoted) -> None:
    """Its record is all that it leaves."""


def persons_audits(view: View) -> Iterator[str]:
    """The namespaces in which a person had made a stream of that name."""
    for key, row in view.scan(NAMESPACE, *NAMESPACE.range()):
        stream = view.get(STREAM, STREAM.key(row.id, tail=_KEY)) if row.id else None
        if stream is not None and not stream.is_engines:
            yield NAMESPACE.tail_of(key).decode()


def _place(tx: Tx, namespace: str) -> str:
    with tx.within(namespace):
        stream = find_stream(tx, limits.AUDIT_STREAM)
    is_a_persons = stream is not None and not stream.is_engines
    return limits.SYSTEM_NAMESPACE if is_a_persons else namespace


def _the_audit(tx: Tx) -> StreamRow:
    stream = find_stream(tx, limits.AUDIT_STREAM)
    if stream is None:
        owner = ensure_namespace(tx).id
        age_ms, records = limits.AUDIT_AGE_MS, limits.AUDIT_RECORDS_MAX
        stream = StreamRow(ENGINES_ID | owner, 1, age_ms, records, None, is_engines=True)
        tx.put(STREAM, STREAM.key(owner, tail=_KEY), stream)
    return stream


def _written(tx: Tx, note: AuditNote, command: Command[Any], result: Any) -> bytes:
    what, details = type(command).__name__, None
    if isinstance(command, ClusterNoted):  # what an operator did elsewhere
        what, details = command.operation, _shown(command.details)
    said = {
        "at_ms": tx.now_ms,
        "who": note.who,
        "from": note.where,
        "namespace": tx.namespace,
        "what": what,
        "details": _details(command) if details is None else details,
    }
    synced = [each for each in result if isinstance(each, SyncResult)] if _is_list(result) else []
    if synced:
        said["result"] = [f"{each.name} {each.version} {each.action}" for each in synced]
    return msgspec.json.encode(said)


def _is_list(result: Any) -> bool:
    return isinstance(result, list)


def _details(command: Command[Any]) -> dict[str, Any]:
    """The fields that say something; a default does not."""
    fields = msgspec.structs.fields(command)
    return {
        field.name: _shown(value)
        for field in fields
        if (value := getattr(command, field.name)) != field.default and value not in ([], {})
    }


def _shown(value: Any) -> Any:
    """A value as a record has it: payloads by their size, the rest up to a bound."""
    match value:
        case bytes():
            return f"{len(value)} bytes"
        case str():
            return value if len(value) <= TEXT_CHARS_MAX else f"{value[: TEXT_CHARS_MAX - 3]}..."
        case list():
            shown = [_shown(each) for each in value[:ITEMS_MAX]]
            return shown if len(value) <= ITEMS_MAX else [*shown, f"{len(value)} in all"]
        case dict():
            return {
                str(name)[:TEXT_CHARS_MAX]: _shown(value[name]) for name in list(value)[:ITEMS_MAX]
            }
        case bool() | int() | float() | None:
            return value
    return str(value)[:TEXT_CHARS_MAX]
