"""Workflow definitions in files: reading them, and naming the file of each problem."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from floruntime.core.errors import BadRequestError
from floruntime.core.workflow import Problem, Severity, SyncResult

SUFFIXES = (".yaml", ".yml")


class DefinitionFile(NamedTuple):
    """A file that was read; `name` is its path as the caller wrote it."""

    name: str
    data: bytes


def read_file(path: str | PathLike[str]) -> DefinitionFile:
    """Read one file, whatever its name is."""
    return DefinitionFile(str(path), Path(path).read_bytes())


def read_directory(path: str | PathLike[str]) -> list[DefinitionFile]:
    """Read all `*.yaml` and `*.yml` of a directory, by name.

    Hidden files and subdirectories are left out.
    """
    files = [
        each
        for each in Path(path).iterdir()
        if each.suffix in SUFFIXES and each.name[0] != "." and each.is_file()
    ]
    return [read_file(each) for each in sorted(files)]


def in_file(result: SyncResult, name: str) -> SyncResult:
    """Return the result, with the file's name in its warnings."""
    return replace(result, warnings=[replace(each, file=name) for each in result.warnings])


def naming_files(error: BadRequestError, names: Sequence[str]) -> BadRequestError:
    """Return the refusal of a sync, with file names in its problems and its message."""
    documents = error.details.get("documents", [])
    problems = [
        replace(problem, file=names[document])
        for problem, document in zip(error.problems, documents, strict=False)
    ]
    guilty = _first_error(problems) or (names[documents[0]] if documents else None)
    message = error.message if guilty is None else f"{guilty}: {error.message}"
    return BadRequestError(message, ran=error.ran, **{**error.details, "problems": problems})


def _first_error(problems: list[Problem]) -> str | None:
    errors = (each.file for each in problems if each.severity is Severity.ERROR)
    return next(errors, None)
