"""Clients of earlier versions are answered as they were, and their answers are still understood."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import msgspec
import pytest

from floruntime.core import framing, wire
from floruntime.core.kv import KvCheck, KvPut
from floruntime.core.system import Batch
from floruntime.core.types import Request
from floruntime.core.workflow import WorkflowListRuns, WorkflowRetry, WorkflowStatus
from floruntime.testing import FloTestServer
from tests.history.continued import difference, kind_of_reply, request_difference
from tests.history.conversation import kept
from tests.history.directories import HERE
from tests.history.replay import kept_answers, replay

VERSIONS = sorted(path.parent for path in HERE.glob("*/conversation.jsonl.xz"))
KINDS = {"8ab71e4": (101, 101), "bb67ae2": (101, 141), "8cff093": (137, 144)}
"""How many kinds of requests were said in the conversation, and how many a client of that version
could send: each of those stands among the vectors.
"""
REFUSED_BATCH = Batch([KvPut("batch", b"2"), KvCheck("batch", 0)])
"""It named the version that only its own first member would have made."""
ANSWERED_OTHERWISE: dict[str, tuple[Request[Any], ...]] = {
    "8ab71e4": (
        REFUSED_BATCH,
        # The run's only step runs an action that nobody has registered: it waits for it by now.
        WorkflowRetry("failed"),
        WorkflowListRuns("frail", WorkflowStatus.FAILED, {}, 10),
    ),
    "bb67ae2": (REFUSED_BATCH,),
    "8cff093": (REFUSED_BATCH,),
}
"""What is no longer answered as it was, on purpose."""

pytestmark = pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)


def vectors(version: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        lzma.decompress((version / f"{name}.json.xz").read_bytes())
    )
    return found


async def test_a_client_of_then_is_answered_as_it_was(version: Path) -> None:
    turns = kept(version / "conversation.jsonl.xz")
    replies = 0
    async with FloTestServer() as server:
        async for reply in replay(turns, server):
            found = difference(kind_of_reply(reply.request), reply.then, reply.now)
            is_changed = reply.request in ANSWERED_OTHERWISE.get(version.name, ())
            assert (found is not None) == is_changed, f"{reply.request}: {found}"
            replies += 1
    assert replies == len(kept_answers(turns)) > 300


def test_every_kind_of_request_was_sent(version: Path) -> None:
    answers = kept_answers(kept(version / "conversation.jsonl.xz"))
    said = {type(request) for request, _ in answers}
    known = {each["name"] for each in vectors(version, "requests")}
    assert (len(said), len(known)) == KINDS[version.name]


def test_an_answer_of_then_is_understood_whole(version: Path) -> None:
    """Read and written again it says the same."""
    refused = 0
    for request, body in kept_answers(kept(version / "conversation.jsonl.xz")):
        answer = wire.decode_answer(body)
        if answer.error is None:
            result = wire.decode_reply(request, answer.result)
            again = wire.encode_answer(answer.id, result)
        else:
            again = wire.encode_error(answer.id, wire.raised(answer.error))
            refused += 1
        kind = kind_of_reply(request)
        assert difference(kind, body, again) is None, request
    assert refused > 30


def test_requests_with_edges_in_every_field_are_understood(version: Path) -> None:
    for vector in vectors(version, "requests"):
        body = bytes.fromhex(vector["frame"])[framing.LENGTH.size :]
        envelope = wire.decode_envelope(body)
        assert type(envelope.request).__name__ == vector["name"]
        again = msgspec.msgpack.decode(wire.encode(envelope.request))
        [id, namespace, number, then] = msgspec.msgpack.decode(body)
        assert (envelope.id, envelope.namespace, envelope.number) == (id, namespace, number)
        assert request_difference(envelope.request, then, again) is None, vector["name"]


def test_answers_with_edges_in_every_field_are_understood(version: Path) -> None:
    kinds = {kind.__name__: kind for kind in wire.CLIENT_REQUESTS}
    for vector in vectors(version, "answers"):
        body = bytes.fromhex(vector["frame"])[framing.LENGTH.size :]
        kind = wire.reply_type(kinds[vector["name"]])
        result = msgspec.msgpack.decode(wire.decode_answer(body).result, type=kind)
        again = wire.encode_answer(7, result)
        assert difference(kind, body, again) is None, vector["name"]


def test_refusals_of_then_are_understood(version: Path) -> None:
    for vector in vectors(version, "errors"):
        answer = wire.decode_answer(bytes.fromhex(vector["frame"])[framing.LENGTH.size :])
        assert answer.error is not None
        error = wire.raised(answer.error)
        assert (type(error).__name__, error.code) == (vector["className"], vector["code"])
        told = (error.message, error.ran, error.index)
        assert told == (vector["message"], vector["ran"], vector["index"])
