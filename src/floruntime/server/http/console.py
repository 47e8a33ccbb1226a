"""The console's files: one page, its script, its styles, as they were built into the package.

They are the same for everybody and hold nothing of the server's: what the page shows it asks for
with a token. Its content policy lets it load nothing from elsewhere and send nothing there.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final, NamedTuple

from floruntime.server.http.messages import TEXT, HttpRequest, HttpResponse
from floruntime.server.http.who import check_host
from floruntime.server.server import FloServer

FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/console/console.js": ("console.js", "text/javascript; charset=utf-8"),
    "/console/console.css": ("console.css", "text/css; charset=utf-8"),
    "/console/console.js.LEGAL.txt": ("console.js.LEGAL.txt", TEXT),
    "/console/icon.svg": ("icon.svg", "image/svg+xml"),
}
NOT_BUILT: Final = (
    "The console is not built here. In a checkout, with Node.js 20 or newer and npm: make console"
)
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # charts and virtual lists place things by style
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


class ConsoleFile(NamedTuple):
    """One file, as it is answered."""

    body: bytes
    content_type: str
    tag: str


class Console:
    """What is served at `/`, read once."""

    def __init__(self, server: FloServer) -> None:
        self._server = server
        self._files: dict[str, ConsoleFile] | None = None

    def page(self, request: HttpRequest) -> HttpResponse:
        """The file at this path, or how to build it."""
        if not self._server.access.needs_token:
            check_host(request, self._server)
        if self._files is None:
            self._files = built_files()
        file = self._files.get(request.path)
        if file is None:
            return HttpResponse(503, f"{NOT_BUILT}\n".encode(), TEXT)
        headers = (*HEADERS, ("ETag", file.tag), ("Cache-Control", "no-cache"))
        if request.headers.get("if-none-match") == file.tag:
            return HttpResponse(304, b"", file.content_type, headers)
        return HttpResponse(200, file.body, file.content_type, headers)


def built_files() -> dict[str, ConsoleFile]:
    """What was built; nothing where the page itself was not."""
    folder = files("floruntime").joinpath("console")
    if not folder.joinpath("index.html").is_file():
        return {}
    found = {}
    for path, (name, content_type) in FILES.items():
        file = folder.joinpath(name)
        if file.is_file():
            body = file.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            found[path] = ConsoleFile(body, content_type, tag)
    return found
