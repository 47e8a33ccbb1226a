"""What is asked over HTTP: calls, batches, errors; and who may ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from floruntime.core.errors import BY_CODE
from floruntime.server.http.problems import status_of
from floruntime.testing import FloTestServer
from tests.server.http.http_peer import HttpPeer, connected


async def test_a_call_of_every_primitive(http: HttpPeer) -> None:
    assert await http.call("shop/kv.put", key="a", value="b", ttl_ms=60_000) == {"version": 1}
    assert await http.call("shop/kv.get", key="a") == "b"
    assert await http.call("shop/kv.get", key="none") is None
    assert await http.call("shop/kv.mget", keys=["none"]) == [None]
    assert await http.call("shop/queue.enqueue", queue="jobs", payload={"n": 1}) == 1
    [message] = (await http.call("shop/queue.dequeue", queue="jobs"))["messages"]
    assert message["payload"] == '{"n": 1}'
    done = await http.call("shop/queue.ack", queue="jobs", seqs=[message])
    assert done == {"done": [1], "stale": []}
    record = await http.call("shop/stream.append", stream="events", payload="e")
    read = await http.call("shop/stream.group_read", stream="events", group="g", consumer="c")
    assert [each["id"] for each in read["records"]] == [record["id"]]
    ids = [{"id": each["id"], "lease": each["lease"]} for each in read["records"]]
    acked = await http.call("shop/stream.group_ack", stream="events", group="g", ids=ids)
    assert acked["done"] == [record["id"]]
    await http.call("shop/action.register", name="greet")
    run = await http.call("shop/action.invoke", name="greet", payload="hello")
    task = await http.call("shop/worker.await_task", worker_id="w", actions=["greet"])
    assert task["run_id"] == run["run_id"]
    claim = {"run_id": task["run_id"], "lease": task["lease"]}
    assert await http.call("shop/worker.complete", worker_id="w", task=claim, output="hi") is None
    finished = await http.call("shop/action.wait", run_id=run["run_id"])
    assert (finished["status"], finished["output"]) == ("completed", "hi")
    names = [each["name"] for each in (await http.call("namespaces.list"))["items"]]
    assert names == ["shop"]
    assert (await http.call("server.info"))["durability"]


async def test_a_workflow(http: HttpPeer) -> None:
    yaml = """
kind: Workflow
name: fulfil
version: "1"
start:
  waitForSignal: { type: paid }
  transitions: { success: flo.Completed }
"""
    assert await http.call("shop/workflow.validate", yaml=yaml) == []
    assert (await http.call("shop/workflow.sync", yaml=yaml))["action"] == "created"
    run_id = await http.call("shop/workflow.start", name="fulfil", input={"order": 42})
    run = await http.call("shop/workflow.status", run_id=run_id)
    assert run["input"] == '{"order": 42}'
    listed = await http.call("shop/workflow.list_runs", workflow_name="fulfil")
    assert [each["run_id"] for each in listed["items"]] == [run_id]
    assert listed["has_more"] is False


@pytest.mark.parametrize(
    ("value", "kept", "given"),
    [
        ("text", b"text", "text"),
        ("", b"", ""),
        ({"base64": "/wA="}, b"\xff\x00", {"base64": "/wA="}),
        ({"base64": "aGk="}, b"hi", "hi"),
        ({"base64": "aGk=", "more": 1}, b'{"base64": "aGk=", "more": 1}', None),
        ({"a": 1}, b'{"a": 1}', None),
        ([1, None], b"[1, null]", None),
        (12, b"12", "12"),
        (None, b"null", "null"),
        (True, b"true", "true"),
    ],
)
async def test_bytes(
    flo: FloTestServer, http: HttpPeer, value: Any, kept: bytes, given: Any
) -> None:
    await http.call("default/kv.put", key="a", value=value)
    async with flo.client() as client:
        assert await client.kv.get("a") == kept
    assert await http.call("default/kv.get", key="a") == (given or kept.decode())


async def test_numbers_are_exact(flo: FloTestServer, http: HttpPeer) -> None:
    text = (
        b'{"stream": "s", "payload": {"a": 1.10, "b": 123456789012345678901234567890, "c": 1E+2}}'
    )
    assert (await http.ask("POST", "/v1/default/stream.append", text)).status == 200
    read = await http.call("default/stream.read", stream="s")
    assert read["records"][0]["payload"].endswith(
        '{"a": 1.10, "b": 123456789012345678901234567890, "c": 1E+2}'
    )
    assert await http.call("default/kv.incr", key="n", delta=2**63 - 1) == 2**63 - 1


@pytest.mark.parametrize(
    ("path", "members", "status", "code"),
    [
        ("shop/kv.get", {}, 400, "bad_request"),
        ("shop/kv.get", {"key": 1}, 400, "bad_request"),
        ("shop/kv.get", {"key": "a", "kye": 1}, 400, "bad_request"),
        ("shop/kv.get", {"key": ""}, 400, "bad_request"),
        ("shop/kv.get", {"key": "a" * 5000}, 400, "bad_request"),
        ("shop/kv.put", {"key": "a", "value": {"base64": "?"}}, 400, "bad_request"),
        ("shop/kv.incr", {"key": "a", "delta": 2**64}, 400, "bad_request"),
        ("shop/kv.incr", {"key": "a", "delta": 1.5}, 400, "bad_request"),
        ("shop/kv.put", {"key": "a", "value": "x" * (2**20 + 1)}, 413, "bad_request"),
        ("shop/kv.put", {"key": "a", "value": "b", "cas_version": 9}, 409, "conflict"),
        ("shop/action.status", {"run_id": "none"}, 404, "not_found"),
        ("shop/kv.nothing", {}, 404, "not_found"),
        ("kv.put", {"key": "a", "value": "b"}, 404, "not_found"),
        ("shop/tokens.list", {}, 404, "not_found"),
        ("shop/kv.watch", {"key": "a"}, 405, "bad_request"),
        ("shop/kv.iterate", {}, 404, "not_found"),
        ("1shop/kv.get", {"key": "a"}, 400, "bad_request"),
        ("shop/stream.read", {"stream": "s", "after": "x"}, 400, "bad_request"),
        ("shop/queue.ack", {"queue": "q", "seqs": [{"lease": 1}]}, 400, "bad_request"),
        ("shop/action.list_runs", {"status": "no such"}, 400, "bad_request"),
    ],
)
async def test_refusals(
    http: HttpPeer, path: str, members: dict[str, Any], status: int, code: str
) -> None:
    problem = await http.refused(path, **members)
    assert (problem["status"], problem["code"], problem["ran"]) == (status, code, "no")
    assert problem["detail"]


async def test_a_conflict_tells_its_version(http: HttpPeer) -> None:
    await http.call("shop/kv.put", key="a", value="b")
    problem = await http.refused("shop/kv.put", key="a", value="b", if_not_exists=True)
    assert problem["current_version"] == 1


async def test_what_is_compressed_is_refused_as_such(http: HttpPeer) -> None:
    asked = ("POST", "/v1/shop/kv.get", {"key": "a"})
    refused = await http.ask(*asked, Content_Encoding="gzip")
    assert (refused.status, "Content-Encoding" in refused.json["detail"]) == (415, True)
    assert (await http.ask(*asked, Content_Encoding="identity")).status == 200


def test_every_error_has_its_status() -> None:
    statuses = {code: status_of(kind("x")) for code, kind in BY_CODE.items()}
    assert {code: status for code, status in statuses.items() if status != 500} == {
        "bad_request": 400,
        "unauthorized": 401,
        "forbidden": 403,
        "not_found": 404,
        "conflict": 409,
        "gap": 410,
        "overloaded": 429,
        "unavailable": 503,
        "timeout": 504,
        "storage_full": 507,
    }


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"key": "\xff"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"key": ' + b"[" * 100_000, "application/json", 400),
        (b'{"key": "a"}', "text/plain", 415),
        (b"key=a", "application/x-www-form-urlencoded", 415),
        (b'{"key": "a"}', "application/json; charset=utf-8", 200),
    ],
)
async def test_bodies(http: HttpPeer, body: bytes, content_type: str, status: int) -> None:
    reply = await http.ask("POST", "/v1/shop/kv.exists", body, Content_Type=content_type)
    assert reply.status == status


@pytest.mark.parametrize("query", ["ttl_ms=60000", "token=secret", "blank"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/shop/kv.put", {"key": "a", "value": "b"}),
        ("/v1/shop/batch", {"commands": [{"call": "kv.put", "key": "a", "value": "b"}]}),
        ("/v1/namespaces.create", {"name": "shop"}),
    ],
)
async def test_a_field_in_the_address_is_refused(
    http: HttpPeer, path: str, body: Any, query: str
) -> None:
    reply = await http.ask("POST", f"{path}?{query}", body)
    assert reply.status == 400
    name = query.partition("=")[0]
    assert (
        reply.json["detail"]
        == f"'{name}' is in the address; put the fields of a call into its body"
    )
    assert (await http.call("namespaces.list"))["items"] == []


async def test_a_call_without_arguments_needs_no_body(http: HttpPeer) -> None:
    assert (await http.ask("POST", "/v1/shop/queue.list")).json["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/v1/shop/kv.get", 405, "POST, OPTIONS"),
        ("PUT", "/healthz", 405, "GET, HEAD, OPTIONS"),
        ("DELETE", "/v1/openapi.json", 405, "GET, HEAD, OPTIONS"),
        ("OPTIONS", "/v1/shop/kv.get", 204, "POST, OPTIONS"),
        ("OPTIONS", "/readyz", 204, "GET, HEAD, OPTIONS"),
        ("HEAD", "/v1/openapi.json", 200, None),
        ("GET", "/nothing", 404, None),
    ],
)
async def test_methods(
    http: HttpPeer, method: str, path: str, status: int, allowed: str | None
) -> None:
    reply = await http.ask(method, path)
    assert (reply.status, reply.headers.get("allow")) == (status, allowed)


async def test_a_batch(http: HttpPeer) -> None:
    commands = [
        {"call": "kv.put", "key": "a", "value": "b"},
        {"call": "queue.enqueue", "queue": "q", "payload": "m"},
        {"call": "stream.append", "stream": "s", "payload": {"base64": "/w=="}},
    ]
    results = (await http.call("shop/batch", commands=commands))["results"]
    assert results[:2] == [{"version": 1}, 1]
    refused = [*commands, {"call": "kv.check", "key": "a", "version": 5}]
    problem = await http.refused("shop/batch", commands=refused)
    assert (problem["status"], problem["index"]) == (409, 3)
    assert (await http.call("shop/queue.stats", queue="q"))["ready"] == 1


@pytest.mark.parametrize(
    ("command", "index"),
    [({"call": "kv.get", "key": "a"}, 1), ({"key": "a"}, 1), ({"call": "kv.put", "key": 1}, 1)],
)
async def test_a_batch_names_what_it_does_not_take(
    http: HttpPeer, command: dict[str, Any], index: int
) -> None:
    commands = [{"call": "kv.put", "key": "a", "value": "b"}, command]
    problem = await http.refused("shop/batch", commands=commands)
    assert (problem["status"], problem["index"]) == (400, index)


async def test_readiness_tells_why_not(flo: FloTestServer, http: HttpPeer) -> None:
    assert (await http.ask("GET", "/readyz")).status == 200
    flo.server.commit.may_grow = False
    reply = await http.ask("GET", "/readyz")
    assert (reply.status, reply.body) == (503, b"the disk is nearly full\n")


# Who


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost"}, 200),
        ({"Host": "localhost:9000"}, 200),
        ({"Host": "127.0.0.1:9000"}, 200),
        ({"Host": "[::1]:9000"}, 200),
        ({"Host": "192.0.2.7"}, 200),
        ({"Host": "app.example.org"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "localhost.evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "evil.example@localhost"}, 421),
        ({"Host": "localhost:evil"}, 421),
        ({"Host": "localhost/evil.example"}, 421),
        ({"Host": "localhost#evil.example"}, 421),
    ],
)
async def test_hosts(headers: dict[str, str], status: int) -> None:
    async with (
        FloTestServer(allowed_origins=["https://app.example.org"]) as flo,
        connected(flo) as http,
    ):
        reply = await http.ask("POST", "/v1/shop/kv.put", {"key": "a", "value": "b"}, **headers)
        assert reply.status == status
        assert (await http.ask("GET", "/healthz", **headers)).status == 200


@pytest.mark.parametrize(
    ("headers", "read", "write"),
    [
        ({}, 200, 200),
        ({"Origin": "http://localhost:5173"}, 200, 403),
        ({"Origin": "https://app.example.org"}, 200, 403),
        ({"Origin": "https://evil.example"}, 403, 403),
        ({"Origin": "null"}, 403, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403, 403),
    ],
)
async def test_pages_are_of_the_role_web(headers: dict[str, str], read: int, write: int) -> None:
    async with (
        FloTestServer(allowed_origins=["https://app.example.org"]) as flo,
        connected(flo) as http,
    ):
        reply = await http.ask("POST", "/v1/shop/kv.exists", {"key": "a"}, **headers)
        assert reply.status == read
        body = {"key": "a", "value": "b"}
        assert (await http.ask("POST", "/v1/shop/kv.put", body, **headers)).status == write


async def test_cors() -> None:
    async with (
        FloTestServer(allowed_origins=["https://app.example.org"]) as flo,
        connected(flo) as http,
    ):
        asked = {"Access_Control_Request_Method": "POST"}
        reply = await http.ask(
            "OPTIONS", "/v1/shop/kv.get", Origin="https://app.example.org", **asked
        )
        assert reply.status == 204
        assert reply.headers["access-control-allow-origin"] == "https://app.example.org"
        assert "POST" in reply.headers["access-control-allow-methods"]
        assert "Idempotency-Key" in reply.headers["access-control-allow-headers"]
        foreign = await http.ask(
            "OPTIONS", "/v1/shop/kv.get", Origin="https://evil.example", **asked
        )
        assert not [name for name in foreign.headers if name.startswith("access-control")]
        refused = await http.ask("POST", "/v1/shop/kv.get", {}, Origin="https://app.example.org")
        assert refused.status == 400
        assert refused.headers["access-control-allow-origin"] == "https://app.example.org"


async def test_with_tokens_the_token_decides(flo: FloTestServer, http: HttpPeer) -> None:
    made = await http.call("tokens.create", role="admin")
    admin = {"Authorization": f"Bearer {made['token']}"}
    asked = ("POST", "/v1/shop/kv.exists", {"key": "a"})
    reply = await http.ask(*asked)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert (await http.ask(*asked, Authorization="Bearer flo_wrong")).status == 401
    assert (await http.ask(*asked, Authorization="Basic YTpi")).status == 401
    assert (await http.ask(*asked, **admin)).status == 200
    assert (await http.ask(*asked, **admin, Origin="https://evil.example")).status == 200
    assert (await http.ask(*asked, **admin, Host="any.example")).status == 200
    assert (await http.ask("GET", "/v1/openapi.json")).status == 401
    reply = await http.ask(
        "POST", "/v1/tokens.create", {"role": "web", "namespaces": ["shop"]}, **admin
    )
    web = {"Authorization": f"bearer {reply.json['token']}"}
    assert (await http.ask(*asked, **web)).status == 200
    assert (await http.ask("POST", "/v1/other/kv.exists", {"key": "a"}, **web)).status == 403
    assert (await http.ask("POST", "/v1/shop/kv.delete", {"key": "a"}, **web)).status == 403
    id = reply.json["info"]["id"]
    assert (await http.ask("POST", "/v1/tokens.revoke", {"id": id}, **admin)).status == 200
    assert (await http.ask(*asked, **web)).status == 401


async def test_a_backup(tmp_path: Path) -> None:
    async with FloTestServer(str(tmp_path / "data")) as flo, connected(flo) as http:
        await http.call("shop/kv.put", key="a", value="b")
        copy = tmp_path / "copy"
        assert await http.call("server.backup", directory=str(copy)) == str(copy)
        assert (await http.refused("server.backup", directory=str(copy)))["status"] == 400
        page = {"Origin": f"http://{flo.endpoint}", "Sec-Fetch-Site": "same-origin"}
        asked = {"directory": str(tmp_path / "other")}
        reply = await http.ask("POST", "/v1/server.backup", asked, **page)
        assert reply.status == 403
    async with FloTestServer(str(copy)) as flo, connected(flo) as http:
        assert await http.call("shop/kv.get", key="a") == "b"


async def test_what_is_the_engines_own_is_read_and_not_written(http: HttpPeer) -> None:
    await http.call("namespaces.create", name="shop")
    [record] = (await http.call("_system/stream.read", stream="_audit", start="0"))["records"]
    assert "NamespaceCreate" in record["payload"]
    refused = await http.refused("_system/kv.put", key="a", value="b")
    assert (refused["status"], refused["code"]) == (400, "bad_request")
    assert "can be read, not written" in refused["detail"]
