"""Each role against each operation, over both transports, whatever bytes are sent."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from floruntime.core import stream, wire, workflow
from floruntime.core.errors import FloError, ForbiddenError
from floruntime.core.kv import KvGet, KvPut
from floruntime.core.operation_names import operation_of
from floruntime.core.queue import QueuePurge
from floruntime.core.stream import StreamAppend, StreamTrim
from floruntime.core.system import Batch, BatchCommand
from floruntime.core.token import Role
from floruntime.core.types import Request
from floruntime.server.access.roles import (
    _BY_ROLE,
    _GROUPS,
    _SIGNED,
    GROUP_USES,
    LOWEST,
    NO_NAMESPACE,
    free_for,
    may,
)
from floruntime.server.connections.peer import EMBEDDED
from tests.server.connections.web_peer import WebPeer
from tests.server.wire_client import Rig

Kind = type[Request[Any]]
RANK = list(Role)

WEB = {
    *("Hello", "Ping", "SessionOpen", "OnceOpen", "CancelWait"),
    *("WhoAmI", "ConsoleOpen", "ConsoleLogin", "ConsoleLogout"),
    *("StreamAppend", "StreamRead"),
    *("GroupCreate", "GroupJoin", "GroupLeave", "GroupDelete", "GroupSeek"),
    *("GroupGetInfo", "GroupList", "GroupRead", "GroupAck", "GroupNack", "GroupTouch"),
    *("GroupPending", "GroupDead", "GroupClaim"),
    *("KvGet", "KvGetEntry", "KvScan", "KvHistory", "KvExists", "KvMget"),
}
"""All that the role `web` may ask: what `floruntime.web.FloClient` has, and a connection needs."""

ADMIN = {
    *("Backup", "NamespaceCreate", "NamespaceList", "NamespaceConfigure", "NamespaceDelete"),
    *("TokenCreate", "TokenList", "TokenRevoke"),
    *("ClusterStatus", "ClusterMove", "ClusterDrain", "ClusterForget", "ClusterImport"),
    "ClusterRecover",
}
"""What nobody else may."""


def sample(kind: Any) -> Any:
    """Some value of a type; of a request one that may be refused, but not for its form."""
    plain: dict[Any, Any] = {str: "x", int: 1, bytes: b"x", bool: False, float: 1.0}
    if kind in plain:
        return plain[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (list, dict):
        return origin()
    if origin in (typing.Union, types.UnionType):
        return sample(arguments[0])
    if issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        return kind(*(sample(field.type) for field in fields if field.required))
    return next(iter(kind))


REQUESTS: list[Request[Any]] = [sample(kind) for kind in wire.CLIENT_REQUESTS]


# The table


def test_every_request_has_a_lowest_role() -> None:
    missing = [kind.__name__ for kind in wire.CLIENT_REQUESTS if kind not in LOWEST]
    assert not missing, (
        f"add to src/floruntime/server/access/roles.py, under the lowest role that may: {missing}"
    )
    assert set(LOWEST) == set(wire.CLIENT_REQUESTS), "it names what no client can ask"


def test_no_request_stands_in_two_places() -> None:
    """The later one would count, and might be the higher or the lower."""
    named = [kind for kinds in _BY_ROLE.values() for kind in kinds]
    assert len(named) == len(set(named)) == len(LOWEST)


def test_what_a_page_and_what_an_admin_alone_may() -> None:
    by_role = {
        role: {kind.__name__ for kind, lowest in LOWEST.items() if lowest is role} for role in Role
    }
    assert by_role[Role.WEB] == WEB
    assert by_role[Role.ADMIN] == ADMIN


def test_who_acts_on_no_namespace() -> None:
    assert {kind.__name__ for kind in NO_NAMESPACE} == {
        *("Hello", "Ping", "SessionOpen", "OnceOpen", "CancelWait", "GetServerInfo"),
        *("TokenMint", "WhoAmI", "ConsoleOpen", "ConsoleLogin", "ConsoleLogout"),
        *ADMIN,
    }


def test_a_request_without_a_place_is_for_admins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(cast(Any, LOWEST), KvGet)
    assert [may(role, KvGet) for role in Role] == [False, False, False, True]


def test_what_is_free_needs_no_closer_look() -> None:
    looked_at = {Batch} | GROUP_USES
    assert {kind.__name__ for kind in looked_at} >= {"GroupRead", "GroupSeek", "GroupConfigure"}
    rest = set(wire.CLIENT_REQUESTS) - looked_at - _SIGNED
    assert {kind.__name__ for kind in _SIGNED} == {"ConsoleOpen", "ConsoleLogout"}
    assert free_for(Role.ADMIN, False) == rest
    assert free_for(Role.BACKEND, False) == rest - {
        kind for kind, lowest in LOWEST.items() if lowest is Role.ADMIN
    }
    assert Batch not in free_for(Role.WORKER, False)
    groups = {kind.__name__ for kind in _GROUPS}
    signed = {kind.__name__ for kind in _SIGNED}
    free_for_web = {kind.__name__ for kind in free_for(Role.WEB, False)}
    assert free_for_web == WEB - groups - signed - {"StreamRead"}
    without_place = {kind for kind in NO_NAMESPACE if LOWEST[kind] is not Role.ADMIN}
    assert free_for(Role.BACKEND, True) == without_place - _SIGNED


# Enforced


class Asker:
    """Asks over one transport: a request in, its refusal or `None` out."""

    def __init__(self, rig: Rig, ask: Callable[[Request[Any], str, int], None], peer: Any) -> None:
        self._rig = rig
        self._ask = ask
        self._peer = peer
        self._last_id = 100

    async def refusal(
        self, request: Request[Any], *, namespace: str = "default"
    ) -> FloError | None:
        self._last_id += 1
        self._ask(request, namespace, self._last_id)
        backups = list(self._rig.server._answering)
        for backup in backups:
            await backup
        await self._rig.settle()
        if isinstance(self._peer, WebPeer):
            self._peer.take()
            [answer] = [each for each in self._peer.answers if each.id == self._last_id]
        else:
            answer = self._peer.answer(self._last_id)
        return None if answer.error is None else wire.raised(answer.error)


def over_tcp(rig: Rig, token: str) -> Asker:
    client = rig.client("me", token=token)

    def ask(request: Request[Any], namespace: str, id: int) -> None:
        client.send(request, id=id, namespace=namespace)

    return Asker(rig, ask, client)


def over_websocket(rig: Rig, token: str) -> Asker:
    peer = WebPeer(rig)
    peer.greet("me", token)

    def ask(request: Request[Any], namespace: str, id: int) -> None:
        peer.send(request, id, namespace=namespace)

    return Asker(rig, ask, peer)


TRANSPORTS = [over_tcp, over_websocket]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("role", Role)
async def test_each_role_against_each_operation(
    role: Role, transport: Callable[[Rig, str], Asker]
) -> None:
    async with Rig() as rig:
        asker = transport(rig, await rig.token(role))
        for request in REQUESTS:
            kind = type(request)
            commands = rig.server.commit.commands_total
            error = await asker.refusal(request)
            is_forbidden = isinstance(error, ForbiddenError)
            expected = RANK.index(role) < RANK.index(LOWEST[kind])
            assert is_forbidden == expected, f"{kind.__name__} for {role}: {error!r}"
            if error is not None and is_forbidden:
                assert error.ran == "no"
                assert operation_of(kind) in error.message
                assert role in error.message
                assert LOWEST[kind] in error.message
                assert rig.server.commit.commands_total == commands, "nothing ran"
        assert rig.server.load.held_bytes == 0


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("role", Role)
async def test_each_role_against_each_member_of_a_batch(
    role: Role, transport: Callable[[Rig, str], Asker]
) -> None:
    async with Rig() as rig:
        asker = transport(rig, await rig.token(role))
        for kind in typing.get_args(BatchCommand):
            batch = Batch([KvPut("k", b"v"), sample(kind)])
            error = await asker.refusal(batch)
            is_forbidden = isinstance(error, ForbiddenError)
            expected = role is Role.WEB or RANK.index(role) < RANK.index(LOWEST[kind])
            assert is_forbidden == expected, f"{kind.__name__} for {role}: {error!r}"
            if error is not None and is_forbidden and role is not Role.WEB:
                assert error.index == 1
                assert operation_of(kind) in error.message
        if role is Role.WEB:
            assert await reader(rig).refusal(KvGet("k")) is None
            assert rig.storage.writes == 2, "the tokens alone"


def reader(rig: Rig) -> Asker:
    client = rig.client("reader", peer=EMBEDDED)

    def ask(request: Request[Any], namespace: str, id: int) -> None:
        client.send(request, id=id, namespace=namespace)

    return Asker(rig, ask, client)


async def test_a_batch_of_what_a_page_may_is_not_for_pages_either() -> None:
    async with Rig() as rig:
        asker = over_websocket(rig, await rig.token("web"))
        error = await asker.refusal(Batch([StreamAppend("s", [b"x"])]))
        assert isinstance(error, ForbiddenError)


# Namespaces


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("role", [Role.WEB, Role.WORKER, Role.BACKEND])
async def test_a_token_for_some_namespaces_enters_no_other(
    role: Role, transport: Callable[[Rig, str], Asker]
) -> None:
    async with Rig() as rig:
        await reader(rig).refusal(KvPut("k", b"v"), namespace="there")
        asker = transport(rig, await rig.token(role, namespaces=["shop", "mail"]))
        for request in REQUESTS:
            kind = type(request)
            if RANK.index(role) < RANK.index(LOWEST[kind]):
                continue
            refused = [
                await asker.refusal(request, namespace=name)
                for name in ("there", "nowhere", "shop", "mail")
            ]
            forbidden = [isinstance(error, ForbiddenError) for error in refused]
            is_bound = kind not in NO_NAMESPACE
            assert forbidden == [is_bound, is_bound, False, False], kind.__name__
            if is_bound:
                there, nowhere = str(refused[0]), str(refused[1])
                assert there.replace("there", "nowhere") == nowhere, "it tells what exists"


async def test_a_namespace_that_is_none_is_told_no_more_either() -> None:
    async with Rig() as rig:
        asker = over_tcp(rig, await rig.token("worker", namespaces=["shop"]))
        error = await asker.refusal(KvGet("k"), namespace="9 is no name")
        assert isinstance(error, ForbiddenError)


async def test_a_batch_in_its_namespace_is_looked_at_too() -> None:
    async with Rig() as rig:
        asker = over_tcp(rig, await rig.token("worker", namespaces=["shop"]))
        good, bad = Batch([KvPut("k", b"")]), Batch([KvPut("k", b""), QueuePurge("q")])
        assert await asker.refusal(good, namespace="shop") is None
        error = await asker.refusal(bad, namespace="shop")
        assert isinstance(error, ForbiddenError)
        assert error.index == 1
        assert isinstance(await asker.refusal(good, namespace="default"), ForbiddenError)
        backend = over_tcp(rig, await rig.token("backend", namespaces=["shop"]))
        assert await backend.refusal(bad, namespace="shop") is None


# Without any token


async def test_without_tokens_tcp_may_do_everything_and_a_websocket_what_pages_may() -> None:
    async with Rig() as rig:
        client, page = rig.client("me"), WebPeer(rig)
        assert client.conversation.grant is not None
        assert client.conversation.grant.role is Role.ADMIN
        assert page.greet().role is Role.WEB
        trim = client.send(StreamTrim("s", max_records=1))
        await rig.settle()
        assert client.error(trim).code == "not_found"
        page.send(StreamTrim("s", max_records=1), 2)
        assert isinstance(page.error(2), ForbiddenError)


@pytest.mark.parametrize("role", list(Role))
async def test_the_group_of_a_trigger_is_nobodys(role: Role) -> None:
    async with Rig() as rig:
        owner = rig.client("owner", peer=EMBEDDED)
        owner.send(stream.StreamCreate("events"))
        owner.send(workflow.WorkflowSync([TRIGGERED]))
        await rig.settle()
        client = rig.client("me", token=await rig.token(role))
        for request in (
            stream.GroupSeek("events", "wf-flow", "0"),
            stream.GroupDelete("events", "wf-flow"),
            stream.GroupRead("events", "wf-flow", "thief"),
            stream.GroupJoin("events", "wf-flow", "thief"),
            Batch([stream.GroupSeek("events", "wf-flow", "0")]),
        ):
            error = client.error(client.send(request))
            assert error.code == "forbidden"
            assert "trigger" in error.message or role is Role.WEB
        listed = client.result(client.send(stream.GroupList("events")))
        assert [group.trigger_of for group in listed.items] == ["flow"]
        made = client.send(stream.GroupCreate("events", "mine"))
        await rig.settle()
        assert client.result(made).name == "mine"


TRIGGERED = b"""
kind: Workflow
name: flow
version: "1"
start: {waitForSignal: {type: never}, transitions: {success: flo.Completed}}
trigger: {stream: events}
"""
