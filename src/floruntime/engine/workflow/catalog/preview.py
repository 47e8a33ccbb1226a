"""Calculates what a sync would do, each definition as if those before it were stored already."""

from __future__ import annotations

from msgspec.structs import replace

from floruntime.core.workflow import Problem, SyncAction, SyncResult, WorkflowSyncPreview
from floruntime.engine.state.tx import View
from floruntime.engine.workflow.catalog.sync import all_right, check_all, sync_result, unknown
from floruntime.engine.workflow.catalog.versions import changed_text
from floruntime.engine.workflow.language.content_hash import content_hash
from floruntime.engine.workflow.language.definition import Definition
from floruntime.engine.workflow.runs.rows import DEFINITION_TEXT
from floruntime.engine.workflow.runs.workflows import find_row, find_version, the_definition


class Version:
    """A version that is there, or would be: what it says, and the text that says it."""

    def __init__(self, content: str, text: bytes) -> None:
        self.content = content
        self.text = text


def preview(view: View, request: WorkflowSyncPreview) -> list[SyncResult]:
    """Raises `BadRequestError` where a document is not valid, as the sync would."""
    checked = check_all(view, request.documents)
    would_be: dict[str, dict[str, Version]] = {}
    results = []
    for one, definition, text in zip(checked, all_right(checked), request.documents, strict=True):
        warnings = [*one.problems, *unknown(view, one)]
        taken = would_be.setdefault(definition.name, {})
        results.append(_foreseen(view, definition, text, taken, warnings))
    return results


def _foreseen(
    view: View,
    definition: Definition,
    text: bytes,
    taken: dict[str, Version],
    warnings: list[Problem],
) -> SyncResult:
    new = Version(content_hash(definition), text)
    known = taken.get(definition.version) or _stored(view, definition.name, definition.version)
    if known is None:
        before = next(reversed(taken.values()), None) or _stored(view, definition.name, None)
        taken[definition.version] = new
        action = SyncAction.CREATED if before is None else SyncAction.UPDATED
        return replace(sync_result(definition, action, warnings), current=_text_of(before))
    if known.content == new.content:
        return sync_result(definition, SyncAction.UNCHANGED, warnings)
    refused = sync_result(definition, SyncAction.REFUSED, warnings)
    return replace(refused, refusal=changed_text(definition), current=_text_of(known))


def _stored(view: View, name: str, version: str | None) -> Version | None:
    """The version that is kept; the current one, if none is named."""
    row = find_row(view, name)
    if row is None:
        return None
    number = row.current if version is None else find_version(view, row.id, version)
    if number is None:
        return None
    text = view.get(DEFINITION_TEXT, DEFINITION_TEXT.key(row.id, number)) or b""
    return Version(the_definition(view, row.id, number).content_hash, text)


def _text_of(version: Version | None) -> str | None:
    return None if version is None else version.text.decode(errors="replace")
