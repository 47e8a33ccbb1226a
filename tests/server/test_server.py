"""The server's life: info, backups, stopping, the memory of clients' writes, the disk."""

from __future__ import annotations

import asyncio
import logging

import pytest

from floruntime.core.action import ActionRegister
from floruntime.core.errors import BadRequestError, OverloadedError, StorageFullError
from floruntime.core.kv import KvDelete, KvGet, KvIncr, KvPut, PutResult
from floruntime.core.queue import QueueDequeue
from floruntime.core.stream import GroupCreate, GroupJoin
from floruntime.core.system import Backup, GetServerInfo, Hello, Ping
from floruntime.core.worker import WorkerRegister
from floruntime.server.connections.client_memory import SESSION_KEPT_MS
from tests.server.gated_storage import GatedStorage
from tests.server.wire_client import Rig, WireClient
from tests.until import until


async def opened(rig: Rig, session: str = "me") -> WireClient:
    client = rig.client(session)
    client.open_session()
    await rig.settle()
    return client


async def test_info_tells_what_runs() -> None:
    async with Rig(value_bytes_max=5_000) as rig:
        client = rig.client("me")
        client.send(KvPut("k", b""))
        await rig.advance(1_234)
        info = client.result(client.send(GetServerInfo()))
        assert (info.durability, info.limits.value_bytes_max) == ("sync", 5_000)
        assert (info.uptime_ms, info.connections, info.commands_total) == (1_234, 1, 1)
        assert (info.data_dir, info.storage_full) == (None, False)


async def test_info_tells_whether_anything_changed_that_reads_see() -> None:
    async with Rig() as rig:
        client = rig.client("me")
        seen = []
        for request in (KvPut("k", b"1"), KvGet("k"), KvDelete("none"), KvPut("k", b"2")):
            client.send(request)
            await rig.settle()
            seen.append(client.result(client.send(GetServerInfo())).changes_total)
        assert seen[0] == seen[1] == seen[2] < seen[3]


# Backups


async def test_a_backup_answers_where_it_lies() -> None:
    async with Rig() as rig:
        rig.storage.checkpoint = lambda directory: f"/full/{directory}"  # type: ignore[method-assign]  # a stand-in
        client = rig.client("me")
        backup = client.send(Backup("copy"))
        async with asyncio.timeout(10):
            await asyncio.gather(*rig.server._answering)
        assert client.result(backup) == "/full/copy"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadRequestError("not empty"), "bad_request"),
        (OSError("no space"), "internal"),
        (RuntimeError("of the store"), "internal"),
    ],
)
async def test_a_backup_that_fails_is_answered_too(error: Exception, code: str) -> None:
    def fail(directory: str) -> str:
        raise error

    logging.disable(logging.CRITICAL)
    async with Rig() as rig:
        rig.storage.checkpoint = fail  # type: ignore[method-assign]  # a stand-in
        client = rig.client("me")
        backup = client.send(Backup("copy"))
        async with asyncio.timeout(10):
            await asyncio.gather(*rig.server._answering)
        assert client.error(backup).code == code
    logging.disable(logging.NOTSET)


async def test_memory_has_nothing_to_back_up() -> None:
    async with Rig() as rig:
        client = rig.client("me")
        backup = client.send(Backup("copy"))
        async with asyncio.timeout(10):
            await asyncio.gather(*rig.server._answering)
        assert isinstance(client.error(backup), BadRequestError)


# Stopping


async def test_stopping_answers_what_is_in_flight_ends_the_waits_and_closes_the_store() -> None:
    rig = Rig()
    client = rig.client("me")
    rig.storage.hold()
    put = client.send(KvPut("k", b""))
    waits = [client.send(QueueDequeue("q", block_ms=9_000)), client.send(KvGet("n", 9_000))]
    stopping = asyncio.ensure_future(rig.server.stop())
    await rig.turns(5)
    refused = client.send(KvPut("late", b""))
    late_read = client.send(KvGet("late", block_ms=9_000))
    newcomer = rig.client()
    hello = newcomer.send(Hello("1", "new"))
    assert client.error(refused).code == "unavailable"
    assert client.error(refused).ran == "no"
    assert client.result(late_read) is None
    assert newcomer.error(hello).code == "unavailable"
    assert not stopping.done()
    rig.storage.release()
    async with asyncio.timeout(10):
        await stopping
    assert client.result(put) == PutResult(1)
    assert client.result(waits[0]).messages == []
    assert client.result(waits[1]) is None
    assert client.is_closed
    assert rig.storage.is_closed
    assert rig.server.load.held_bytes == 0


async def test_a_stopped_server_leaves_no_timer_behind() -> None:
    rig = Rig()
    client = await opened(rig)
    client.send(KvPut("k", b"", ttl_ms=100))
    await rig.settle()
    await rig.server.stop()
    assert all(handle.callback is None for _, _, handle in rig.clock._calls)


# Connections


async def test_connections_past_the_limit_are_told_so() -> None:
    async with Rig(connections_max=2) as rig:
        first, _ = rig.client("a"), rig.client("b")
        third = rig.client()
        hello = third.send(Hello("1", "c"))
        assert isinstance(third.error(hello), OverloadedError)
        assert third.is_closed
        first.vanish()
        assert rig.client("c").result(1) is not None


# The memory of clients' writes


async def test_a_client_that_comes_back_is_known_and_its_writes_happen_once() -> None:
    async with Rig() as rig:
        gone = await opened(rig)
        gone.send(KvIncr("n"), number=1)
        gone.vanish()
        await rig.advance(SESSION_KEPT_MS - 1)
        back = rig.client()
        assert back.greet("me").session_known
        again = back.send(KvIncr("n"), number=1)
        await rig.settle()
        assert back.result(again) == 1


async def test_a_client_is_forgotten_10_minutes_after_its_last_connection() -> None:
    async with Rig() as rig:
        first = await opened(rig)
        second = rig.client("me")
        first.vanish()
        await rig.advance(2 * SESSION_KEPT_MS)
        assert rig.client().greet("me").session_known
        for client in (second, *rig.server._conversations):
            getattr(client, "vanish", getattr(client, "connection_lost", None))()  # type: ignore[misc]  # either kind
        await rig.advance(SESSION_KEPT_MS)
        assert not rig.client().greet("me").session_known
        assert not any(key[:2] in (b"sn", b"sb") for key, _ in rig.storage.store.scan(b"", b"\xff"))


async def test_a_client_that_comes_back_in_time_is_not_forgotten_later() -> None:
    async with Rig() as rig:
        gone = await opened(rig)
        gone.vanish()
        await rig.advance(SESSION_KEPT_MS - 1)
        rig.client("me")
        await rig.advance(SESSION_KEPT_MS)
        assert rig.client().greet("me").session_known


async def test_clients_of_before_a_restart_have_10_minutes_to_come_back() -> None:
    storage = GatedStorage()
    rig = Rig(storage)
    for session in ("stays", "goes"):
        await opened(rig, session)
    await rig.server.stop()
    async with Rig(storage) as rig:
        await rig.advance(SESSION_KEPT_MS - 1)
        rig.client("stays")
        await rig.advance(1)
        assert rig.client().greet("stays").session_known
        assert not rig.client().greet("goes").session_known


async def test_nothing_is_kept_for_clients_that_never_wrote() -> None:
    async with Rig() as rig:
        for number in range(10):
            rig.client(f"c{number}").vanish()
        await rig.advance(SESSION_KEPT_MS)
        clients = rig.server._clients
        assert (clients._forgetting, clients._connected) == ({}, {})
        assert rig.storage.writes == 0


# The disk


async def test_what_is_free_and_what_must_be_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with Rig(disk_low_bytes=256 << 20) as rig:
        for free_mib in (255, 300, 512):
            rig.storage.free = free_mib << 20
            rig.server._check_disk()
    less, again = [record.getMessage() for record in caplog.records if "disk" in record.message]
    assert less.startswith("255.0 MiB of disk are free: growth is refused below 256.0 MiB")
    assert "(disk_low_bytes), and until 512.0 MiB are free" in less
    assert again == "512.0 MiB of disk are free: growth is allowed again"


async def test_growth_stops_while_the_disk_is_nearly_full_and_goes_on_by_itself() -> None:
    logging.disable(logging.CRITICAL)
    async with Rig(disk_low_bytes=1_000) as rig:
        client = rig.client("me")
        client.send(KvPut("k", b""))
        await rig.settle()
        rig.storage.free = 999
        rig.server._check_disk()
        refused, deleted = client.send(KvPut("l", b"")), client.send(KvDelete("k"))
        await rig.settle()
        assert isinstance(client.error(refused), StorageFullError)
        assert client.result(deleted) is True
        assert client.result(client.send(GetServerInfo())).storage_full
        rig.storage.free = 1_999
        rig.server._check_disk()
        assert not rig.server.commit.may_grow
        rig.storage.free = 2_000
        rig.server._check_disk()
        put = client.send(KvPut("l", b""))
        await rig.settle()
        assert client.result(put) == PutResult(3)
        assert client.result(client.send(Ping())) is None
    logging.disable(logging.NOTSET)


async def test_what_lets_work_go_on_is_no_growth_and_deleted_space_is_given_back() -> None:
    logging.disable(logging.CRITICAL)
    async with Rig(disk_low_bytes=1_000) as rig:
        given_back: list[int] = []
        rig.storage.give_back = lambda: given_back.append(1)  # type: ignore[method-assign]  # counted
        client = rig.client("me")
        client.send(KvPut("k", b""))
        await rig.settle()
        rig.storage.free = 999
        rig.server._check_disk()
        for request in (
            ActionRegister("a"),
            WorkerRegister("w", ["a"]),
            GroupCreate("s", "g"),
            GroupJoin("s", "g", "c"),
            KvDelete("k"),
        ):
            sent = client.send(request)
            await rig.settle()
            client.result(sent)
        await until(lambda: given_back == [1])
        rig.server._check_disk()
        await rig.settle()
        assert given_back == [1], "not more often than once a second"
    logging.disable(logging.NOTSET)


async def test_the_disk_is_looked_at_only_while_something_is_written() -> None:
    logging.disable(logging.CRITICAL)
    async with Rig(disk_low_bytes=1_000) as rig:
        client = rig.client("me")
        client.send(KvPut("k", b""))
        await rig.settle()
        rig.storage.free = 2_000
        rig.server._check_disk()
        rig.server._check_disk()
        rig.storage.free = 999
        assert rig.server._space._timer is None, "nothing wakes an idle server"
        assert rig.server.reasons_not_ready() == ["the disk is nearly full"], "who asks is told"
        assert rig.server._space._timer is not None, "it goes on by itself"
        rig.storage.free = 2_000
        rig.server._check_disk()
        rig.server._check_disk()
        rig.storage.free = 999
        client.send(KvPut("k", b""))
        await rig.settle()
        assert not rig.server.commit.may_grow
    logging.disable(logging.NOTSET)
