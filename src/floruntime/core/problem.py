"""A problem in the definition of a workflow, as errors and answers report it."""

from __future__ import annotations

from enum import StrEnum

from floruntime.core.value import Value


class Severity(StrEnum):
    """An error prevents the sync of a definition; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Problem(Value, frozen=True):
    """What is wrong with a definition, and where; `line` and `column` count from 1.

    `code` is stable: E1xx structure, E2xx values, E3xx references, E4xx combinations, E5xx paths,
    W6xx warnings. `path` names the place in the document, such as `steps.charge.retry`. `file` is
    the file that `sync_file` or `sync_dir` read it from.
    """

    code: str
    severity: Severity
    message: str
    path: str
    line: int
    column: int
    file: str | None = None
