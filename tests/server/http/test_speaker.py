"""HTTP on a socket: one request at a time, bounded in size and in time, and nothing ambiguous."""

from __future__ import annotations

import asyncio
import base64
import ssl
from pathlib import Path

import pytest
import trustme

from floruntime.server import limits
from floruntime.server.http.speaker import HttpSpeaker
from floruntime.testing import FloTestServer
from tests.server.http.http_peer import HttpPeer, connect, connected
from tests.until import until

HEAD = b"POST /v1/shop/kv.exists HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


async def test_a_connection_is_kept(http: HttpPeer) -> None:
    for _ in range(3):
        assert (await http.ask("GET", "/healthz")).body == b"ok\n"


async def test_close_is_heard(http: HttpPeer) -> None:
    reply = await http.ask("GET", "/healthz", Connection="close")
    assert reply.headers["connection"] == "close"
    assert await http.rest() == b""


async def test_an_older_http_is_answered_and_ended(http: HttpPeer) -> None:
    http.send(b"GET /healthz HTTP/1.0\r\n\r\n")
    answer = await http.rest()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"ok\n")


async def test_a_head_has_no_body(http: HttpPeer) -> None:
    http.send(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await http.rest()
    assert b"Content-Length: 3\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_what_is_sent_ahead_is_not_answered(http: HttpPeer) -> None:
    """Pipelining: the first request is answered, and the connection ends."""
    http.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    answer = await http.rest()
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert b"Connection: close" in answer


async def test_what_is_sent_while_an_answer_is_awaited_is_not_run(
    flo: FloTestServer, http: HttpPeer
) -> None:
    body = b'{"key": "a", "block_ms": 1000}'
    http.send(
        b"POST /v1/shop/kv.get HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await until(lambda: flo.server.info().connections == 1)
    http.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    async with connected(flo) as other:  # what was sent before has come by the time of this
        await other.call("shop/kv.put", key="a", value="b")
    answer = await http.rest()
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.endswith(b'"b"')


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1_0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nz\r\n", 400),
        (HEAD + b"Transfer-Encoding : chunked\r\n\r\n", 400),
        (HEAD + b"Host: other\r\n\r\n", 400),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n", 413),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET http://a/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 400),
        (b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\nOrigin: http://b\r\n\r\n",
            400,
        ),
        (b"GET /" + b"a" * limits.HTTP_HEAD_BYTES_MAX + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"GET /" + b"a" * (2 * limits.HTTP_HEAD_BYTES_MAX), 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10_000 + b"\r\n", 431),
    ],
)
async def test_what_is_ambiguous_or_too_large_is_refused(
    http: HttpPeer, request_bytes: bytes, status: int
) -> None:
    http.send(request_bytes)
    answer = await http.rest()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_body_that_grows_too_large_is_refused(flo: FloTestServer, http: HttpPeer) -> None:
    http.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    for _ in range(flo.server.frame_bytes_max * limits.HTTP_BODY_FACTOR // 0x100000 + 1):
        http.send(chunk)
    assert (await http.reply_raw()).startswith(b"HTTP/1.1 413 ")
    await until(lambda: flo.server.load.held_bytes == 0)


async def test_bodies_count_as_what_is_in_flight() -> None:
    async with FloTestServer(pending_bytes_max=1024) as flo, connected(flo) as http:
        http.send(HEAD + b"Content-Length: 2000\r\n\r\n" + b"x" * 1500)
        assert (await http.rest()).startswith(b"HTTP/1.1 429 ")
        assert flo.server.load.held_bytes == 0


@pytest.mark.parametrize("sent", [b"GET /hea", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{"])
async def test_what_is_slow_is_ended(
    flo: FloTestServer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(limits, "HTTP_HEAD_MS_MAX", 50)
    monkeypatch.setattr(limits, "HTTP_BODY_MS_MAX", 50)
    async with connected(flo) as http:
        http.send(sent)
        assert (await http.rest()).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_comes_byte_by_byte_gets_no_more_time(
    flo: FloTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HTTP_HEAD_MS_MAX", 50)
    async with connected(flo) as http:
        http.send(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        ended = asyncio.ensure_future(http.rest())
        while not ended.done():
            http.send(b"a")
            await asyncio.sleep(0)
        assert ended.result().startswith(b"HTTP/1.1 408 ")


async def test_who_asks_nothing_more_is_ended(
    flo: FloTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HTTP_IDLE_MS_MAX", 50)
    async with connected(flo) as http:
        await http.ask("GET", "/healthz")
        assert await http.rest() == b""


async def test_a_body_is_asked_for_where_the_client_waits_to_be(http: HttpPeer) -> None:
    http.send(HEAD + b"Content-Length: 11\r\nExpect: 100-continue\r\n\r\n")
    assert (await http.reply_raw()).startswith(b"HTTP/1.1 100 ")
    http.send(b'{"key":"a"}')
    assert (await http.reply_raw()).endswith(b"false")


async def test_who_hangs_up_waits_no_longer(flo: FloTestServer) -> None:
    http = await connect(flo)
    body = b'{"queue": "q", "block_ms": 60000}'
    http.send(
        HEAD.replace(b"kv.exists", b"queue.dequeue")
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await until(lambda: flo.server.info().connections == 1)
    await http.close()
    await until(lambda: flo.server.info().connections == 0)
    async with connected(flo) as other:
        await other.call("shop/queue.enqueue", queue="q", payload="job")
        assert (await other.call("shop/queue.stats", queue="q"))["ready"] == 1


async def test_a_server_that_stops_ends_idle_connections_at_once() -> None:
    flo = FloTestServer()
    await flo.start()
    http = await connect(flo)
    await http.ask("GET", "/healthz")
    async with asyncio.timeout(limits.CLOSE_MS_MAX / 1000 / 2):
        await flo.stop()
    assert await http.rest() == b""
    await http.close()


async def test_other_protocols_go_on(flo: FloTestServer) -> None:
    async with flo.client() as client, flo.web_client() as web:
        await client.kv.put("a", b"b")
        assert await web.kv.get("a") == b"b"


async def test_without_http_there_is_websocket_alone() -> None:
    async with FloTestServer(http=False) as flo, flo.web_client() as web:
        assert await web.kv.get("a") is None
        async with connected(flo) as http:
            http.send(b"POST /v1/shop/kv.get HTTP/1.1\r\n\r\n")
            assert await http.rest() == b""


async def test_over_tls(tmp_path: Path) -> None:
    file = str(tmp_path / "server.pem")
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(file)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with FloTestServer(tls_cert=file, tls_key=file) as flo:
        port = int(flo.endpoint.rpartition(":")[2])
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="localhost"
        )
        http = HttpPeer(reader, writer)
        assert await http.call("shop/kv.put", key="a", value="b") == {"version": 1}
        assert (await http.ask("GET", "/healthz", Connection="close")).status == 200
        assert await http.rest() == b""
        await http.close()


async def test_a_body_in_tiny_chunks_is_read_a_little_at_a_time(
    flo: FloTestServer, http: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each chunk costs as much as a request, and 250 kB hold 40,000 of them."""
    longest_bytes = 0
    take_in = HttpSpeaker._take_in

    def noted(speaker: HttpSpeaker, data: memoryview) -> None:
        nonlocal longest_bytes
        longest_bytes = max(longest_bytes, len(data))
        take_in(speaker, data)

    monkeypatch.setattr(HttpSpeaker, "_take_in", noted)
    text = b'{"key": "%s"}' % (b"a" * 1_000)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in text) + b"0\r\n\r\n"
    http.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert (await http.reply()).json is False
    assert longest_bytes <= limits.WEB_SLICE_BYTES
    body = b'{"key": "%s"}' % (b"a" * 200_000)
    async with connected(flo) as other:
        other.send(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert (await other.reply()).status == 400
    assert limits.WEB_SLICE_BYTES < longest_bytes <= limits.HTTP_SLICE_BYTES, "with a length more"


async def test_its_reading_is_shared_out_like_that_of_others(
    flo: FloTestServer, http: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[bool] = []
    go_on = HttpSpeaker.go_on

    def noted(speaker: HttpSpeaker, until_s: float) -> bool:
        has_more = go_on(speaker, speaker._turns.now_s())  # its share is over at once
        turns.append(has_more)
        return has_more

    monkeypatch.setattr(HttpSpeaker, "go_on", noted)
    body = b'{"key": "%s"}' % (b"a" * 300_000)
    http.send(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert (await http.reply()).status == 400
    assert turns.count(True) > 2


async def test_a_large_list_is_answered_as_a_small_one_would_be(
    flo: FloTestServer, http: HttpPeer
) -> None:
    client = flo.client(namespace="shop")
    keys = [f"k{number}" for number in range(12)]
    values = {key: key * 300_000 for key in keys}
    for key, value in values.items():
        await client.kv.put(key, value.encode())
    await client.kv.put("bytes", b"\xff" * 900_000)
    found = await http.call("shop/kv.mget", keys=[*keys, "none", "bytes"])
    assert [each["value"] for each in found[:-2]] == list(values.values())
    assert found[-2] is None
    assert found[-1]["value"] == {"base64": base64.b64encode(b"\xff" * 900_000).decode()}
    assert await http.call("shop/kv.mget", keys=["none"]) == [None]
    assert flo.server.answers.held_bytes == 0
