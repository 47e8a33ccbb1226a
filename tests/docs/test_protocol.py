"""docs/protocol.md is current, and its examples are what the wire carries."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from scripts.generate_protocol_docs import sections
from scripts.message_pack import frames_in, hex_of
from scripts.sections import DOCS, with_sections
from websockets.asyncio.client import connect

from floruntime.core import framing, wire
from floruntime.core.errors import ConflictError
from floruntime.core.kv import KvGet, KvPut, PutResult
from floruntime.core.limits import BLOCK_MS_MAX, SESSION_BLOCK_WRITES, SESSION_BLOCKS
from floruntime.core.queue import DequeueResult, Message, QueueAck, QueueDequeue
from floruntime.core.system import BatchCommand, Hello, ServerLimits, SessionOpen, Welcome
from floruntime.core.types import AckResult, Command, Request
from floruntime.engine.rules import RULES
from floruntime.server import limits as server_limits
from floruntime.server.connections.websocket import CLOSE_CODES
from floruntime.testing import FloTestServer

PAGE = (DOCS / "protocol.md").read_text()
WELCOME = Welcome("0.1.0", ServerLimits(1048576, 5242880, 4096), False)
MESSAGE = Message(
    *(1, b"resize", 10, 1, 7, 1_700_000_000_000, 1_700_000_030_000),
    *(None, None, 1_700_000_000_500, 1_700_000_000_500),
)

REQUESTS: dict[str, tuple[int, int, Request[Any]]] = {
    "hello": (1, 0, Hello("my-client 1.0", "6e2d1f")),
    "session-open": (2, 0, SessionOpen()),
    "put": (3, 1, KvPut("greeting", b"Hello, Flo!")),
    "get": (4, 0, KvGet("greeting")),
    "put-refused": (5, 2, KvPut("greeting", b"Hi", cas_version=7)),
    "dequeue": (6, 3, QueueDequeue("tasks", block_ms=5_000)),
    "ack": (7, 4, QueueAck("tasks", [1], [7])),
}
ANSWERS: dict[str, tuple[str, Any]] = {
    "welcome": ("hello", WELCOME),
    "session-opened": ("session-open", None),
    "put-answer": ("put", PutResult(1)),
    "get-answer": ("get", b"Hello, Flo!"),
    "dequeue-answer": ("dequeue", DequeueResult([MESSAGE])),
    "ack-answer": ("ack", AckResult([1], [])),
}


def example(name: str) -> bytes:
    """The bytes of an example as the page shows them."""
    marked = re.search(rf"begin example-{name} .*?```text\n(.*?)```", PAGE, re.DOTALL)
    assert marked is not None, f"the page has no example {name}"
    return hex_of(marked[1])


def body_of(name: str) -> bytes:
    [body] = frames_in(example(name))
    return body


def test_generated_sections_are_current() -> None:
    assert with_sections(PAGE, sections()) == PAGE, "run `make docs`"


@pytest.mark.parametrize("name", REQUESTS)
def test_example_requests_are_what_a_server_understands(name: str) -> None:
    id, number, request = REQUESTS[name]
    envelope = wire.decode_envelope(body_of(name))
    assert envelope == wire.Envelope(id, "shop", number, request)
    if name != "get":  # the one that leaves a default off
        assert example(name) == framing.frame(wire.encode_request(id, "shop", number, request))


@pytest.mark.parametrize("name", ANSWERS)
def test_example_answers_are_what_a_server_sends(name: str) -> None:
    asked, result = ANSWERS[name]
    id, _, request = REQUESTS[asked]
    assert example(name) == framing.frame(wire.encode_answer(id, result))
    answer = wire.decode_answer(body_of(name))
    assert (answer.id, answer.error) == (id, None)
    assert wire.decode_reply(request, answer.result) == result


def test_the_example_error_is_what_a_server_sends() -> None:
    answer = wire.decode_answer(body_of("conflict"))
    assert answer.error is not None
    error = wire.raised(answer.error)
    assert isinstance(error, ConflictError)
    assert (error.ran, error.index, error.current_version) == ("no", None, 1)
    assert framing.frame(wire.encode_error(answer.id, error)) == example("conflict")


def test_the_first_bytes_are_fixed() -> None:
    """Vectors that no generator wrote: a change here breaks every client there is."""
    assert framing.PREAMBLE.hex(" ") in PAGE
    assert bytes.fromhex("46 4c 4f 02") == framing.PREAMBLE
    assert example("hello").hex() == (
        "200000009401a473686f7000" + "9400ad6d792d636c69656e7420312e30a6366532643166c0"
    )
    assert example("put-answer").hex() == "04000000" + "92039101"


def test_what_the_page_says_of_numbers_and_waits_is_so() -> None:
    assert f"block `n // {SESSION_BLOCK_WRITES}`" in PAGE
    assert f"`b % {SESSION_BLOCKS}`" in PAGE
    assert f"(0 to {BLOCK_MS_MAX:,})" in PAGE
    assert server_limits.HANDSHAKE_MS_MAX == 10_000
    assert server_limits.HELLO_BYTES_MAX == 64 * 1024
    assert "within 10 seconds and 64 KiB" in PAGE
    assert server_limits.WEB_PING_MS == 20_000
    assert "The server pings every 20 seconds" in PAGE
    assert f"More than {server_limits.WEB_CONTROL_PER_SECOND:,} pings" in PAGE
    waiting = re.findall(r"`(\w+)`", PAGE.split("## Waiting")[1].split(" take ")[0])
    assert sorted(waiting) == sorted(kind.__name__ for kind in RULES.waits)


def test_the_closing_codes_are_those_that_the_server_gives() -> None:
    """1003, 1007 and 1009 come from the rules of WebSocket itself."""
    table = PAGE.split("| close code |")[1].split("\n\n")[0]
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.M)}
    assert told == {int(code) for code in CLOSE_CODES.values()} | {1003, 1007, 1009}


async def test_a_message_of_a_websocket_is_the_body_of_a_frame() -> None:
    """The examples again, in messages, with neither preamble nor length."""
    async with (
        FloTestServer() as server,
        server.client(namespace="shop") as client,
        connect(server.web_endpoint) as socket,
    ):
        await client.kv.put("greeting", b"Hello, Flo!")
        for asked, answer in (("hello", "welcome"), ("get", "get-answer")):
            await socket.send(body_of(asked))
            got = await socket.recv()
            if answer != "welcome":  # it names the version of this package
                assert got == body_of(answer)
        assert (await client.info()).connections == 2


async def test_a_server_answers_the_examples_as_shown() -> None:
    async with FloTestServer() as server:
        host, _, port = server.endpoint.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(framing.PREAMBLE)
        answers = {}
        for asked, answer in [
            ("hello", "welcome"),
            ("session-open", "session-opened"),
            ("put", "put-answer"),
            ("get", "get-answer"),
            ("put-refused", "conflict"),
        ]:
            writer.write(example(asked))
            head = await reader.readexactly(framing.LENGTH.size)
            answers[answer] = head + await reader.readexactly(*framing.LENGTH.unpack(head))
        writer.close()
        await writer.wait_closed()
    del answers["welcome"]  # it names the version of this package
    assert answers == {name: example(name) for name in answers}


def test_batches_take_what_the_page_says() -> None:
    taken = set(BatchCommand.__args__)
    named = {"QueueDequeue", "GroupRead", "QueueBulk", "GroupBulk", "KvDeletePrefix"}
    of_tasks = {"ActionInvoke", "ActionCancel", "WorkerComplete", "WorkerFail"}
    of_tasks |= {"WorkflowStart", "WorkflowSignal", "WorkflowCancel"}
    tasks = ("action", "worker", "workflow")
    primitives = [kind for kind in wire.CLIENT_REQUESTS if issubclass(kind, Command)]
    left_out = {
        kind.__name__
        for kind in primitives
        if kind not in taken
        and not kind.__module__.endswith(("system", "token", "console", "jobs", *tasks))
    }
    assert left_out == named
    assert {kind.__name__ for kind in taken if kind.__module__.endswith(tasks)} == of_tasks
