"""Health checks: whether the process works, and whether it takes work."""

from __future__ import annotations

from floruntime.server.http.messages import HttpResponse, text_response
from floruntime.server.server import FloServer


def healthz() -> HttpResponse:
    """The event loop turns, or nobody would say this."""
    return text_response(200, "ok\n")


def readyz(server: FloServer) -> HttpResponse:
    """Whether work is taken; else the reasons, one a line."""
    reasons = server.reasons_not_ready()
    if reasons:
        return text_response(503, "".join(f"{reason}\n" for reason in reasons))
    return text_response(200, "ready\n")
