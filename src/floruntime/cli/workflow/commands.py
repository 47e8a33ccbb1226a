"""`flo workflow`: definitions here; runs, schedules and drawings in files of their own."""

from __future__ import annotations

import asyncio
import sys
from difflib import unified_diff
from typing import Annotated

import typer
from msgspec.structs import replace

from floruntime.cli.base.errors import REFUSED, Empty, Failure
from floruntime.cli.base.options import All, Cursor, Limit, examples, group
from floruntime.cli.base.output import (
    Output,
    at,
    cell,
    complain,
    complain_raw,
    rows_of,
    write,
    write_value,
)
from floruntime.cli.base.run import Session, connected, pages, run_session, settings_of
from floruntime.cli.workflow import bulk as workflow_bulk
from floruntime.cli.workflow import control as workflow_control
from floruntime.cli.workflow import graph as workflow_graph
from floruntime.cli.workflow import new as workflow_new
from floruntime.cli.workflow import runs as workflow_runs
from floruntime.cli.workflow import schedules as workflow_schedules
from floruntime.cli.workflow.sources import read_sources, rendered
from floruntime.client.api.workflow.files import DefinitionFile, in_file, naming_files
from floruntime.core import defaults
from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.core.workflow import (
    Problem,
    Severity,
    SyncAction,
    SyncResult,
    WorkflowSync,
    WorkflowSyncPreview,
    WorkflowValidate,
)

app = group("Workflows: steps written in YAML, which continue after any crash.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The workflow.")]
PATHS_HELP = "YAML files, directories (their *.yaml and *.yml), or - for standard input."
AskServer = Annotated[
    bool,
    typer.Option(
        "--ask-server", help="Let the server check, against what is registered there, too."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Paths = Annotated[list[str], typer.Argument(metavar="PATH", help=PATHS_HELP)]


@app.command(
    epilog=examples(
        "flo workflow validate order.yaml",
        "flo workflow validate workflows/",
        "flo workflow validate - --json",
        "flo -n shop workflow validate workflows/ --ask-server",
    )
)
def validate(ctx: typer.Context, paths: Paths, ask_server: AskServer = False) -> None:
    """Check definitions, without a server; the lines that are wrong are shown underlined.

    With --ask-server the server checks them. It also reports actions and workflows that do not
    exist, and versions that it knows with another text. Exit code 3 if there are errors; warnings
    alone are fine.
    """
    sources = read_sources(paths)
    if ask_server:

        async def ask(session: Session) -> None:
            answers = [
                await session.client.call(WorkflowValidate(source.data)) for source in sources
            ]
            _tell_all_checked(session.out, sources, answers)

        asyncio.run(run_session(ask, settings_of(ctx)))
        return
    from floruntime.engine.workflow.language.validation import check

    answers = [check(source.data).problems for source in sources]
    _tell_all_checked(Output(settings_of(ctx).is_json), sources, answers)


def _tell_all_checked(
    out: Output, sources: list[DefinitionFile], answers: list[list[Problem]]
) -> None:
    found: list[Problem] = []
    for source, answer in zip(sources, answers, strict=True):
        problems = [replace(each, file=source.name) for each in answer]
        found += problems
        if not out.is_json:
            _tell_checked(out, source, problems)
    is_valid = not _errors_in(found)
    if out.is_json:
        out.document({"valid": is_valid, "problems": found})
    if not is_valid:
        raise typer.Exit(REFUSED)


def _errors_in(problems: list[Problem]) -> list[Problem]:
    return [each for each in problems if each.severity is Severity.ERROR]


def _tell_checked(out: Output, source: DefinitionFile, problems: list[Problem]) -> None:
    if problems:
        write(rendered(problems, [source], to=sys.stdout).encode())
    if not _errors_in(problems):
        out.show(None, f"{cell(source.name)} is valid")


@app.command(
    epilog=examples(
        "flo workflow sync order.yaml",
        "flo workflow sync workflows/ more/refund.yaml",
        "flo -n shop workflow sync workflows/ --json",
    )
)
@connected
async def sync(session: Session, paths: Paths, dry_run: DryRun = False) -> None:
    """Store definitions on the server, all in one commit or none: created, updated or unchanged.

    Errors are shown underlined, with exit code 3. A changed text needs a new version. With --dry-
    run nothing is stored. Instead, what would be stored is shown, with its difference to the text
    on the server; the exit code is 3 if something would be refused.
    """
    await _sync(session, read_sources(paths), dry_run)


@app.command(epilog=examples("flo workflow create -f order.yaml"))
@connected
async def create(
    session: Session,
    files: Annotated[list[str], typer.Option("--file", "-f", metavar="PATH", help=PATHS_HELP)],
    dry_run: DryRun = False,
) -> None:
    """The same as sync, with its files as options."""
    await _sync(session, read_sources(files), dry_run)


async def _sync(session: Session, sources: list[DefinitionFile], dry_run: bool) -> None:
    names = [source.name for source in sources]
    documents = [source.data for source in sources]
    request = WorkflowSyncPreview(documents) if dry_run else WorkflowSync(documents)
    try:
        answers = await session.client.call(request)
    except BadRequestError as error:
        named = naming_files(error, names)
        if session.out.is_json or not named.problems:
            raise named from None
        complain_raw(rendered(named.problems, sources, to=sys.stderr).rstrip())
        raise Failure(_refusal(named), exit_code=REFUSED) from None
    _show_synced(session.out, sources, list(map(in_file, answers, names)))
    if any(answer.action is SyncAction.REFUSED for answer in answers):
        raise typer.Exit(REFUSED)


def _refusal(error: BadRequestError) -> str:
    count = len(_errors_in(error.problems))
    return f"nothing was synced: {count} error{('s' if count > 1 else '')}"


def _show_synced(out: Output, sources: list[DefinitionFile], results: list[SyncResult]) -> None:
    warnings = [warning for result in results for warning in result.warnings]
    if warnings and not out.is_json:
        complain_raw(rendered(warnings, sources, to=sys.stderr).rstrip())
    out.table(
        results,
        ["workflow", "version", "action", "file"],
        [
            [cell(result.name), cell(result.version), result.action.value, cell(source.name)]
            for result, source in zip(results, sources, strict=True)
        ],
    )
    if not out.is_json:
        for result, source in zip(results, sources, strict=True):
            _show_difference(out, source, result)


def _show_difference(out: Output, source: DefinitionFile, result: SyncResult) -> None:
    """Of a dry run: why a definition would be refused, and what is other than what is there."""
    if result.refusal is not None:
        complain(f"refused: {result.refusal}")
    if result.current is not None:
        lines = unified_diff(
            result.current.splitlines(),
            source.data.decode("utf-8", "replace").splitlines(),
            f"{result.name} on the server",
            source.name,
            lineterm="",
        )
        out.show(None, "\n".join(lines))


@app.command("definitions", epilog=examples("flo workflow definitions --all --json"))
@app.command("list", epilog=examples("flo workflow list", "flo workflow list --all --json"))
@connected
async def list_(
    session: Session, limit: Limit = defaults.PAGE_LIMIT, cursor: Cursor = None, all_: All = False
) -> None:
    """List the workflows of the namespace, each with its current version, by name."""
    page = await pages(
        lambda limit, cursor: session.client.workflow.list_definitions(limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["workflow", "version", "enabled", "synced", "description"],
        rows_of(
            page,
            lambda each: each.name,
            lambda each: each.version,
            lambda each: "yes" if each.enabled else "no",
            lambda each: at(each.created_at_ms),
            lambda each: each.description,
        ),
    )
    if not page:
        raise Empty("no workflows")


@app.command(epilog=examples("flo workflow versions order"))
@connected
async def versions(
    session: Session,
    name: Name,
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
) -> None:
    """List the versions of a workflow that are kept, the last synced first."""
    page = await pages(
        lambda limit, cursor: session.client.workflow.list_versions(
            name, limit=limit, cursor=cursor
        ),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["version", "current", "synced", "description"],
        rows_of(
            page,
            lambda each: each.version,
            lambda each: "yes" if each.current else "",
            lambda each: at(each.created_at_ms),
            lambda each: each.description,
        ),
    )


@app.command(
    epilog=examples("flo workflow get order > order.yaml", "flo workflow get order --version 1")
)
@connected
async def get(
    session: Session,
    name: Name,
    version: Annotated[
        str | None,
        typer.Option(
            "--version", help="The version of the workflow.", show_default="the current one"
        ),
    ] = None,
) -> None:
    """Print a definition's YAML, as it was synced."""
    text = await session.client.workflow.get_definition(name, version=version)
    if text is None:
        of = "" if version is None else f" version {version!r}"
        raise NotFoundError(f"the workflow {name!r}{of} does not exist")
    if session.out.is_json:
        session.out.document({"name": name, "yaml": text})
    else:
        write_value(text)


@app.command(epilog=examples("flo workflow disable order"))
@connected
async def disable(session: Session, name: Name) -> None:
    """Disable a workflow: no call, schedule or trigger starts a run. Runs that exist continue."""
    session.out.show(await session.client.workflow.disable(name), "disabled")


@app.command(epilog=examples("flo workflow enable order"))
@connected
async def enable(session: Session, name: Name) -> None:
    """Enable a workflow: runs can start again."""
    session.out.show(await session.client.workflow.enable(name), "enabled")


@app.command(epilog=examples("flo workflow use order 1.4.0"))
@connected
async def use(
    session: Session,
    name: Name,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A version that was synced.")],
) -> None:
    """Make a version the current one. New runs use it; runs that exist keep theirs."""
    info = await session.client.workflow.use(name, version)
    session.out.show(info, f"{info.name} runs version {info.version}")


app.add_typer(workflow_new.app)
app.add_typer(workflow_runs.app)
app.add_typer(workflow_control.app)
app.add_typer(workflow_bulk.app)
app.add_typer(workflow_graph.app)
app.add_typer(workflow_schedules.app, name="schedules")
