"""`flo stream group`."""

from __future__ import annotations

from typing import Any

from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo
from tests.cli.streams import fill

GROUP = ("stream", "group")


async def read(flo: Flo, consumer: str, *options: str) -> list[Any]:
    result = await flo(*GROUP, "read", "events", "g", consumer, *options, "--json")
    records: list[Any] = result.json["records"]
    assert result.code == (0 if records else 1)
    return records


async def test_create_info_and_list(flo: Flo) -> None:
    await fill(flo)
    create = (*GROUP, "create", "events", "g", "--mode", "key_shared", "--ack-timeout", "1m")
    created = (await flo(*create, "--max-deliver", "3", "--json")).json
    assert (created["mode"], created["ack_timeout_ms"], created["max_deliver"]) == (
        "key_shared",
        60_000,
        3,
    )
    assert (await flo(*create, "--max-deliver", "4")).code == 3
    assert "ack timeout       1m\n" in (await flo(*GROUP, "info", "events", "g")).out
    assert (await flo(*GROUP, "info", "events", "nope")).code == 1
    page = (await flo(*GROUP, "list", "events", "--json")).json
    assert [each["name"] for each in page["items"]] == ["g"]
    await flo("stream", "create", "other")
    assert (await flo(*GROUP, "list", "other")).code == 1


async def test_settings_are_changed_and_kept(flo: Flo) -> None:
    await fill(flo)
    await flo(*GROUP, "create", "events", "g", "--max-deliver", "3", "--retry-delay", "2s")
    configure = (*GROUP, "configure", "events", "g")
    growing = ("--retry-backoff", "exponential", "--retry-delay-max", "1m")
    info = (await flo(*configure, *growing, "--json")).json
    assert (info["max_deliver"], info["retry_delay_ms"], info["retry_delay_max_ms"]) == (
        *(3, 2_000),
        60_000,
    )
    assert "2s, exponential up to 1m" in (await flo(*GROUP, "info", "events", "g")).out
    assert (await flo(*configure, "--retry-backoff", "linear")).code == 3
    assert (await flo(*GROUP, "configure", "events", "nope")).code == 1


async def test_read_leases_and_ack_finishes(flo: Flo) -> None:
    await fill(flo)
    records = await read(flo, "c1", "--limit", "2")
    assert [each["payload"] for each in records] == ["one", "two"]
    first, second = records
    done = await flo(*GROUP, "ack", "events", "g", first["id"], "--json")
    assert done.json == {"done": [first["id"]], "stale": []}
    fenced = f"{second['id']}:{second['lease']}"
    assert (await flo(*GROUP, "ack", "events", "g", fenced, "--consumer", "c1")).code == 0
    assert (await flo(*GROUP, "ack", "events", "g", "1-0")).code == 3
    assert (await flo(*GROUP, "ack", "events", "g", "nonsense")).code == 2
    assert (await flo(*GROUP, "pending", "events", "g")).code == 1


async def test_nack_gives_back_and_touch_keeps(flo: Flo, server: FloTestServer) -> None:
    await fill(flo)
    [record] = await read(flo, "c1", "--limit", "1")
    await flo(*GROUP, "nack", "events", "g", record["id"], "--delay", "5s", "--error", "broken")
    await server.advance(5_000)
    again, *_ = await read(flo, "c1")
    assert (again["id"], again["attempt"]) == (record["id"], 2)
    touch = (*GROUP, "touch", "events", "g", record["id"], "--extend", "2m", "--json")
    assert (await flo(*touch)).json["done"] == [record["id"]]
    pending = (await flo(*GROUP, "pending", "events", "g", "--consumer", "c1", "--json")).json
    [held] = [each for each in pending["items"] if each["id"] == record["id"]]
    assert held["expires_at_ms"] == server.now_ms + 120_000


async def test_no_ack_delivers_once(flo: Flo) -> None:
    await fill(flo)
    assert len(await read(flo, "c1", "--no-ack")) == 3
    assert await read(flo, "c1") == []


async def test_claim_takes_over(flo: Flo, server: FloTestServer) -> None:
    await fill(flo)
    await read(flo, "c1")
    claim = (*GROUP, "claim", "events", "g", "c2", "--min-idle", "10s")
    assert (await flo(*claim)).code == 1
    await server.advance(10_000)
    claimed = (await flo(*claim, "--json")).json["records"]
    assert [each["payload"] for each in claimed] == ["one", "two", "three"]


async def test_dead_letters_are_listed(flo: Flo) -> None:
    await fill(flo)
    await flo(*GROUP, "create", "events", "g", "--max-deliver", "1")
    assert (await flo(*GROUP, "dead", "events", "g")).code == 1
    [record] = await read(flo, "c1", "--limit", "1")
    await flo(*GROUP, "nack", "events", "g", record["id"])
    dead = (await flo(*GROUP, "dead", "events", "g", "--json")).json["items"]
    assert [each["payload"] for each in dead] == ["one"]


async def test_seek_join_leave_and_delete(flo: Flo) -> None:
    await fill(flo)
    await flo(*GROUP, "create", "events", "g", "--start", "$")
    assert (await flo(*GROUP, "seek", "events", "g", "0", "--json")).json["lag"] == 3
    joined = (await flo(*GROUP, "join", "events", "g", "c1", "--json")).json
    assert joined["consumers"] == ["c1"]
    assert (await flo(*GROUP, "leave", "events", "g", "c1", "--json")).json == {"left": True}
    assert (await flo(*GROUP, "leave", "events", "g", "c1")).code == 1
    assert (await flo(*GROUP, "delete", "events", "g", "--json")).json == {"deleted": True}
    assert (await flo(*GROUP, "delete", "events", "g")).code == 1
