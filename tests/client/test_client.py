"""One client over a scripted server: connecting, time-outs, losses, closing. In virtual time."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import pytest

from floruntime.client.client import FloClient
from floruntime.client.link.retry import RetryPolicy
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    ConnectionFailedError,
    NotConnectedError,
    OverloadedError,
    ProtocolError,
    RequestTimeoutError,
    UnauthorizedError,
    UnavailableError,
)
from floruntime.core.kv import KvGet, KvPut, PutResult
from floruntime.core.limits import SESSION_BLOCK_WRITES, SESSION_BLOCKS
from floruntime.core.queue import DequeueResult, Message, QueueDequeue, QueueNack
from floruntime.core.stream import GroupNack, GroupRead, ReadResult, StreamID, StreamRecord
from floruntime.core.system import (
    Backup,
    CancelWait,
    GetServerInfo,
    Ping,
    ServerInfo,
    ServerLimits,
    SessionOpen,
)
from floruntime.core.wire import Envelope
from tests.client.fake_server import SILENCE, FakeServer, answer_plainly
from tests.client.virtual_time import settle, virtual

EXACT = RetryPolicy(initial_delay_ms=100, max_delay_ms=1_000, jitter=0)


def client_of(server: FakeServer, **options: Any) -> FloClient:
    return FloClient("fake:9000", transport=server, retry=EXACT, **options)


def silent_for(kind: type[Any]) -> Any:
    return lambda envelope: (
        SILENCE if isinstance(envelope.request, kind) else answer_plainly(envelope)
    )


def now_s() -> float:
    return asyncio.get_running_loop().time()


# Connecting


@virtual
async def test_greets_with_version_session_and_token() -> None:
    server = FakeServer()
    async with client_of(server, token="secret") as client:
        assert client.is_connected
        assert await client.ping() >= 0
    assert not client.is_connected
    (hello,) = server.hellos
    assert hello.token == "secret"
    assert len(hello.session) == 32
    assert int(hello.session, 16) >= 0
    assert server.released == 1


@virtual
async def test_a_refused_connection_fails_at_once() -> None:
    server = FakeServer()
    server.connect_error = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    began = now_s()
    with pytest.raises(ConnectionFailedError, match=r"fake:9000.*refused") as caught:
        await client_of(server).connect()
    assert now_s() == began
    assert caught.value.ran == "no"
    assert server.released == 1


@virtual
async def test_a_server_that_never_greets_fails_after_the_time_out() -> None:
    server = FakeServer()
    server.is_deaf = True
    began = now_s()
    with pytest.raises(ConnectionFailedError, match=r"within 0\.7 s"):
        await client_of(server, timeout_ms=700).connect()
    assert now_s() - began == pytest.approx(0.7)
    assert server.links[0].is_closed


@virtual
async def test_a_refused_token_is_its_typed_error() -> None:
    server = FakeServer()
    server.refusal = UnauthorizedError("token 'x' is not known")
    client = client_of(server, token="x")
    with pytest.raises(UnauthorizedError, match="'x' is not known"):
        await client.connect()
    server.refusal = None
    async with client:
        assert client.is_connected


@virtual
async def test_connecting_twice_keeps_the_first_connection() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        await client.connect()
    assert server.connects == 1


@virtual
async def test_a_closed_client_can_connect_again() -> None:
    server = FakeServer()
    client = client_of(server)
    for _ in range(2):
        async with client:
            assert (await client.kv.put("a", "1")).version == 1


@pytest.mark.parametrize("options", [{"timeout_ms": 0}, {"timeout_ms": -1}, {"namespace": "9x"}])
def test_options_that_can_never_be_right_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match=next(iter(options))):
        client_of(FakeServer(), **options)


# Calls


@virtual
async def test_many_calls_share_one_connection_and_answers_come_in_any_order() -> None:
    held: list[Envelope] = []
    server = FakeServer(lambda envelope: held.append(envelope) or SILENCE)  # type: ignore[func-returns-value]  # None
    async with client_of(server) as client:
        calls = [asyncio.ensure_future(client.kv.get(f"k{n}")) for n in range(500)]
        await settle()
        assert len(held) == 500
        peer = server.links[0]._peer
        server.script = answer_plainly
        for envelope in reversed(held):
            peer._handle(envelope)
        assert await asyncio.gather(*calls) == [b"k%d" % n for n in range(500)]
    assert server.connects == 1


@virtual
async def test_calls_of_one_turn_go_out_in_one_write() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        await asyncio.gather(*(client.kv.get(f"k{n}") for n in range(100)))
        assert len(server.links[0].sent) == 2  # the greeting, the rest


@virtual
async def test_a_session_is_opened_once_and_writes_are_numbered_from_one() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        await client.kv.get("a")
        assert not server.sessions
        results = await asyncio.gather(*(client.kv.put(f"k{n}", b"") for n in range(50)))
    assert [each.version for each in results] == list(range(1, 51))
    assert len(server.requests(SessionOpen)) == 1


@virtual
async def test_a_refused_session_refuses_the_writes_that_waited_for_it() -> None:
    server = FakeServer()
    server.session_refusal = ConflictError("no sessions today")
    async with client_of(server) as client:
        puts = [client.kv.put("a", b""), client.kv.put("b", b"")]
        results = await asyncio.gather(*puts, return_exceptions=True)
        assert [str(each) for each in results] == ["no sessions today"] * 2
        assert results[0] is not results[1]
        server.session_refusal = None
        assert (await client.kv.put("a", b"")).version == 1


@virtual
async def test_the_namespace_of_a_call_goes_before_the_clients() -> None:
    server = FakeServer()
    async with client_of(server, namespace="mine") as client:
        await client.kv.get("a")
        await client.kv.get("a", namespace="other")
        await client.kv.get("a", namespace="")
    assert [each.namespace for each in server.seen] == ["mine", "other", ""]


@virtual
async def test_a_request_over_the_frame_limit_is_refused_before_it_is_sent() -> None:
    server = FakeServer()
    server.limits = ServerLimits(500, 600, 100)
    async with client_of(server) as client:
        await client.kv.put("a", b"")
        with pytest.raises(BadRequestError, match="at most 600 in one request"):
            await client.queue.enqueue_many("a", [b"x" * 300, b"x" * 300])
        with pytest.raises(BadRequestError, match=r"value has 601 bytes; .* at most 500"):
            await client.kv.put("a", b"x" * 601)
        assert len(server.seen) == 2  # the session, and the first put
        await client.kv.put("a", b"x" * 500)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("\ud800", r"KvGet: key is '.*'; it has half a character"),
        (2**64, f"key is {2**64}; it must fit into 64 bits"),
        pytest.param(10**5_000, "key is a number of 16610 bits; it must fit", id="5,001 digits"),
    ],
)
@virtual
async def test_what_cannot_be_written_on_the_wire_is_a_bad_request(key: Any, told: str) -> None:
    async with client_of(FakeServer()) as client:
        with pytest.raises(BadRequestError, match=told):
            await client.kv.get(key)
        assert await client.kv.get("a") == b"a"


@virtual
async def test_what_cannot_be_written_is_named_wherever_it_stands() -> None:
    async with client_of(FakeServer()) as client:
        with pytest.raises(BadRequestError, match="seqs is a number of 16610 bits"):
            await client.queue.ack("q", [1, 10**5_000])
        with pytest.raises(BadRequestError, match=r"headers is '.*'; it has half a character"):
            await client.stream.append("s", b"", headers={"h": "\ud800"})
        with pytest.raises(BadRequestError, match=f"delta is {2**64}"):
            async with client.batch() as batch:
                batch.kv.incr("k", 2**64)


@virtual
async def test_no_more_is_in_flight_than_the_server_takes() -> None:
    server = FakeServer(lambda envelope: SILENCE)
    server.limits = ServerLimits(1 << 20, 2 << 20, 3)
    async with client_of(server, timeout_ms=1_000) as client:
        calls = [asyncio.ensure_future(client.kv.get(f"k{n}")) for n in range(5)]
        await settle()
        assert [each.key for each in server.requests(KvGet)] == ["k0", "k1", "k2"]
        server.script = answer_plainly
        for envelope in list(server.seen):
            server.links[0]._peer._handle(envelope)
        assert await asyncio.gather(*calls) == [b"k0", b"k1", b"k2", b"k3", b"k4"]


# Time-outs


@virtual
async def test_a_write_that_was_sent_may_have_run() -> None:
    server = FakeServer(silent_for(KvPut))
    async with client_of(server, timeout_ms=300) as client:
        began = now_s()
        with pytest.raises(RequestTimeoutError, match="300 ms") as caught:
            await client.kv.put("a", b"")
        assert now_s() - began == pytest.approx(0.3)
        assert caught.value.ran == "maybe"
        server.script = answer_plainly
        assert (await client.kv.put("b", b"")).version == 2  # its number stays used


@virtual
async def test_a_query_that_timed_out_did_not_run() -> None:
    async with client_of(FakeServer(silent_for(KvGet))) as client:
        with pytest.raises(RequestTimeoutError) as caught:
            await client.kv.get("a")
        assert caught.value.ran == "no"


@virtual
async def test_one_call_can_have_a_time_out_of_its_own() -> None:
    server = FakeServer(lambda envelope: SILENCE)
    async with client_of(server, timeout_ms=5_000) as client:
        loop = asyncio.get_running_loop()
        for timeout_ms in (200, 60_000):
            begun_s = loop.time()
            with pytest.raises(RequestTimeoutError, match=f"{timeout_ms} ms"):
                await client.kv.get("a", timeout_ms=timeout_ms)
            assert loop.time() - begun_s == pytest.approx(timeout_ms / 1000)
        begun_s = loop.time()
        with pytest.raises(RequestTimeoutError, match="900 ms"):
            async with client.batch(timeout_ms=900) as b:
                b.kv.put("a", b"")
        assert loop.time() - begun_s == pytest.approx(0.9)
        with pytest.raises(BadRequestError, match="timeout_ms is 0"):
            await client.kv.get("a", timeout_ms=0)


@virtual
async def test_block_ms_is_added_to_the_time_out() -> None:
    async with client_of(FakeServer(silent_for(KvGet)), timeout_ms=1_000) as client:
        began = now_s()
        with pytest.raises(RequestTimeoutError):
            await client.kv.get("a", block_ms=60_000)
        assert now_s() - began == pytest.approx(61)


@pytest.mark.parametrize("block_ms", [-1, 300_001])
@virtual
async def test_a_block_that_can_never_be_right_is_refused_before_it_is_sent(block_ms: int) -> None:
    server = FakeServer()
    async with client_of(server) as client:
        with pytest.raises(BadRequestError, match=r"block_ms.*300000"):
            await client.kv.get("a", block_ms=block_ms)
        await client.kv.get("a", block_ms=300_000)
    assert len(server.requests(KvGet)) == 1


@virtual
async def test_a_late_answer_is_dropped() -> None:
    held: list[Envelope] = []
    server = FakeServer(lambda envelope: held.append(envelope) or SILENCE)  # type: ignore[func-returns-value]  # None
    async with client_of(server, timeout_ms=300) as client:
        with pytest.raises(RequestTimeoutError):
            await client.kv.get("late")
        server.script = answer_plainly
        server.links[0]._peer._handle(held[0])
        assert await client.kv.get("next") == b"next"
        assert server.connects == 1


@virtual
async def test_a_write_that_never_went_out_certainly_did_not_run() -> None:
    server = FakeServer()
    async with client_of(server, timeout_ms=300) as client:
        server.connect_error = ConnectionRefusedError("refused")
        server.drop_links()
        with pytest.raises(RequestTimeoutError, match="no connection to fake:9000") as caught:
            await client.kv.put("a", b"")
        assert caught.value.ran == "no"
        assert isinstance(caught.value.__cause__, ConnectionFailedError)
        server.connect_error = None
        assert (await client.kv.put("b", b"")).version == 1
    assert [each.key for each in server.requests(KvPut)] == ["b"]


@virtual
async def test_a_silent_peer_is_probed_and_left() -> None:
    server = FakeServer(silent_for(KvGet))
    server.answers_probes = False
    async with client_of(server, timeout_ms=300) as client:
        with pytest.raises(RequestTimeoutError):
            await client.kv.get("a")
        server.script = answer_plainly
        await asyncio.sleep(1.1)  # asked after 0.5 s without a word, given up after 1 s more
        assert server.connects == 1
        assert client.is_connected
        await asyncio.sleep(0.5)
        assert server.connects == 2
        assert await client.kv.get("a") == b"a"


@virtual
async def test_a_slow_peer_that_answers_the_probe_is_kept() -> None:
    server = FakeServer(silent_for(KvGet))
    async with client_of(server, timeout_ms=300) as client:
        for _ in range(3):
            with pytest.raises(RequestTimeoutError):
                await client.kv.get("a")
        assert server.requests(Ping)
    assert server.connects == 1


# Cancelling


@virtual
async def test_a_cancelled_call_leaves_the_connection_usable() -> None:
    server = FakeServer(silent_for(KvPut))
    async with client_of(server) as client:
        task = asyncio.ensure_future(client.kv.put("a", b""))
        await settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.drop_links()
        server.script = answer_plainly
        assert await client.kv.get("b") == b"b"
        assert len(server.requests(KvPut)) == 1  # given up: not sent again


@virtual
async def test_a_call_cancelled_before_it_could_go_out_never_goes() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        server.drop_links()
        tasks = [asyncio.ensure_future(client.kv.put(key, b"")) for key in ("a", "b")]
        await asyncio.sleep(0)
        tasks[0].cancel()
        assert (await tasks[1]).version == 1
    assert [each.key for each in server.requests(KvPut)] == ["b"]


@virtual
async def test_a_wait_given_up_is_ended_on_the_server_too() -> None:
    server = FakeServer(silent_for(KvGet))
    async with client_of(server) as client:
        task = asyncio.ensure_future(client.kv.get("a", block_ms=60_000, namespace="other"))
        await settle()
        task.cancel()
        await settle()
        wait, end = server.seen
        assert end.request == CancelWait(wait.id)
        assert end.namespace == "other"


MESSAGE = Message(7, b"x", 10, 1, 99, 0)
RECORD = StreamRecord(StreamID(5, 0), 0, 0, "s", b"x", {}, None, 5, 1, 98)


@pytest.mark.parametrize(
    ("request_", "result", "expected"),
    [
        (
            QueueDequeue("q", 1, 30_000, 10_000),
            DequeueResult([MESSAGE]),
            QueueNack("q", [7], [99], release=True),
        ),
        (
            GroupRead("s", "g", "c", 10, 10_000),
            ReadResult([RECORD]),
            GroupNack("s", "g", [StreamID(5, 0)], [98], consumer="c", release=True),
        ),
    ],
)
@virtual
async def test_what_a_cancelled_wait_is_given_is_handed_back(
    request_: Any, result: Any, expected: Any
) -> None:
    held: list[Envelope] = []
    server = FakeServer(lambda envelope: held.append(envelope) or SILENCE)  # type: ignore[func-returns-value]  # None
    async with client_of(server) as client:
        task = asyncio.ensure_future(client.call(request_, block_ms=10_000, namespace="other"))
        await settle()
        task.cancel()
        await settle()
        server.script = lambda envelope: result
        server.links[0]._peer._handle(held[0])
        await settle()
        assert server.seen[-1].request == expected
        assert server.seen[-1].namespace == "other"


@virtual
async def test_an_answer_that_came_in_the_moment_of_the_cancel_is_handed_back() -> None:
    loop = asyncio.get_running_loop()

    def answer_then_cancel(envelope: Envelope) -> Any:
        loop.call_soon(lambda: loop.call_soon(task.cancel))  # just before the caller wakes
        server.script = answer_plainly
        return DequeueResult([MESSAGE])

    server = FakeServer(answer_then_cancel)
    async with client_of(server) as client:
        task = asyncio.ensure_future(client.call(QueueDequeue("q")))
        with pytest.raises(asyncio.CancelledError):
            await task
        await settle()
        assert server.seen[-1].request == QueueNack("q", [7], [99], release=True)


# Losing the connection


@virtual
async def test_an_unanswered_write_is_sent_again_under_its_number_and_runs_once() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        await client.kv.put("first", b"")
        server.loses_answers = True
        task = asyncio.ensure_future(client.kv.put("a", b""))
        await settle()
        server.loses_answers = False
        server.drop_links()
        assert not client.is_connected
        assert (await task).version == 2
        assert client.is_connected
    assert [(each.number, each.request.key) for each in server.seen if each.number] == [
        (1, "first"),
        (2, "a"),
        (2, "a"),
    ]
    assert [each.number for each in server.applied] == [1, 2]
    assert server.hellos[0].session == server.hellos[1].session
    assert len(server.requests(SessionOpen)) == 1


@virtual
async def test_unanswered_writes_are_sent_again_in_their_order() -> None:
    server = FakeServer(silent_for(KvPut))
    async with client_of(server) as client:
        tasks = [asyncio.ensure_future(client.kv.put(f"k{n}", b"")) for n in range(20)]
        await settle()
        server.script = answer_plainly
        server.drop_links()
        await asyncio.gather(*tasks)
    assert [each.number for each in server.applied] == list(range(1, 21))


@virtual
async def test_an_unanswered_query_is_asked_again() -> None:
    server = FakeServer(silent_for(KvGet))
    async with client_of(server) as client:
        task = asyncio.ensure_future(client.kv.get("a"))
        await settle()
        server.script = answer_plainly
        server.drop_links()
        assert await task == b"a"


@virtual
async def test_a_question_about_the_server_is_asked_again() -> None:
    info = ServerInfo("9", "sync", ServerLimits(1, 2, 3), 5)
    server = FakeServer(silent_for(GetServerInfo))
    async with client_of(server) as client:
        task = asyncio.ensure_future(client.info())
        await settle()
        server.script = lambda envelope: info
        server.drop_links()
        assert await task == info


@virtual
async def test_a_wait_asked_again_waits_only_for_what_is_left() -> None:
    server = FakeServer(silent_for(KvGet))
    async with client_of(server) as client:
        task = asyncio.ensure_future(client.kv.get("a", block_ms=20_000))
        await asyncio.sleep(15)
        server.script = answer_plainly
        server.drop_links()
        await task
    assert [each.block_ms for each in server.requests(KvGet)] == [
        20_000,
        pytest.approx(4_900, abs=2),
    ]


@virtual
async def test_what_has_neither_number_nor_is_a_query_fails_with_maybe() -> None:
    server = FakeServer(silent_for(Backup))
    async with client_of(server) as client:
        task = asyncio.ensure_future(client.call(Backup("/somewhere")))
        await settle()
        server.drop_links()
        with pytest.raises(ConnectionFailedError) as caught:
            await task
        assert caught.value.ran == "maybe"


@virtual
async def test_a_loss_while_the_session_opens_opens_it_again() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        server.loses_answers = True
        task = asyncio.ensure_future(client.kv.put("a", b""))
        await settle()
        server.sessions.clear()
        server.loses_answers = False
        server.drop_links()
        assert (await task).version == 1
    assert len(server.requests(SessionOpen)) == 2


@virtual
async def test_a_forgotten_session_fails_unanswered_writes_and_makes_a_fresh_one() -> None:
    server = FakeServer(silent_for(KvPut))
    async with client_of(server) as client:
        tasks = [asyncio.ensure_future(client.kv.put(f"k{n}", b"")) for n in range(3)]
        query = asyncio.ensure_future(client.kv.get("q"))
        await settle()
        server.script = answer_plainly
        server.sessions.clear()
        server.drop_links()
        for task in tasks:
            with pytest.raises(ConnectionFailedError, match="no longer remembers") as caught:
                await task
            assert caught.value.ran == "maybe"
        assert await query == b"q"
        assert (await client.kv.put("new", b"")).version == 1
    old, again, fresh = [each.session for each in server.hellos]
    assert old == again != fresh
    assert list(server.sessions) == [fresh]
    assert [each.request for each in server.applied] == [KvPut("new", b"")]


@virtual
async def test_calls_wait_for_the_reconnect_which_backs_off() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        server.connect_error = ConnectionRefusedError("refused")
        server.drop_links()
        task = asyncio.ensure_future(client.kv.get("a"))
        await asyncio.sleep(3.2)
        # tries after 0.1, 0.3, 0.7, 1.5, 2.5 (the delay is at most 1 s), not yet 3.5
        assert server.connects == 1 + 5
        server.connect_error = None
        assert await task == b"a"


@virtual
async def test_a_token_refused_on_reconnect_is_told_to_waiting_calls_at_once() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        server.refusal = UnauthorizedError("the token was revoked")
        server.drop_links()
        began = now_s()
        with pytest.raises(UnauthorizedError, match="revoked"):
            await client.kv.get("a")
        assert now_s() - began < 1
        connects = server.connects
        await asyncio.sleep(3_600)
        with pytest.raises(UnauthorizedError, match="revoked"):
            await client.kv.get("a")
        assert server.connects == connects  # it was told for good, and asks no more
        server.refusal = None
        await client.connect()
        assert await client.kv.get("a") == b"a"


@pytest.mark.parametrize("refusal", [UnavailableError("going down"), OverloadedError("too many")])
@virtual
async def test_a_server_that_is_busy_on_reconnect_is_waited_for(refusal: Any) -> None:
    server = FakeServer()
    async with client_of(server) as client:
        server.refusal = refusal
        server.drop_links()
        task = asyncio.ensure_future(client.kv.get("a"))
        await asyncio.sleep(1)
        server.refusal = None
        assert await task == b"a"


@pytest.mark.parametrize("is_framing_lost", [True, False])
@virtual
async def test_garbage_fails_what_is_in_flight_and_connects_anew(is_framing_lost: bool) -> None:
    server = FakeServer(silent_for(KvPut))
    async with client_of(server) as client:
        task = asyncio.ensure_future(client.kv.put("a", b""))
        await settle()
        if is_framing_lost:
            server.links[-1].break_off(ProtocolError("a frame claims too much"))
        else:
            server.send(b"\xc1")
        with pytest.raises(ProtocolError) as caught:
            await task
        assert caught.value.ran == "maybe"
        assert await client.kv.get("b") == b"b"
    assert server.connects == 2


@virtual
async def test_an_answer_of_the_wrong_type_fails_its_call_alone() -> None:
    server = FakeServer(lambda envelope: 5 if envelope.request == KvGet("bad") else b"ok")
    async with client_of(server) as client:
        good = asyncio.ensure_future(client.kv.get("good"))
        with pytest.raises(ProtocolError, match="KvGet"):
            await client.kv.get("bad")
        assert await good == b"ok"
    assert server.connects == 1


# Retrying what did not run


@pytest.mark.parametrize("refusal", [OverloadedError("busy"), UnavailableError("going down")])
@virtual
async def test_what_certainly_did_not_run_is_sent_again_with_back_off(refusal: Any) -> None:
    answers: list[Any] = [refusal, refusal, PutResult(9)]
    server = FakeServer(lambda envelope: answers.pop(0))
    async with client_of(server) as client:
        began = now_s()
        assert (await client.kv.put("a", b"")).version == 9
        assert now_s() - began == pytest.approx(0.1 + 0.2)


@virtual
async def test_retrying_ends_with_the_time_out() -> None:
    server = FakeServer(lambda envelope: OverloadedError("busy"))
    async with client_of(server, timeout_ms=1_000) as client:
        began = now_s()
        with pytest.raises(OverloadedError):
            await client.kv.get("a")
        assert now_s() - began <= 1
        assert len(server.requests(KvGet)) == 4  # at 0, 0.1, 0.3, 0.7; the next would be too late


@pytest.mark.parametrize("error", [OverloadedError("busy", ran="maybe"), ConflictError("lost")])
@virtual
async def test_other_refusals_are_not_retried(error: Any) -> None:
    server = FakeServer(lambda envelope: error)
    async with client_of(server) as client:
        with pytest.raises(type(error)):
            await client.kv.put("a", b"")
    assert len(server.requests(KvPut)) == 1


# The window of write numbers

RING = SESSION_BLOCKS * SESSION_BLOCK_WRITES


@virtual
async def test_a_long_poll_holds_up_no_other_write() -> None:
    server = FakeServer(silent_for(QueueDequeue))
    async with client_of(server) as client:
        poll = asyncio.ensure_future(client.call(QueueDequeue("q"), block_ms=200_000))
        await settle()
        for _ in range(4):
            await asyncio.gather(*(client.kv.put("a", b"") for _ in range(600)))
        numbers = [each.number for each in server.applied]
        assert len(set(numbers)) == 2_400
        assert not [each for each in numbers if RING <= each < RING + 16]
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)


@virtual
async def test_writes_are_held_back_while_the_whole_ring_is_unanswered() -> None:
    server = FakeServer(lambda envelope: SILENCE)
    async with client_of(server) as client:
        tasks = [asyncio.ensure_future(client.kv.put("a", b"")) for _ in range(1_100)]
        await settle()
        unanswered = [each for each in server.seen if each.number]
        assert len(unanswered) == RING - 1  # there is no number 0
        server.script = answer_plainly
        for envelope in unanswered:
            server.links[0]._peer._handle(envelope)
        await asyncio.gather(*tasks)
    assert sorted(each.number for each in server.applied) == list(range(1, 1_101))


# Closing


@virtual
async def test_closing_fails_what_is_in_flight() -> None:
    server = FakeServer(lambda envelope: SILENCE)
    client = client_of(server)
    await client.connect()
    write = asyncio.ensure_future(client.kv.put("a", b""))
    query = asyncio.ensure_future(client.kv.get("a"))
    await settle()
    await client.close()
    await client.close()
    for task, ran in ((write, "maybe"), (query, "no")):
        with pytest.raises(NotConnectedError, match="closed") as caught:
            await task
        assert caught.value.ran == ran


@virtual
async def test_closing_while_reconnecting_leaves_nothing_behind() -> None:
    server = FakeServer()
    client = client_of(server)
    await client.connect()
    server.connect_error = ConnectionRefusedError("refused")
    server.drop_links()
    task = asyncio.ensure_future(client.kv.put("a", b""))
    await asyncio.sleep(1)
    await client.close()
    with pytest.raises(NotConnectedError) as caught:
        await task
    assert caught.value.ran == "no"


@virtual
async def test_closing_while_a_greeting_is_awaited_leaves_nothing_behind() -> None:
    server = FakeServer()
    client = client_of(server)
    await client.connect()
    server.is_deaf = True
    server.drop_links()
    await asyncio.sleep(1)
    await client.close()
    assert all(link.is_closed for link in server.links)


@virtual
async def test_closing_ends_a_call_that_waits_to_retry() -> None:
    client = client_of(FakeServer(lambda envelope: OverloadedError("busy")))
    await client.connect()
    task = asyncio.ensure_future(client.kv.get("a"))
    await settle()
    await client.close()
    with pytest.raises(NotConnectedError):
        await task


# Information


@virtual
async def test_info_is_the_servers() -> None:
    info = ServerInfo("9", "sync", ServerLimits(1, 2, 3), 5)
    server = FakeServer(lambda envelope: info)
    async with client_of(server) as client:
        assert await client.info() == info
    assert server.requests(GetServerInfo)
