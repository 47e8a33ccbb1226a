"""Scopes, as OPERATIONS.md promises them: through the public API, over TCP and WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from floruntime import (
    ActionContext,
    ActionWorker,
    BadRequestError,
    FloClient,
    ForbiddenError,
    NotFoundError,
    Task,
)
from floruntime.testing import FloTestServer
from tests.acceptance.flows import flow

WAITS = "start:\n  waitForSignal: {type: go}\n  transitions: {success: flo.Completed}\n"


class Town:
    """A server with an admin, who makes clients with scopes."""

    def __init__(self, server: FloTestServer, admin: FloClient, stack: AsyncExitStack) -> None:
        self.server = server
        self.admin = admin
        self._stack = stack

    async def client(self, *scopes: str, role: str = "backend") -> FloClient:
        new = await self.admin.tokens.create(role, scopes=scopes)
        client = self.server.client(token=new.token)
        return await self._stack.enter_async_context(client)

    async def page(self, *scopes: str, namespaces: Iterable[str] = ()) -> Any:
        new = await self.admin.tokens.create("web", scopes=scopes, namespaces=namespaces)
        client = self.server.web_client(token=new.token)
        return await self._stack.enter_async_context(client)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(FloTestServer())
        async with server.client() as first:
            new = await first.tokens.create("admin")
        admin = await stack.enter_async_context(server.client(token=new.token))
        yield Town(server, admin, stack)


async def test_a_page_reads_and_appends_what_its_scopes_name(town: Town) -> None:
    kv, stream = town.admin.kv, town.admin.stream
    for key in ("flag:a", "flag:b", "secret"):
        await kv.put(key, key)
    await stream.append("audit", b"old")
    page = await town.page("read:stream:audit", "append:stream:chat:*", "read:kv:flag:*")
    assert await page.kv.get("flag:a") == b"flag:a"
    found = await page.kv.scan("flag:")
    assert [entry.key for entry in found.entries] == ["flag:a", "flag:b"]
    assert [entry.key for entry in await page.kv.mget(["flag:a", "flag:b"])] == ["flag:a", "flag:b"]
    assert len(await page.kv.history("flag:a")) == 1
    assert [each.payload for each in (await page.streams.read("audit")).records] == [b"old"]
    await page.streams.append("chat:1", b"hi")
    for refused in (
        page.kv.get("secret"),
        page.kv.entry("secret"),
        page.kv.exists("secret"),
        page.kv.history("secret"),
        page.kv.mget(["flag:a", "secret"]),
        page.kv.scan(""),
        page.kv.scan("flag"),
        page.streams.read("chat:1"),
        page.streams.append("audit", b"x"),
        page.streams.append_many("chat", [b"x"]),
        page.streams.group_join("audit", "g", "c"),
    ):
        with pytest.raises(ForbiddenError, match="no scope of this token"):
            await refused


async def test_scopes_are_refused_by_name_where_they_are_of_no_use(town: Town) -> None:
    for role, scope in (("web", "write:kv:a"), ("web", "read:queue:a"), ("backend", "see:kv:a")):
        with pytest.raises(BadRequestError, match=scope):
            await town.admin.tokens.create(role, scopes=["read:kv:a", scope])
    with pytest.raises(BadRequestError, match="must be a list"):
        await town.admin.tokens.create("web", scopes="read:kv:a")
    new = await town.admin.tokens.create("web", scopes=["read:kv:b", "read:kv:a", "read:kv:a"])
    assert new.info.scopes == ["read:kv:a", "read:kv:b"]
    listed = {each.id: each.scopes for each in await town.admin.tokens.list()}
    assert listed[new.info.id] == ["read:kv:a", "read:kv:b"]
    assert [] in listed.values()


async def test_lists_show_only_what_may_be_read_and_their_cursors_too(town: Town) -> None:
    admin = town.admin
    for number in range(7):
        name = f"{'ab'[number % 2]}{number}"
        await admin.queue.enqueue(name, b"x")
        await admin.stream.append(name, b"x")
        await admin.action.register(name)
        await admin.action.invoke(name, b"x")
    client = await town.client(*(f"read:{of}:a*" for of in ("queue", "stream", "action")))
    wanted = ["a0", "a2", "a4", "a6"]
    for listed in (client.queue.list, client.stream.list, client.action.list):
        names, cursor = [], None
        while True:
            page = await listed(limit=3, cursor=cursor)
            names += [each.name for each in page]
            cursor = page.cursor
            if cursor is None:
                break
            assert len(page) == 3, "a page is full where there is more"
        assert names == wanted
    runs = [run.action for run in await client.action.list_runs()]
    assert runs == wanted[::-1]
    first = await client.action.list_runs(limit=3, status="pending")
    rest = await client.action.list_runs(limit=3, status="pending", cursor=first.cursor)
    assert [run.action for run in (*first, *rest)] == wanted[::-1]
    assert [run.action for run in await client.action.list_runs("a2")] == ["a2"]
    with pytest.raises(ForbiddenError):
        await client.action.list_runs("b1")
    nobody = await town.client("write:queue:a*", "write:action:a*", "append:stream:a*")
    for empty in (
        nobody.queue.list(),
        nobody.stream.list(),
        nobody.action.list(),
        nobody.action.list_runs(),
        nobody.workflow.list_runs(),
    ):
        assert not list(await empty)
    assert len(await admin.queue.list()) == 7, "an answer to one is not kept for another"


def claim(run_id: str) -> Task:
    """What a worker would have to show that had claimed the run."""
    return Task(run_id, "secret", b"", 1, 1, 0, 0)


async def sentence(call: Any, run_id: str) -> str:
    """What is said of a run, without its id."""
    with pytest.raises(NotFoundError) as caught:
        await call
    return str(caught.value).replace(run_id, "ID")


async def test_an_unknown_run_and_a_forbidden_one_are_told_alike(town: Town) -> None:
    await town.admin.action.register("secret")
    run = (await town.admin.action.invoke("secret", b"x")).run_id
    client = await town.client("read:action:open", "write:action:open", "write:workflow:open")
    for of in (client.action.status, client.action.cancel):
        assert await sentence(of(run), run) == await sentence(of("run-9999"), "run-9999")
    for settle in (client.worker.complete, client.worker.touch, client.worker.release):
        told = [await sentence(settle("w", claim(id)), id) for id in (run, "run-9999")]
        assert told[0] == told[1]
    told = [await sentence(client.worker.fail("w", claim(id), "e"), id) for id in (run, "run-9999")]
    assert told[0] == told[1]
    await town.admin.workflow.sync(flow(WAITS, name="hidden"))
    run = await town.admin.workflow.start("hidden", b"1")
    reader = await town.client("read:workflow:open", "write:workflow:open")
    for look in (reader.workflow.status, reader.workflow.history, reader.workflow.cancel):
        assert await sentence(look(run), run) == await sentence(look("wfrun-9999"), "wfrun-9999")
    sent = [await sentence(reader.workflow.signal(id, "go"), id) for id in (run, "wfrun-9999")]
    assert sent[0] == sent[1]
    assert (await town.admin.workflow.status(run)).status == "waiting"


async def test_runs_of_workflows_are_those_of_the_scope(town: Town) -> None:
    for name in ("open-a", "open-b", "hidden"):
        await town.admin.workflow.sync(flow(WAITS, name=name))
        await town.admin.workflow.start(name, b"1")
    client = await town.client("read:workflow:open-*", "write:workflow:open-a")
    assert [each.name for each in await client.workflow.list_definitions()] == ["open-a", "open-b"]
    assert {run.workflow for run in await client.workflow.list_runs()} == {"open-a", "open-b"}
    assert {run.workflow for run in await client.workflow.list_runs(status="waiting")} == {
        *("open-a", "open-b")
    }
    assert [run.workflow for run in await client.workflow.list_runs(workflow_name="open-b")] == [
        "open-b"
    ]
    run = await client.workflow.start("open-a", b"1")
    await client.workflow.signal(run, "go")
    assert (await client.workflow.status(run)).status == "completed"
    for refused in (
        client.workflow.start("open-b", b"1"),
        client.workflow.sync(flow(WAITS, name="open-a")),
        client.workflow.list_runs(workflow_name="hidden"),
    ):
        with pytest.raises(ForbiddenError):
            await refused


async def test_each_member_of_a_batch_is_judged(town: Town) -> None:
    await town.admin.workflow.sync(flow(WAITS, name="w"))
    client = await town.client("write:kv:mine:*", "write:queue:jobs", "write:workflow:w")
    async with client.batch() as batch:
        batch.kv.put("mine:1", b"1")
        batch.queue.enqueue("jobs", b"x")
        batch.workflow.start("w", b"1", run_id="known-soon")
        batch.workflow.signal("known-soon", "go")

    async def mixed() -> None:
        async with client.batch() as batch:
            batch.kv.put("mine:2", b"2")
            batch.kv.put("yours", b"2")

    with pytest.raises(ForbiddenError) as caught:
        await mixed()
    assert caught.value.index == 1
    assert not await town.admin.kv.exists("mine:2")


async def test_a_watch_sees_its_scope(town: Town) -> None:
    client = await town.client("read:kv:flag:*")
    watch = client.kv.watch("flag:", prefix=True, from_version=0)
    await town.admin.kv.put("secret", b"1")
    await town.admin.kv.put("flag:a", b"2")
    change = await anext(watch)
    assert (change.key, change.value) == ("flag:a", b"2")
    for refused in (client.kv.watch("", prefix=True), client.kv.watch("secret")):
        with pytest.raises(ForbiddenError):
            await anext(refused)


async def test_a_worker_with_scopes_works_and_takes_nothing_of_others(town: Town) -> None:
    for name in ("mine", "theirs"):
        await town.admin.action.register(name)
    theirs = (await town.admin.action.invoke("theirs", b"x")).run_id
    client = await town.client("write:action:mine", role="worker")
    new = await town.admin.tokens.create("worker", scopes=["read:action:mine", "write:action:mine"])
    worker = ActionWorker("unused", worker_id="w1", token=new.token)

    async def mine(ctx: ActionContext) -> bytes:
        return b"done"

    worker.register_action("mine", mine)
    async with town.server.running(worker):
        run = await town.admin.action.call("mine", b"x")
        assert run.output == b"done"
    await town.admin.worker.register("w2", ["theirs"])
    [task] = await town.admin.worker.await_tasks("w2", ["theirs"], count=1)
    assert task.run_id == theirs
    for refused in (
        client.worker.await_tasks("w1", ["theirs"], count=1),
        client.worker.register("w1", ["mine", "theirs"]),
        client.worker.register("w2", ["mine"]),
        client.worker.heartbeat("w2"),
        client.worker.deregister("w2"),
        client.worker.list(),
    ):
        with pytest.raises(ForbiddenError):
            await refused


async def test_the_groups_of_triggers_are_for_no_page(town: Town) -> None:
    text = flow(WAITS, name="t") + "trigger:\n  stream: orders\n"
    await town.admin.stream.append("orders", b"{}")
    await town.admin.workflow.sync(text)
    [group] = await town.admin.stream.group_list("orders")
    free = await town.page()
    await free.streams.group_join("orders", "people", "me")
    scoped = await town.page("group:stream:orders")
    await scoped.streams.group_join("orders", "people", "you")
    for page in (free, scoped):
        for refused in (
            page.streams.group_join("orders", group.name, "me"),
            page.streams.group_read("orders", group=group.name, consumer="me"),
            page.streams.group_seek("orders", group.name, start="0"),
            page.streams.group_delete("orders", group.name),
        ):
            with pytest.raises(ForbiddenError, match="trigger"):
                await refused


async def test_a_prefix_is_deleted_only_within_a_scope(town: Town) -> None:
    for key in ("mine:1", "yours"):
        await town.admin.kv.put(key, b"1")
    client = await town.client("write:kv:mine:*", "read:kv:*")
    for prefix in ("", "m", "yours"):
        with pytest.raises(ForbiddenError, match="write:kv"):
            await client.kv.delete_prefix(prefix)
    job = await client.kv.delete_prefix("mine:")
    assert (await town.admin.jobs.wait(job.job_id)).done == 1
    assert await town.admin.kv.exists("yours")
