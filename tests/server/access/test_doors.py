"""Every call, by each role and by tokens with scopes, is judged alike at every door."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import msgspec
import pytest

from floruntime import FloClient, FloError
from floruntime.core.token import Role
from floruntime.server.http.asking import ask_call
from floruntime.server.http.calls import LOGIN, HttpCall, calls
from floruntime.testing import FloTestServer
from tests.server.http.http_peer import connected
from tests.server.http.test_openapi import CALLS, JSON, Bodies

NAMESPACE = "shop"
Outcome = Callable[[HttpCall, dict[str, Any]], Awaitable[str]]
"""Makes a call, and gives the code of its refusal, or "done"."""


class Holder(NamedTuple):
    """Who asks: a token's role, and its scopes."""

    role: Role
    scopes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return " ".join([self.role, *self.scopes])


HOLDERS = [
    *(Holder(role) for role in Role),
    Holder(Role.WEB, ("read:kv:flag:*", "append:stream:a")),
    Holder(Role.WORKER, ("write:action:a",)),
    Holder(Role.BACKEND, ("write:kv:a", "read:queue:*")),
    Holder(Role.BACKEND, ("group:stream:a", "read:workflow:a")),
]


def _body(call: HttpCall) -> dict[str, Any]:
    """What it must be given, the same each time; nothing waits."""
    path = f"/v1/{{namespace}}/{call.name}" if call.has_namespace else f"/v1/{call.name}"
    schema = CALLS[path]["requestBody"]["content"][JSON]["schema"]
    bodies = Bodies(call.name)
    bodies.random = random.Random(call.name)
    members = {name: bodies._of(schema["properties"][name]) for name in schema["required"]}
    named = {name: "a" for name in ("stream", "queue", "key", "name", "group") if name in members}
    return {**members, **named, **({"block_ms": 0} if "block_ms" in call.fields else {})}


def _over_a_link(client: FloClient) -> Outcome:
    async def outcome(call: HttpCall, body: dict[str, Any]) -> str:
        members: Mapping[str, msgspec.Raw] = {
            name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()
        }
        try:
            await ask_call(call, client.calls, members)
        except FloError as error:
            return error.code
        return "done"

    return outcome


async def _outcomes(holder: Holder, door: str) -> dict[str, str]:
    """What each call comes to, on a server of its own."""
    async with AsyncExitStack() as stack:
        flo = await stack.enter_async_context(FloTestServer())
        first = await stack.enter_async_context(flo.client())
        admin = (await first.tokens.create("admin")).token
        keeper = await stack.enter_async_context(flo.client(token=admin))
        await keeper.stream.append("a", b"x", namespace=NAMESPACE)
        made = await keeper.tokens.create(holder.role, scopes=holder.scopes)
        endpoint = flo.web_endpoint if door == "websocket" else flo.endpoint
        if door == "http":
            peer = await stack.enter_async_context(connected(flo))

            async def outcome(call: HttpCall, body: dict[str, Any]) -> str:
                place = f"{NAMESPACE}/" if call.has_namespace else ""
                authorization = f"Bearer {made.token}"
                path = f"/v1/{place}{call.name}"
                reply = await peer.ask("POST", path, body, Authorization=authorization)
                return "done" if reply.status == 200 else str(reply.json["code"])

            return {name: await outcome(call, _body(call)) for name, call in calls().items()}
        client = FloClient(endpoint, namespace=NAMESPACE, token=made.token)
        outcome_of = _over_a_link(await stack.enter_async_context(client))
        return {name: await outcome_of(call, _body(call)) for name, call in calls().items()}


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: holder.label)
async def test_each_call_is_judged_alike_at_every_door(holder: Holder) -> None:
    tcp = await _outcomes(holder, "tcp")
    web = await _outcomes(holder, "websocket")
    http = await _outcomes(holder, "http")
    for found in (tcp, web, http):
        del found[LOGIN]  # there the code decides, and over HTTP nobody needs a token
    assert web == tcp
    assert http == tcp
    assert len(tcp) > 100
    forbidden = sum(code == "forbidden" for code in tcp.values())
    assert (forbidden == 0) == (holder == Holder(Role.ADMIN))
