"""The requests of one HTTP connection: who sends them, what they ask, and their answers.

A client that uses the same token again on the same connection is not judged again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

from floruntime.client.api.base.caller import Caller
from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.core.limits import check_read_namespace
from floruntime.core.nearest import nearest
from floruntime.core.trace import HEADER as TRACE_HEADER
from floruntime.core.trace import read_traceparent
from floruntime.server.connections.peer import Door, Peer
from floruntime.server.http.app import HttpApp
from floruntime.server.http.asking import ask_batch, ask_call
from floruntime.server.http.bodies import members_of
from floruntime.server.http.caller import HttpCaller, InNamespace
from floruntime.server.http.calls import LOGIN, NOT_CALLS, SECRETS, HttpCall, calls
from floruntime.server.http.cors import answer_options, cors_headers
from floruntime.server.http.events import follow_for, open_events
from floruntime.server.http.follows import FOLLOWS
from floruntime.server.http.messages import JSON, Answer, Headers, HttpRequest, HttpResponse
from floruntime.server.http.once import HEADER, NUMBER, once_of, open_once
from floruntime.server.http.problems import HttpRefusal
from floruntime.server.http.results import to_json_pieces
from floruntime.server.http.scrape import check_may_scrape, has_metrics_token, scrape
from floruntime.server.http.who import Who, who_sent

GET = "GET, HEAD, OPTIONS"
POST = "POST, OPTIONS"
EVENTS = "GET, OPTIONS"
NO_STORE: Headers = (("Cache-Control", "no-store"),)
NO_NAMESPACE = "default"
"""Calls that belong to no namespace are made in this one, which always exists."""

Ask = Callable[[Caller], Awaitable[Any]]


class HttpVisit:
    """The requests of one connection."""

    def __init__(self, app: HttpApp) -> None:
        self._app = app
        self._server = app.server
        self._caller: HttpCaller | None = None
        self._who: Who | None = None

    def headers_for(self, request: HttpRequest) -> Headers:
        """The headers of every answer to this request."""
        return cors_headers(request, self._server)

    def close(self) -> None:
        """The connection was closed."""
        if self._caller is not None:
            self._caller.close()

    async def answer(self, request: HttpRequest) -> Answer:
        """Answer one request."""
        path = unquote(request.path)
        page = self._app.pages.get(path)
        if page is not None:
            return page(request) if self._is_get(request) else self._other(request, GET)
        if path == "/metrics":
            return await self._scrape(request)
        first, *rest = path.removeprefix("/").split("/")
        if first == "v1":
            return await self._answer_v1(request, rest)
        hint = "; WebSocket is at /ws" if _wants_socket(request) else ""
        raise NotFoundError(f"there is nothing at {path}{hint}")

    async def _scrape(self, request: HttpRequest) -> Answer:
        if not self._is_get(request):
            return self._other(request, GET)
        if not has_metrics_token(request, self._server):
            caller = await self.caller_for(await who_sent(request, self._server), request.peer)
            check_may_scrape(caller.grant)
        return await scrape(self._server, request)

    async def _answer_v1(self, request: HttpRequest, path: list[str]) -> Answer:
        if path == ["openapi.json"]:
            if not self._is_get(request):
                return self._other(request, GET)
            await self.caller_for(await who_sent(request, self._server), request.peer)
            return HttpResponse(200, self._app.openapi(), JSON)
        if len(path) == 1:
            return await self._answer_call(request, None, path[0])
        if len(path) == 2:
            return await self._answer_call(request, path[0], path[1])
        raise NotFoundError("a call is at /v1/NAMESPACE/PRIMITIVE.OPERATION")

    async def _answer_call(self, request: HttpRequest, namespace: str | None, name: str) -> Answer:
        if namespace is not None and name in FOLLOWS:
            return await self._follow(request, namespace, name)
        if namespace is not None and name == "batch":
            return await self._post(request, namespace, name, None)
        call = calls().get(name)
        if call is None:
            raise NotFoundError(_not_there(name))
        if call.has_namespace != (namespace is not None):
            where = f"/v1/{'NAMESPACE/' if call.has_namespace else ''}{name}"
            raise NotFoundError(f"{name} is at {where}")
        return await self._post(request, namespace or NO_NAMESPACE, name, call)

    async def _follow(self, request: HttpRequest, namespace: str, name: str) -> Answer:
        if request.method != "GET":
            return self._other(request, EVENTS)
        who = await who_sent(request, self._server)
        check_read_namespace(namespace)
        follow, place = follow_for(name, request)
        caller = await self.caller_for(who, request.peer)
        return await open_events(self._server, caller, namespace, follow, place)

    async def _post(
        self, request: HttpRequest, namespace: str, name: str, call: HttpCall | None
    ) -> Answer:
        if request.method != "POST":
            return self._other(request, POST)
        who = await who_sent(request, self._server)
        check_read_namespace(namespace)
        members = members_of(request)

        def ask(caller: Caller) -> Awaitable[Any]:
            if call is None:
                return ask_batch(caller, members)
            return ask_call(call, caller, members)

        key = request.headers.get(HEADER)
        traceparent = read_traceparent(request.headers.get(TRACE_HEADER))
        if name == LOGIN and key is None:
            result = await self._log_in(request, ask)
        elif key is None:
            caller = await self.caller_for(who, request.peer)
            result = await ask(InNamespace(caller, namespace, traceparent=traceparent))
        elif name in SECRETS:
            raise BadRequestError(
                f"{name} takes no Idempotency-Key, since its answer is not kept; leave the "
                "header out"
            )
        else:
            result = await self._ask_once(request, who, namespace, name, ask)
        body, *more = await to_json_pieces(result, self._server.long_work)
        return HttpResponse(200, body, JSON, NO_STORE, more)

    async def _ask_once(
        self, request: HttpRequest, who: Who, namespace: str, name: str, ask: Ask
    ) -> Any:
        once = once_of(request.headers[HEADER], namespace, name, request.body)
        traceparent = read_traceparent(request.headers.get(TRACE_HEADER))
        caller = HttpCaller(self._server, request.peer._replace(door=who.door))
        try:
            await caller.greet(who.token, once.session)
            with self._app.under_way.doing(caller.client, once.digest):
                return await ask(
                    InNamespace(
                        caller,
                        namespace,
                        number=NUMBER,
                        before=partial(open_once, caller, once, namespace),
                        traceparent=traceparent,
                    )
                )
        finally:
            caller.close()

    async def _log_in(self, request: HttpRequest, ask: Ask) -> Any:
        """Log in. The caller has no token yet: the server asks for them, and the code decides."""
        caller = HttpCaller(self._server, request.peer._replace(door=Door.EMBEDDED))
        try:
            await caller.greet(None)
            return await ask(InNamespace(caller, NO_NAMESPACE))
        finally:
            caller.close()

    async def caller_for(self, who: Who, peer: Peer) -> HttpCaller:
        """The caller for this sender; the connection's caller for another sender is closed."""
        if self._caller is not None and self._caller.is_open and who == self._who:
            return self._caller
        self.close()
        caller = HttpCaller(self._server, peer._replace(door=who.door))
        self._caller, self._who = caller, who
        await caller.greet(who.token)
        return caller

    def _is_get(self, request: HttpRequest) -> bool:
        return request.method in ("GET", "HEAD")

    def _other(self, request: HttpRequest, allowed: str) -> HttpResponse:
        """Answer a method that the path does not have."""
        if request.method == "OPTIONS":
            return answer_options(request, self._server, allowed)
        raise HttpRefusal(
            405,
            f"{request.method} is not for {request.path}; it takes {allowed}",
            headers=(("Allow", allowed),),
        )


def _not_there(name: str) -> str:
    if name in NOT_CALLS:
        return f"{name} is not a call over HTTP: {NOT_CALLS[name]}"
    near = nearest(name, calls())
    return f"there is no call {name!r}" + (f"; did you mean {near}?" if near else "")


def _wants_socket(request: HttpRequest) -> bool:
    return request.headers.get("upgrade", "").lower() == "websocket"
