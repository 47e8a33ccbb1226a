"""Storing definitions, and looking at them."""

from __future__ import annotations

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.workflow import (
    DefinitionInfo,
    DefinitionListReply,
    DefinitionVersion,
    DefinitionVersionListReply,
    Problem,
    Severity,
    SyncAction,
    SyncResult,
    WorkflowEnable,
    WorkflowGetDefinition,
    WorkflowListDefinitions,
    WorkflowListVersions,
    WorkflowSync,
    WorkflowUse,
    WorkflowValidate,
)
from floruntime.engine.action.rows import find_action_row
from floruntime.engine.state.pages import page_by_key, page_by_name
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.catalog import schedules, triggers
from floruntime.engine.workflow.catalog.versions import changed_text, take_over, use
from floruntime.engine.workflow.language.definition import Definition, Target, TargetKind, target_of
from floruntime.engine.workflow.language.validation import Checked, check, content_hash
from floruntime.engine.workflow.runs.rows import (
    DEFINITION,
    DEFINITION_TEXT,
    WORKFLOW,
    DefinitionRow,
    WorkflowRow,
)
from floruntime.engine.workflow.runs.workflows import (
    find_row,
    find_version,
    the_definition,
    the_workflow,
    unknown_workflow,
)


def sync(tx: Tx, request: WorkflowSync) -> list[SyncResult]:
    """Take all of them over, or none."""
    checked = check_all(tx, request.documents)
    definitions = all_right(checked)
    actions = [
        take_over(tx, definition, content_hash(definition), text)
        for definition, text in zip(definitions, request.documents, strict=True)
    ]
    return [
        sync_result(definition, action, [*one.problems, *unknown(tx, one)])
        for definition, action, one in zip(definitions, actions, checked, strict=True)
    ]


def check_all(view: View, documents: list[bytes]) -> list[Checked]:
    """Check the documents of one sync."""
    limits.check_many("documents", len(documents))
    size_bytes = sum(map(len, documents))
    if size_bytes > limits.SYNC_BYTES_MAX:
        raise BadRequestError(
            f"documents have {size_bytes} bytes together; at most {limits.SYNC_BYTES_MAX} are "
            "allowed in one sync",
            bytes_max=limits.SYNC_BYTES_MAX,
        )
    return [_checked(view, document, index) for index, document in enumerate(documents)]


def sync_result(definition: Definition, action: SyncAction, warnings: list[Problem]) -> SyncResult:
    """What is told of one definition."""
    about = definition.description or ""
    return SyncResult(definition.name, definition.version, action, warnings, about)


def _checked(view: View, document: bytes, index: int = 0) -> Checked:
    try:
        limits.check_value("the definition", document, view.value_bytes_max)
    except BadRequestError as error:
        error.details["documents"] = [index]
        raise
    return check(document)


def all_right(checked: list[Checked]) -> list[Definition]:
    """The definitions. Raises `BadRequestError` with the problems of all that have errors."""
    wrong = [
        (index, problem)
        for index, one in enumerate(checked)
        if one.definition is None
        for problem in one.problems
    ]
    if wrong:
        errors = [problem for _, problem in wrong if problem.severity is Severity.ERROR]
        raise BadRequestError(
            _summary(errors),
            problems=[problem for _, problem in wrong],
            documents=[index for index, _ in wrong],
        )
    return [one.definition for one in checked if one.definition is not None]


def _summary(errors: list[Problem]) -> str:
    first = errors[0]
    text = f"line {first.line}, column {first.column}: {first.message} [{first.code}]"
    more = len(errors) - 1
    return text if not more else f"{text} (and {more} more error{'s' if more > 1 else ''})"


def validate(view: View, request: WorkflowValidate) -> list[Problem]:
    checked = _checked(view, request.document)
    return [*checked.problems, *_known_otherwise(view, checked), *unknown(view, checked)]


def _known_otherwise(view: View, checked: Checked) -> list[Problem]:
    """That a sync would refuse the text, since its version is known with another content."""
    definition = checked.definition
    row = None if definition is None else find_row(view, definition.name)
    if definition is None or row is None:
        return []
    known = find_version(view, row.id, definition.version)
    if known is None or the_definition(view, row.id, known).content_hash == content_hash(
        definition
    ):
        return []
    line, column = checked.version_place
    return [Problem("E306", Severity.ERROR, changed_text(definition), "version", line, column)]


def unknown(view: View, checked: Checked) -> list[Problem]:
    """Warnings about what the definition runs and the namespace does not have yet."""
    problems = []
    for place in checked.target_places:
        target = target_of(place.target)
        if target is None:
            continue
        if target.kind is TargetKind.ACTION and find_action_row(view, target.name) is None:
            code, what = "W601", f"action {target.name!r} is not registered yet"
        elif target.kind is TargetKind.WORKFLOW and not _is_known(view, target):
            code, what = "W602", f"workflow {target.name!r} does not exist yet"
        else:
            continue
        problems.append(Problem(code, Severity.WARNING, what, place.path, place.line, place.column))
    return problems


def _is_known(view: View, target: Target) -> bool:
    """Whether there is the workflow; its version may come later."""
    return any(find_row(view, name) is not None for name, _ in target.readings())


# Looking


def get_definition(view: View, request: WorkflowGetDefinition) -> bytes | None:
    row = find_row(view, request.name)
    if row is None:
        return None
    number: int | None = row.current
    if request.version is not None:
        number = find_version(view, row.id, request.version)
    if number is None:
        return None
    return view.get(DEFINITION_TEXT, DEFINITION_TEXT.key(row.id, number))


def list_definitions(view: View, request: WorkflowListDefinitions) -> DefinitionListReply:
    def shown(name: str, row: WorkflowRow) -> DefinitionInfo:
        return _info(view, name, row)

    owner = namespace_id(view)
    return DefinitionListReply(
        *page_by_name(view, "workflows", WORKFLOW, owner, request, shown, primitive="workflow")
    )


def list_versions(view: View, request: WorkflowListVersions) -> DefinitionVersionListReply:
    workflow = find_row(view, request.name)
    if workflow is None:
        raise unknown_workflow(request.name)

    def told(key: bytes, row: DefinitionRow) -> DefinitionVersion:
        is_current = DEFINITION.unpack(key)[1] == workflow.current
        return DefinitionVersion(
            row.version, row.created_at_ms, is_current, row.definition.description
        )

    return DefinitionVersionListReply(
        *page_by_key(view, "versions", DEFINITION, workflow.id, request, told, newest_first=True)
    )


def _info(view: View, name: str, row: WorkflowRow) -> DefinitionInfo:
    current = the_definition(view, row.id, row.current)
    return DefinitionInfo(
        name,
        current.version,
        row.enabled,
        current.created_at_ms,
        current.definition.description,
    )


def use_version(tx: Tx, request: WorkflowUse) -> DefinitionInfo:
    """Runs that are under way stay on the version that they began with."""
    workflow = the_workflow(tx, request.name)
    use(workflow, request.version)
    return _info(tx, workflow.name, workflow.row)


def enable(tx: Tx, request: WorkflowEnable) -> DefinitionInfo:
    """While it is disabled, nothing starts runs of it; those it has go on."""
    workflow = the_workflow(tx, request.name)
    if workflow.row.enabled != request.enabled:

        def change(row: WorkflowRow) -> None:
            row.enabled, row.updated_at_ms = request.enabled, tx.now_ms

        workflow.change(change)
        schedules.workflow_enabled(workflow)
        triggers.workflow_enabled(workflow)
    return _info(tx, workflow.name, workflow.row)
