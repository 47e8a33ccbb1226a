"""The console's files: one page, its script and its styles, as they were built into the package.

They are the same for everybody and contain no data of the server: the page asks for its data with a
token. The page's content policy lets it load nothing from elsewhere and send nothing there.
"""

from __future__ import annotations

import gzip
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
    compressed: bytes


class Console:
    """What is served at `/`, read once, when it is built."""

    def __init__(self, server: FloServer) -> None:
        self._server = server
        self._files: dict[str, ConsoleFile] = {}

    def page(self, request: HttpRequest) -> HttpResponse:
        """The file at this path, or how to build it."""
        if not self._server.access.needs_token:
            check_host(request, self._server)
        if "/" not in self._files:
            self._files = built_files()
        file = self._files.get(request.path)
        if file is None:
            return HttpResponse(503, f"{NOT_BUILT}\n".encode(), TEXT)
        return _answer(request, file)


def _answer(request: HttpRequest, file: ConsoleFile) -> HttpResponse:
    """The file as this browser takes it: the script is a third as long compressed."""
    may_be_compressed = _takes_gzip(request.headers.get("accept-encoding", ""))
    tag = f'"{file.tag}-gzip"' if may_be_compressed else f'"{file.tag}"'
    common = (*HEADERS, ("ETag", tag), ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding"))
    if request.headers.get("if-none-match") == tag:
        return HttpResponse(304, b"", file.content_type, common)
    if may_be_compressed:
        headers = (*common, ("Content-Encoding", "gzip"))
        return HttpResponse(200, file.compressed, file.content_type, headers)
    return HttpResponse(200, file.body, file.content_type, common)


def _takes_gzip(accepted: str) -> bool:
    """Whether gzip is in the list, with a weight above zero."""
    for each in accepted.split(","):
        coding, _, weight = each.partition(";")
        if coding.strip().lower() == "gzip":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


def built_files() -> dict[str, ConsoleFile]:
    """The files that were built; none if the page itself was not."""
    folder = files("floruntime").joinpath("console")
    if not folder.joinpath("index.html").is_file():
        return {}
    found = {}
    for path, (name, content_type) in FILES.items():
        file = folder.joinpath(name)
        if file.is_file():
            body = file.read_bytes()
            tag = hashlib.sha256(body).hexdigest()[:32]
            found[path] = ConsoleFile(body, content_type, tag, gzip.compress(body, mtime=0))
    return found
