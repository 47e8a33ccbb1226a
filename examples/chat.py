"""`make chat`: a page that chats, beside a running server. Or: python -m examples.chat HOST:PORT

The page itself lies in js/examples/chat. All that happens here: it is built where it must be, the
flag that it shows gets a first value, and its files are served on loopback.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from scripts import javascript

from floruntime import ConflictError, ConnectionFailedError, FloClient

HOME = "localhost:9000"
PAGE_PORT = 8000
NAMESPACE = "chat"
FLAG = "flag:accent"
FIRST_ACCENT = "violet"
BUILT = javascript.JS / "packages" / "web" / "dist" / "floruntime-web.js"
"""What a build makes last."""
SOURCES = ("packages/*/src/*.ts", "examples/chat/*.ts")


def build_if_stale() -> None:
    """Build the page and the package it stands on, unless they are newer than their sources."""
    newest = max(file.stat().st_mtime for each in SOURCES for file in javascript.JS.glob(each))
    if not BUILT.exists() or BUILT.stat().st_mtime < newest:
        print("Building the page (npm) …", flush=True)
        javascript.build()


async def first_flag(endpoint: str) -> None:
    """Give the flag a value, unless it has one."""
    async with FloClient(endpoint, namespace=NAMESPACE) as client:
        with suppress(ConflictError):
            await client.kv.put(FLAG, FIRST_ACCENT, if_not_exists=True)


class Files(SimpleHTTPRequestHandler):
    """Files as they are at this moment, and no word about each of them."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def listening() -> ThreadingHTTPServer:
    """A web server of js/ on port 8000 of loopback, or on another one where that is taken."""
    files = partial(Files, directory=str(javascript.JS))
    try:
        return ThreadingHTTPServer(("127.0.0.1", PAGE_PORT), files)
    except OSError:
        return ThreadingHTTPServer(("127.0.0.1", 0), files)


@contextmanager
def serving(endpoint: str) -> Iterator[str]:
    """Serve the page of the server at `endpoint`; its address."""
    with listening() as web:
        thread = threading.Thread(target=web.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{web.server_port}/examples/chat/?server={endpoint}"
        finally:
            web.shutdown()
            thread.join()


def main() -> None:
    """Serve the page until Ctrl-C."""
    endpoint = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("FLO_HOST", HOME)
    if missing := javascript.node_is_missing():
        raise SystemExit(missing)
    build_if_stale()
    try:
        asyncio.run(first_flag(endpoint))
    except ConnectionFailedError as error:
        raise SystemExit(f"{error}\nStart a server first: make run") from None
    with serving(endpoint) as url:
        print(f"A chat, to be opened in two tabs: {url}\nCtrl-C ends it.", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
