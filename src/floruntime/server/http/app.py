"""What all HTTP connections share: the server, its pages, and the requests under way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from floruntime.server.http.console import FILES, Console
from floruntime.server.http.health import healthz, readyz
from floruntime.server.http.messages import HttpRequest, HttpResponse
from floruntime.server.http.once import UnderWay
from floruntime.server.http.openapi import openapi_document
from floruntime.server.server import FloServer

Page = Callable[[HttpRequest], HttpResponse]


class HttpApp:
    """The state that all HTTP connections of one server share."""

    def __init__(self, server: FloServer) -> None:
        self.server = server
        self.under_way = UnderWay()
        console = Console(server)
        #: The pages that everybody may read, by path.
        self.pages: Mapping[str, Page] = {
            "/healthz": lambda request: healthz(),
            "/readyz": lambda request: readyz(server),
            **dict.fromkeys(FILES, console.page),
        }

    def openapi(self) -> bytes:
        """The description of all calls."""
        return openapi_document()
