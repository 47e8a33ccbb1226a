"""`flo workflow graph`: drawings of definitions and of runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from floruntime.cli.base.errors import REFUSED, Failure
from floruntime.cli.base.options import examples, group
from floruntime.cli.base.output import Output, cell, complain_raw, write_text
from floruntime.cli.base.run import Session, connected
from floruntime.cli.workflow.sources import read_sources, rendered
from floruntime.client.api.workflow.files import DefinitionFile
from floruntime.core.errors import NotFoundError
from floruntime.core.workflow import HistoryEvent

if TYPE_CHECKING:
    from floruntime.graph import Graph, Trace

app = group("Drawings of workflows.")

FORMATS = ("text", "mermaid", "svg")


@app.command(
    epilog=examples(
        "flo workflow graph order",
        "flo workflow graph --run wfrun-17",
        "flo workflow graph order --format svg -o order.svg",
        "flo workflow graph --file order.yaml --format mermaid",
    )
)
@connected
async def graph(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="The workflow.", show_default=False),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            metavar="RUN",
            help="Draw this run: its version, and the way it has taken.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            metavar="FILE",
            help="Draw the definition in this file, without a server.",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            "--version", help="The version of the workflow.", show_default="the current one"
        ),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="The format of the drawing.")
    ] = "text",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it.",
            show_default="standard output",
        ),
    ] = None,
) -> None:
    """Draw a definition: its steps, where each outcome leads, and with --run the way of a run.

    Loops, time-outs, plans, children, signals and ends look different. With --json the drawing is a
    field of a JSON document.
    """
    _check(name, run, file, version, format)
    draw = _drawer(format)
    if run is not None:
        drawing = draw(*await _of_run(session, run))
    elif file is not None:
        [source] = read_sources([file])
        drawing = draw(_graph_in(source), None)
    else:
        assert name is not None, "one of the three was given"
        drawing = draw(await _of_definition(session, name, version), None)
    _deliver(session.out, format, drawing, output)


def _check(
    name: str | None, run: str | None, file: str | None, version: str | None, format: str
) -> None:
    if sum(each is not None for each in (name, run, file)) != 1:
        raise typer.BadParameter("give one of: NAME, --run RUN, --file FILE")
    if version is not None and name is None:
        raise typer.BadParameter("--version goes with NAME")
    if format not in FORMATS:
        raise typer.BadParameter(f"--format is {format!r}; it must be one of: {', '.join(FORMATS)}")


def _drawer(format: str) -> Callable[[Graph, Trace | None], str]:
    from floruntime.graph import draw_mermaid, draw_svg, draw_text

    return {"text": draw_text, "mermaid": draw_mermaid, "svg": draw_svg}[format]


def _graph_in(source: DefinitionFile) -> Graph:
    """The graph of a definition's text; shows what is wrong with one that has none."""
    from floruntime.engine.workflow.language.validation import check
    from floruntime.graph import graph_of

    checked = check(source.data)
    if checked.definition is None:
        complain_raw(rendered(checked.problems, [source], to=sys.stderr).rstrip())
        raise Failure(f"{cell(source.name)} is not valid", exit_code=REFUSED, code="bad_request")
    return graph_of(checked.definition)


async def _of_definition(session: Session, name: str, version: str | None) -> Graph:
    text = await session.client.workflow.get_definition(name, version=version)
    if text is None:
        of = "" if version is None else f" version {version!r}"
        raise NotFoundError(f"the workflow {name!r}{of} does not exist")
    return _graph_in(DefinitionFile(name, text))


async def _of_run(session: Session, run_id: str) -> tuple[Graph, Trace]:
    from floruntime.graph import trace_of

    run = await session.client.workflow.status(run_id)
    graph = await _of_definition(session, run.workflow, run.version)
    return graph, trace_of(graph, run, await _all_events(session, run_id))


async def _all_events(session: Session, run_id: str) -> list[HistoryEvent]:
    events: list[HistoryEvent] = []
    cursor: str | None = None
    while True:
        page = await session.client.workflow.history(run_id, limit=1_000, cursor=cursor)
        events += page
        cursor = page.cursor
        if cursor is None:
            return events


def _deliver(out: Output, format: str, drawing: str, output: str | None) -> None:
    if output is not None:
        try:
            Path(output).write_text(drawing, encoding="utf-8")
        except OSError as error:
            raise Failure(f"{output!r} cannot be written: {error.strerror}") from error
    elif out.is_json:
        out.document({"format": format, "drawing": drawing})
    else:
        write_text(drawing)
