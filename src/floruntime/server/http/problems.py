"""Errors over HTTP: a status and `application/problem+json`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    FloError,
    ForbiddenError,
    GapError,
    NotFoundError,
    OverloadedError,
    RequestTimeoutError,
    StorageFullError,
    UnauthorizedError,
    UnavailableError,
)
from floruntime.core.workflow import Problem
from floruntime.server.http.messages import PROBLEM, Headers, HttpResponse

STATUS: dict[type[FloError], int] = {
    BadRequestError: 400,
    UnauthorizedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    GapError: 410,
    OverloadedError: 429,
    UnavailableError: 503,
    RequestTimeoutError: 504,
    StorageFullError: 507,
}
"""The status of each error; every other error has 500."""
TOO_LARGE = 413
RETRY_AFTER_S = 1
"""The value of `Retry-After`, where the same request may succeed a little later."""


class HttpRefusal(Exception):
    """A request that HTTP itself refuses, before anything was asked. `code` as for a `FloError`."""

    def __init__(
        self, status: int, message: str, *, code: str = BadRequestError.code, headers: Headers = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


def status_of(error: FloError) -> int:
    """The status of an error; a value or text that is too large has one of its own."""
    if isinstance(error, BadRequestError) and "bytes_max" in error.details:
        return TOO_LARGE
    found = (STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return next(found, 500)


def document_of(error: FloError | HttpRefusal) -> dict[str, Any]:
    """The problem document of an error: its code, whether it ran, its sentence, its details."""
    if isinstance(error, HttpRefusal):
        return _document(error.status, error.code, "no", str(error))
    document = _document(status_of(error), error.code, error.ran, str(error))
    details = error.details
    if isinstance(error, BadRequestError) and error.problems:
        details = {**details, "problems": [_problem(each) for each in error.problems]}
    document |= {name: value for name, value in details.items() if name not in document}
    if error.index is not None:
        document["index"] = error.index
    return document


def _document(status: int, code: str, ran: str, detail: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "code": code,
        "ran": ran,
        "detail": detail,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in problem.__struct_fields__}


def problem_response(error: FloError | HttpRefusal) -> HttpResponse:
    """The answer for an error."""
    document = document_of(error)
    headers: Headers = error.headers if isinstance(error, HttpRefusal) else ()
    if document["status"] == 401:
        headers = (*headers, ("WWW-Authenticate", "Bearer"))
    elif document["status"] in (429, 503):
        headers = (*headers, ("Retry-After", str(RETRY_AFTER_S)))
    return HttpResponse(document["status"], _encode(document), PROBLEM, headers)


def title_of(status: int) -> str:
    """The name of a status."""
    return HTTPStatus(status).phrase


def _encode(document: dict[str, Any]) -> bytes:
    return msgspec.json.encode(document, enc_hook=str)
