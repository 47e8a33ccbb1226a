"""`GET /metrics`: who may see it, and its text."""

from __future__ import annotations

import asyncio
import hmac

from floruntime.core.errors import ForbiddenError
from floruntime.core.token import Role
from floruntime.server.access.grant import Grant
from floruntime.server.http.messages import HttpRequest, HttpResponse
from floruntime.server.http.who import BEARER
from floruntime.server.server import FloServer


def has_metrics_token(request: HttpRequest, server: FloServer) -> bool:
    """Whether a request shows the setting `metrics_token`."""
    wanted = server.config.metrics_token
    shown = request.headers.get("authorization", "")
    is_bearer = shown.lower().startswith(BEARER)
    return (
        bool(wanted)
        and is_bearer
        and hmac.compare_digest(shown[len(BEARER) :].strip().encode(), wanted.encode())
    )


def check_may_scrape(grant: Grant) -> None:
    """Raise `ForbiddenError` if this token may not see the numbers of other namespaces."""
    is_for_all = grant.namespaces is None and grant.scopes is None
    if grant.role is Role.WEB or not is_for_all:
        raise ForbiddenError(
            "/metrics needs the token of the setting metrics_token, or a token for all "
            "namespaces whose role is not web"
        )


async def scrape(server: FloServer, request: HttpRequest) -> HttpResponse:
    """All metrics, in the format that is asked for: OpenMetrics, or Prometheus' own text. The code
    for it is loaded at the first scrape, because many servers never have one.
    """
    from prometheus_client.exposition import choose_encoder

    from floruntime.server.metrics.families import families_now, registry_of

    families = await families_now(server)
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    text: bytes = await asyncio.to_thread(lambda: encode(registry_of(families)))
    return HttpResponse(200, text, content_type, (("Cache-Control", "no-store"),))
