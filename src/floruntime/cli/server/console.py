"""`flo console`: a page on the server, logged in by a code that is good once."""

from __future__ import annotations

import asyncio
import webbrowser

from floruntime.cli.base.errors import Failure
from floruntime.cli.base.output import check_output, complain
from floruntime.cli.base.run import Session
from floruntime.client.link.endpoint import EmbeddedEndpoint, WebEndpoint, parse_endpoints
from floruntime.core import defaults
from floruntime.core.limits import CONSOLE_CODE_MS

HTTPS_PORT, HTTP_PORT = 443, 80


def address_of(endpoint: str, *, is_secure: bool) -> str:
    """Where the console of this endpoint is; of several nodes, that of the first.

    Raises `Failure` where it has none.
    """
    parsed = parse_endpoints(endpoint)
    if isinstance(parsed, EmbeddedEndpoint):
        raise Failure(
            "the console is a page of a running server; give its address with --host HOST:PORT"
        )
    first = parsed if isinstance(parsed, WebEndpoint) else parsed[0]
    is_secure = is_secure or (isinstance(first, WebEndpoint) and first.is_secure)
    host = f"[{first.host}]" if ":" in first.host else first.host
    usual = HTTPS_PORT if is_secure else HTTP_PORT
    port = "" if first.port == usual else f":{first.port}"
    return f"{'https' if is_secure else 'http'}://{host}{port}/"


async def open_console(session: Session, *, is_secure: bool, with_browser: bool) -> None:
    """Ask for a code, and open the page with it, or print the link."""
    address = address_of(session.client.endpoint, is_secure=is_secure)
    check_output()
    new = await session.client.console.code()
    link = f"{address}#code={new.code}"
    if session.client.namespace != defaults.NAMESPACE:
        link += f"&namespace={session.client.namespace}"
    told = {"link": link, "address": address, "expires_at_ms": new.expires_at_ms}
    if with_browser and await asyncio.to_thread(webbrowser.open, link):
        session.out.show({**told, "opened": True}, f"the console is open in a browser: {address}")
        return
    session.out.show({**told, "opened": False}, link)
    if not session.out.is_json:
        complain(f"the link is good once, for {CONSOLE_CODE_MS // 1000} s")
