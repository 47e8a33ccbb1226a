"""Definitions as the command line reads them, and the problems it finds in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

import typer

from floruntime.cli.base.terminal import is_terminal
from floruntime.cli.base.values import read_stdin
from floruntime.client.api.workflow.files import DefinitionFile, read_directory, read_file
from floruntime.core.workflow import Problem

STDIN = "-"


def read_sources(paths: Sequence[str]) -> list[DefinitionFile]:
    """Files, directories, standard input. A usage error where there is nothing to read."""
    if list(paths).count(STDIN) > 1:
        raise typer.BadParameter("standard input (-) can be given only once")
    sources = [source for path in paths for source in _read(path)]
    if not sources:
        raise typer.BadParameter(f"there is no *.yaml or *.yml in {', '.join(paths)}")
    return sources


def _read(path: str) -> list[DefinitionFile]:
    if path == STDIN:
        return [DefinitionFile(STDIN, read_stdin())]
    try:
        return read_directory(path) if Path(path).is_dir() else [read_file(path)]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise typer.BadParameter(f"{path!r} cannot be read: {reason}") from None


def rendered(
    problems: Iterable[Problem], sources: Iterable[DefinitionFile], *, to: TextIO | None
) -> str:
    """The problems of each source, the parts in question underlined; colored for a terminal."""
    from floruntime.cli.workflow.problems import render

    found = list(problems)
    texts = []
    for source in sources:
        own = [each for each in found if each.file in (None, source.name)]
        text = source.data.decode("utf-8", "replace")
        texts.append(render(own, text, source.name, is_colored=is_terminal(to)))
    return "\n".join(text for text in texts if text)
