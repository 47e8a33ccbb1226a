"""The audit, as OPERATIONS.md promises it: through the public API."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import Any

import pytest

from floruntime import (
    BadRequestError,
    FloClient,
    ForbiddenError,
    NotFoundError,
)
from floruntime.core import limits
from floruntime.core.system import Batch
from floruntime.core.token import Role
from floruntime.core.types import Command
from floruntime.core.wire import CLIENT_REQUESTS
from floruntime.server.access.audit import AUDITED
from floruntime.server.access.roles import LOWEST
from floruntime.testing import FloTestServer
from tests.acceptance.flows import approval
from tests.cli.conftest import Flo

DAY_MS = 24 * 3_600_000


async def told(client: FloClient, namespace: str = "default") -> list[dict[str, Any]]:
    """What the audit of a namespace says."""
    read = await client.stream.read("_audit", namespace=namespace)
    return [record.json() for record in read.records]


async def whats(client: FloClient, namespace: str = "default") -> list[str]:
    return [each["what"] for each in await told(client, namespace)]


def test_all_that_needs_a_backend_is_written_down() -> None:
    commands = {kind for kind in CLIENT_REQUESTS if issubclass(kind, Command)}
    needed = {kind for kind in commands if LOWEST[kind] in (Role.BACKEND, Role.ADMIN)}
    assert needed <= AUDITED <= commands
    assert {kind.__name__ for kind in AUDITED - needed} == {
        *("ActionRegister", "GroupSeek", "GroupDelete")
    }
    assert Batch not in AUDITED, "its members are"


async def test_each_administrative_write_of_a_namespace_is_in_its_audit(served: FloClient) -> None:
    await served.queue.configure("q", max_attempts=3)
    await served.queue.enqueue("q", b"x")
    await served.queue.purge("q")
    await served.stream.create("s")
    await served.stream.append("s", b"x")
    await served.stream.trim("s", max_records=0 + 1)
    await served.stream.group_create("s", "g")
    await served.stream.group_seek("s", "g", start="0")
    await served.stream.group_delete("s", "g")
    await served.stream.delete("s", force=True)
    await served.action.register("a")
    await served.workflow.sync(approval())
    await served.queue.delete("q")
    assert await whats(served) == [
        *("QueueConfigure", "QueuePurge", "StreamCreate", "GroupSeek", "GroupDelete"),
        *("StreamDelete", "ActionRegister", "WorkflowSync", "QueueDelete"),
    ]
    configured, *_ = await told(served)
    assert configured["details"] == {"queue": "q", "max_attempts": 3}
    assert configured["who"] == "nobody named (admin)"
    assert configured["from"] == "tcp 127.0.0.1"
    assert configured["namespace"] == "default"
    synced = (await told(served))[-2]
    assert synced["result"] == ["flow 1 created"]
    assert "bytes" in synced["details"]["documents"][0]


async def test_what_changed_nothing_and_what_was_refused_is_not_written_down(
    served: FloClient,
) -> None:
    assert not await served.stream.delete("nowhere")
    assert not await served.queue.delete("nowhere")
    await served.action.register("a")
    await served.action.register("a")
    with pytest.raises(NotFoundError):
        await served.stream.trim("nowhere", max_records=1)
    assert await whats(served) == ["ActionRegister"]


async def test_of_a_batch_the_members_that_need_it(served: FloClient) -> None:
    async with served.batch() as batch:
        batch.kv.put("k", b"v")
        batch.stream.create("s")
        batch.queue.configure("q", max_attempts=1)
    async with served.batch() as batch:
        batch.kv.put("k", b"v")
    assert await whats(served) == ["StreamCreate", "QueueConfigure"]


async def test_what_has_no_namespace_is_in_that_of_the_engine(server: FloTestServer) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(server.client())
        await first.namespaces.create("shop")
        new = await first.tokens.create("admin", description="the boss")
        admin = await stack.enter_async_context(server.client(token=new.token))
        other = await admin.tokens.create("backend", namespaces=["shop"])
        await admin.tokens.revoke(other.info.id)
        await admin.namespaces.delete("shop")
        assert await whats(admin, "_system") == [
            *("NamespaceCreate", "TokenCreate", "TokenCreate", "TokenRevoke", "NamespaceDelete")
        ]
        records = await told(admin, "_system")
        assert records[1]["details"]["hash"] == "32 bytes"
        assert records[1]["details"]["description"] == "the boss"
        assert records[2]["who"] == f"token {new.info.id} (admin)"
        assert not any(new.token in str(each) for each in records)
        assert "_system" not in [each.name for each in await admin.namespaces.list()]


async def test_it_is_read_by_backend_and_admin_and_written_by_nobody(
    server: FloTestServer,
) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(server.client())
        await first.stream.create("s")
        new = await first.tokens.create("admin")
        admin = await stack.enter_async_context(server.client(token=new.token))

        async def of(role: str, **options: Any) -> FloClient:
            made = await admin.tokens.create(role, **options)
            return await stack.enter_async_context(server.client(token=made.token))

        for role in ("web", "worker"):
            client = await of(role)
            for place in ("default", "_system", "nowhere"):
                with pytest.raises(ForbiddenError, match="needs backend"):
                    await client.stream.read("_audit", namespace=place)
        assert await whats(await of("backend")) == ["StreamCreate"]
        assert await whats(await of("backend", scopes=["read:stream:_audit"])) == ["StreamCreate"]
        confined = await of("backend", namespaces=["default"])
        assert await whats(confined) == ["StreamCreate"]
        with pytest.raises(ForbiddenError, match="not for namespace"):
            await told(confined, "_system")
        assert [each.name for each in await admin.stream.list()] == ["s"]
        assert (await admin.stream.info("_audit")).max_records == limits.AUDIT_RECORDS_MAX
        refused: Any
        for place in ("default", "elsewhere"):
            for refused in (
                admin.stream.append("_audit", b"x", namespace=place),
                admin.stream.create("_audit", namespace=place),
                admin.stream.group_create("_audit", "g", namespace=place),
            ):
                with pytest.raises(ForbiddenError, match="the engine's own"):
                    await refused
        for refused in (
            admin.stream.trim("_audit", max_records=1),
            admin.stream.alter("_audit", max_records=1),
            admin.stream.delete("_audit", force=True),
        ):
            with pytest.raises(ForbiddenError, match="the engine's own"):
                await refused
        for refused in (
            admin.kv.put("k", b"v", namespace="_system"),
            admin.stream.append("x", b"v", namespace="_system"),
            admin.namespaces.delete("_system", force=True),
            admin.namespaces.create("_system"),
        ):
            with pytest.raises(BadRequestError, match="the engine's own"):
                await refused


async def test_a_namespace_with_an_audit_alone_is_empty(served: FloClient) -> None:
    await served.stream.create("s", namespace="shop")
    await served.stream.delete("s", namespace="shop")
    assert await whats(served, "shop") == ["StreamCreate", "StreamDelete"]
    assert await served.namespaces.delete("shop")


async def test_it_is_kept_for_ninety_days(served: FloClient, server: FloTestServer) -> None:
    await served.queue.configure("q", max_attempts=3)
    info = await served.stream.info("_audit")
    assert (info.max_age_ms, info.max_records) == (90 * DAY_MS, 100_000)
    await server.advance(90 * DAY_MS - 1)
    assert len(await told(served)) == 1
    await server.advance(DAY_MS)
    assert not await told(served)


@pytest.fixture
async def before(server: FloTestServer, monkeypatch: pytest.MonkeyPatch) -> FloTestServer:
    """A server on data in which a person had made a stream of that name."""
    with monkeypatch.context() as patch:
        patch.setattr(limits, "AUDIT_STREAM", "_not_yet")
        async with server.client() as client:
            await client.stream.append("_audit", b"mine", namespace="shop")
    return server


async def test_a_stream_that_a_person_made_before_is_left_alone(
    before: FloTestServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await before.restart()
    assert any("shop" in each.message and "_audit" in each.message for each in caplog.records)
    async with before.client() as client:
        await client.queue.configure("q", max_attempts=2, namespace="shop")
        read = await client.stream.read("_audit", namespace="shop")
        assert [each.payload for each in read.records] == [b"mine"]
        await client.stream.append("_audit", b"more", namespace="shop")
        record = (await told(client, "_system"))[-1]
        assert record["what"] == "QueueConfigure"
        assert record["namespace"] == "shop"


async def test_it_survives_a_restart_and_goes_on(served: FloClient, server: FloTestServer) -> None:
    await served.queue.configure("q", max_attempts=3)
    await server.restart()
    await served.queue.configure("q", max_attempts=4)
    assert [each["details"]["max_attempts"] for each in await told(served)] == [3, 4]


async def test_it_is_read_from_the_command_line(flo: Flo) -> None:
    await flo("queue", "configure", "q", "--max-attempts", "3")
    await flo("ns", "create", "shop")
    read = await flo("stream", "read", "_audit")
    assert "QueueConfigure" in read.out
    system = await flo("-n", "_system", "stream", "read", "_audit")
    assert "NamespaceCreate" in system.out
