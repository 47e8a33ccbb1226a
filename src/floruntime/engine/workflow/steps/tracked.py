"""Reads the signal `plan:EXECUTOR`, which reports the outcome of a call that was `pending`.

A JSON object with a text `outcome` names the outcome, with `output` (default: the whole object) and
`error` beside it. Any other payload is the output of a success.
"""

from __future__ import annotations

from typing import Any

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.engine.state.json_document import dump, load_input
from floruntime.engine.workflow.language.outcomes import PENDING, StepOutcome, succeeded


def outcome_in(data: bytes) -> StepOutcome:
    """The outcome that the signal's payload tells."""
    document = _document_in(data)
    name = document.get("outcome") if isinstance(document, dict) else None
    if not isinstance(name, str) or not _is_outcome(name):
        return succeeded(data)
    output = dump(document["output"]) if "output" in document else data
    error = document.get("error")
    return StepOutcome((name,), output, _as_error(error) if isinstance(error, str) else None)


def _as_error(text: str) -> str:
    """The text as rows and histories can hold it, within the limit of all error texts."""
    data = text.encode(errors="backslashreplace")
    if len(data) > limits.ERROR_TEXT_BYTES_MAX:
        tail = f"… ({len(data)} bytes)".encode()
        return (data[: limits.ERROR_TEXT_BYTES_MAX - len(tail)] + tail).decode(errors="ignore")
    return data.decode()


def _document_in(data: bytes) -> Any:
    try:
        return load_input("data", data)
    except BadRequestError:
        return None


def _is_outcome(name: str) -> bool:
    try:
        limits.check_outcome(name)
    except BadRequestError:
        return False
    return name != PENDING
