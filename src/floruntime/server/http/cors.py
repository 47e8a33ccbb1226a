"""CORS: which pages of other origins a browser may let read answers.

Those of `allowed_origins` may. Without tokens, so may those whose WebSocket the server would
accept, such as pages of the visitor's own machine.
"""

from __future__ import annotations

from floruntime.server.http.messages import Headers, HttpRequest, HttpResponse
from floruntime.server.server import FloServer

ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"
EXPOSED_HEADERS = "Retry-After, WWW-Authenticate"
PREFLIGHT_KEPT_S = 600


def cors_headers(request: HttpRequest, server: FloServer) -> Headers:
    """The headers that let a page read an answer, if it may."""
    origin = request.headers.get("origin")
    if origin is None:
        return ()
    vary = ("Vary", "Origin")
    if not _may_read(origin, request, server):
        return (vary,)
    return (
        vary,
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", EXPOSED_HEADERS),
    )


def answer_options(request: HttpRequest, server: FloServer, methods: str) -> HttpResponse:
    """What may be done at a path; to a browser that asks before it sends, also by whom."""
    headers: Headers = (("Allow", methods),)
    origin = request.headers.get("origin")
    if origin is not None and _may_read(origin, request, server):
        headers += (
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", ALLOWED_HEADERS),
            ("Access-Control-Max-Age", str(PREFLIGHT_KEPT_S)),
        )
    return HttpResponse(204, headers=headers)


def _may_read(origin: str, request: HttpRequest, server: FloServer) -> bool:
    if server.is_allowed_origin(origin):
        return True
    is_open = not server.access.needs_token
    return is_open and server.may_connect(origin, request.headers.get("host"))
