"""Server-Sent Events: from where they begin, how they go on, and how they end."""

from __future__ import annotations

import pytest

from floruntime.client.client import FloClient
from floruntime.server import limits
from floruntime.testing import FloTestServer
from tests.server.http.event_peer import following
from tests.server.http.http_peer import HttpPeer
from tests.until import until

STREAM = "/v1/default/stream.follow?stream=s"
WATCH = "/v1/default/kv.watch?key=a"
WORKFLOW = """
kind: Workflow
name: fulfil
version: "1"
start:
  waitForSignal: { type: paid }
  transitions: { success: flo.Completed }
"""


@pytest.fixture
async def client(flo: FloTestServer) -> FloClient:
    return flo.client()


async def append(client: FloClient, *payloads: str) -> None:
    await client.stream.append_many("s", list(payloads))


async def test_a_stream_from_now_on(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        await append(client, "before")
        async with following(flo, STREAM) as events:
            first = await events.block()
            assert first is not None
            assert first.data is None
            assert events.head is not None
            assert dict(events.head.headers)[b"content-type"] == b"text/event-stream"
            await append(client, "one", "two")
            assert [(await events.next()).data["payload"] for _ in range(2)] == ["one", "two"]


async def test_nothing_is_lost_or_doubled(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        async with following(flo, STREAM) as events:
            await events.block()
            await append(client, "one", "two", "three")
            last = (await events.next()).id
        async with following(flo, STREAM, Last_Event_ID=last) as events:
            assert [(await events.next()).data["payload"] for _ in range(2)] == ["two", "three"]
            last = events.last_id
        await append(client, "four")
        async with following(flo, f"{STREAM}&after={last}") as events:
            assert (await events.next()).data["payload"] == "four"


async def test_what_a_stream_has_seen_before_its_first_record(
    flo: FloTestServer, client: FloClient
) -> None:
    async with client:
        async with following(flo, STREAM) as events:
            await events.block()
            last = events.last_id
        await append(client, "one")
        async with following(flo, STREAM, Last_Event_ID=last) as events:
            assert (await events.next()).data["payload"] == "one"


@pytest.mark.parametrize("query", ["&start=0", "&after=0-0"])
async def test_a_stream_from_its_beginning(
    flo: FloTestServer, client: FloClient, query: str
) -> None:
    async with client:
        await append(client, *(str(number) for number in range(250)))
        async with following(flo, STREAM + query) as events:
            payloads = [(await events.next()).data["payload"] for _ in range(250)]
        assert payloads == [str(number) for number in range(250)]


async def test_what_is_no_longer_kept(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        await append(client, "one", "two", "three")
        async with following(flo, STREAM + "&start=0") as events:
            ids = [(await events.next()).id for _ in range(3)]
        await client.stream.trim("s", max_records=1)
        async with following(flo, STREAM, Last_Event_ID=ids[0]) as events:
            refusal = await events.refusal()
            assert (refusal.status, refusal.json["code"]) == (410, "gap")
        async with following(flo, STREAM, Last_Event_ID=ids[1]) as events:
            assert (await events.next()).data["payload"] == "three"


async def test_another_stream_of_the_same_name(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        await append(client, "one")
        async with following(flo, STREAM + "&start=0") as events:
            last = (await events.next()).id
            await client.stream.delete("s", force=True)
            await append(client, "another")
            [error] = await events.rest()
            assert (error.name, error.data["status"]) == ("error", 410)
        async with following(flo, STREAM, Last_Event_ID=last) as events:
            assert (await events.refusal()).status == 410


async def test_another_server(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        await client.kv.put("a", b"1")
        async with following(flo, WATCH + "&from_version=0") as events:
            last = (await events.next()).id
    async with FloTestServer() as other:
        async with other.client() as client:
            for _ in range(5):
                await client.kv.put("a", b"1")
        async with following(other, WATCH, Last_Event_ID=last) as events:
            assert (await events.refusal()).status == 410
        async with following(other, WATCH + "&after=17") as events:  # it is yet to come
            assert (await events.refusal()).status == 410


async def test_places_outlive_a_restart(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        await append(client, "one", "two")
        async with following(flo, STREAM + "&start=0") as events:
            last = (await events.next()).id
        await flo.restart()
        async with following(flo, STREAM, Last_Event_ID=last) as events:
            assert (await events.next()).data["payload"] == "two"


async def test_keys(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        await client.kv.put("a", b"before")
        async with following(flo, WATCH) as events:
            await events.block()
            await client.kv.put("b", b"other")
            await client.kv.put("a", b"\xff")
            await client.kv.delete("a")
            changes = [(await events.next()).data for _ in range(2)]
        assert [each["value"] for each in changes] == [{"base64": "/w=="}, ""]
        assert [each["deleted"] for each in changes] == [False, True]
        last = events.last_id
        await client.kv.put("ab", b"1")
        async with following(flo, WATCH + "&prefix=true", Last_Event_ID=last) as events:
            assert (await events.next()).data["key"] == "ab"


async def test_changes_that_are_gone(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        await client.kv.put("a", b"1")
        await client.kv.put("a", b"2")
        await flo.advance(48 * 3_600_000)
        await client.kv.put("a", b"3")
        async with following(flo, WATCH + "&from_version=0") as events:
            refusal = await events.refusal()
            assert (refusal.status, refusal.json["code"]) == (410, "gap")


async def test_a_run_to_its_end(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        await client.workflow.sync(WORKFLOW)
        run_id = await client.workflow.start("fulfil", {})
        path = f"/v1/default/workflow.follow?run_id={run_id}"
        async with following(flo, path) as events:
            first = await events.next()
            assert first.data["sequence"] == 1
            await client.workflow.signal(run_id, "paid")
            rest = await events.rest()
            assert rest
        history = list(await client.workflow.history(run_id))
        assert [first.data["type"], *(event.data["type"] for event in rest)] == [
            event.type for event in history
        ]
        async with following(flo, path, Last_Event_ID=first.id) as events:
            assert await events.rest() == rest
        beyond = f"{path}&after={rest[-1].data['sequence'] + 1}"
        async with following(flo, beyond) as events:  # it is yet to come, and never will
            assert (await events.refusal()).status == 410


async def test_a_run_across_an_end_of_the_server(flo: FloTestServer, client: FloClient) -> None:
    async with client:
        await client.workflow.sync(WORKFLOW)
        run_id = await client.workflow.start("fulfil", {})
        path = f"/v1/default/workflow.follow?run_id={run_id}"
        async with following(flo, path) as events:
            seen = [await events.next(), await events.next()]
            last = events.last_id
        await flo.restart()
        async with following(flo, path, Last_Event_ID=last) as events:
            await client.workflow.signal(run_id, "paid")
            seen += await events.rest()
        sequences = [event.data["sequence"] for event in seen]
        assert sequences == list(range(1, len(await client.workflow.history(run_id)) + 1))


@pytest.mark.parametrize(
    "path",
    [
        STREAM + "&after=9999999999999-0",
        STREAM + "&after=other:1-0",
        WATCH + "&after=99999",
        WATCH + "&after=other:1",
        "/v1/elsewhere/stream.follow?stream=s&after=9999999999999-0",
    ],
)
async def test_whom_nothing_is_told_where_they_may_not_read(
    flo: FloTestServer, http: HttpPeer, path: str
) -> None:
    """How far it is, or that it is there, would be told by a refusal of the place alone."""
    await http.call("default/stream.append", stream="s", payload="x")
    admin = (await http.call("tokens.create", role="admin"))["token"]
    fields = {"role": "web", "namespaces": ["default"], "scopes": ["read:stream:other"]}
    asked = ("POST", "/v1/tokens.create", fields)
    made = (await http.ask(*asked, Authorization=f"Bearer {admin}")).json
    async with following(flo, path, Authorization=f"Bearer {made['token']}") as events:
        assert (await events.refusal()).status == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/default/stream.follow", 400),
        (STREAM + "&nothing=1", 400),
        (STREAM + "&partition=x", 400),
        (STREAM + "&after=x:y:z", 400),
        (STREAM + "&after=", 400),
        (STREAM + "&start=x", 400),
        (WATCH + "&prefix=perhaps", 400),
        (WATCH + "&after=-1", 400),
        ("/v1/default/workflow.follow?run_id=none", 404),
        ("/v1/default/stream.follow?stream=%ff", 400),
    ],
)
async def test_what_cannot_be_followed(flo: FloTestServer, path: str, status: int) -> None:
    async with following(flo, path) as events:
        refusal = await events.refusal()
        assert refusal.status == status
        assert refusal.headers["content-type"] == "application/problem+json"


async def test_only_get_follows(http: HttpPeer) -> None:
    assert (await http.ask("POST", STREAM, {})).status == 405
    assert (await http.ask("OPTIONS", STREAM)).headers["allow"] == "GET, OPTIONS"


async def test_a_sign_of_life(flo: FloTestServer) -> None:
    async with following(flo, STREAM) as events:
        await events.block()
        for _ in range(2):
            await flo.advance(limits.EVENTS_COMMENT_MS)
            event = await events.block()
            assert event is not None
            assert event.data is None


async def test_it_ends_with_its_token(flo: FloTestServer, http: HttpPeer) -> None:
    admin = (await http.call("tokens.create", role="admin"))["token"]
    asked = ("POST", "/v1/tokens.create", {"role": "web"})
    made = (await http.ask(*asked, Authorization=f"Bearer {admin}")).json
    async with following(flo, STREAM, Authorization=f"Bearer {made['token']}") as events:
        await events.block()
        revoke = ("POST", "/v1/tokens.revoke", {"id": made["info"]["id"]})
        await http.ask(*revoke, Authorization=f"Bearer {admin}")
        [error] = await events.rest()
        assert (error.name, error.data["code"]) == ("error", "unauthorized")
    async with following(flo, STREAM) as events:
        assert (await events.refusal()).status == 401


async def test_it_ends_with_the_server() -> None:
    flo = FloTestServer()
    await flo.start()
    async with following(flo, STREAM) as events:
        await events.block()
        await flo.stop()
        ended = await events.rest()
        assert [(event.name, event.data["code"]) for event in ended] == [("error", "unavailable")]


async def test_who_leaves_is_waited_for_no_longer(flo: FloTestServer) -> None:
    async with following(flo, STREAM) as events:
        await events.block()
        assert flo.server.info().connections == 1
    await until(lambda: flo.server.info().connections == 0)


async def test_a_slow_reader_is_waited_for(flo: FloTestServer, client: FloClient) -> None:
    """What it has not taken lies in the stream, and not in the server's memory."""
    async with client:
        async with following(flo, STREAM) as events:
            await events.block()
            for _ in range(30):
                await append(client, *("x" * 100_000 for _ in range(10)))
            await flo.settle()
            assert flo._port is not None
            held = [each.transport.get_write_buffer_size() for each in flo._port._connections]
            assert max(held) < 8_000_000
            sizes = {len((await events.next()).data["payload"]) for _ in range(300)}
        assert sizes == {100_000}
