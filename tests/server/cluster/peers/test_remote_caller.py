"""What clients of another node ask is done by turns, as what comes on a node's own connections."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from floruntime.core.kv import KvPut
from floruntime.core.queue import QueueDequeue
from floruntime.core.terms import Told
from floruntime.core.types import Request
from floruntime.core.wire import decode_answer, encode, encode_request, head_of_items
from floruntime.server import limits
from floruntime.server.cluster.peers.lanes import PIECE_BYTES
from floruntime.server.cluster.peers.messages import Answers, Ask, Cancel, answer_in_pieces, decode
from floruntime.server.cluster.peers.remote_caller import Asked, RemoteCaller, Telling
from floruntime.server.commit.fill import Fill
from floruntime.server.commit.large_answers import TakesBodies
from floruntime.server.connections.load import AnswersLoad
from floruntime.server.connections.turns import Turns

WORK_S = 0.001


def ask(number: int, request: Request[Any]) -> Ask:
    return Ask(1, "client", 0, encode_request(number, "default", 0, request))


class Leader:
    """A node that leads, on which each thing that is done takes a millisecond."""

    def __init__(self) -> None:
        self.worked_s = 0.0
        self.turns = Turns(now_s=lambda: self.worked_s)
        self.fill = Fill(now_s=lambda: self.worked_s)
        self.fill.on_room = self.turns.let_go_on
        self.commit = SimpleNamespace(commands_total=0)
        self.is_over = False
        self.answers = AnswersLoad(1_000)
        self.done: list[RemoteCaller] = []
        self.sent: list[Any] = []
        self.is_taken = True

    @property
    def now_s(self) -> Any:
        return lambda: self.worked_s

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def send_large(self, number: int, request_id: int, pieces: list[bytes]) -> None:
        self.sent.append(decode(b"".join(answer_in_pieces(number, request_id, pieces))))

    def has_room(self, caller: RemoteCaller) -> bool:
        return self.is_taken

    def go_on_soon(self, caller: RemoteCaller) -> None:
        self.turns.begin(caller)

    def do(self, caller: RemoteCaller, message: Asked) -> None:
        lead: Any = self
        caller.lead = lead
        self.worked_s += WORK_S
        self.commit.commands_total += 1
        self.done.append(caller)

    def caller(self, *asked: Asked) -> RemoteCaller:
        """Somebody who asks this."""
        caller = RemoteCaller(1, "client", self)
        caller.inbox.extend(asked)
        self.turns.begin(caller)
        return caller

    async def turn(self, count: int = 1) -> None:
        for _ in range(count):
            await asyncio.sleep(0)


async def test_one_who_asks_for_little_does_not_wait_for_all_that_another_asks() -> None:
    leader = Leader()
    flood = leader.caller(*[ask(number, KvPut("k", b"x")) for number in range(500)])
    await leader.turn(3)
    begun_s = leader.worked_s
    modest = leader.caller(ask(1, KvPut("k", b"x")))
    while modest.inbox:
        await leader.turn()
    assert leader.worked_s - begun_s <= limits.TURN_S + limits.SHARE_S
    assert flood.inbox


async def test_a_flood_gets_only_so_much_into_one_batch() -> None:
    leader = Leader()
    flood = leader.caller(*[ask(number, KvPut("k", b"x")) for number in range(500)])
    await leader.turn(500)
    assert len(leader.done) * WORK_S <= limits.BATCH_S + limits.SHARE_S
    came = len(leader.done)
    leader.fill.begin(came)
    await leader.turn(3)
    assert len(leader.done) > came
    leader.is_over = True
    leader.fill.give_up()
    await leader.turn(3)
    assert leader.turns._greedy or not flood.inbox, "it waits for no batch"


async def test_what_is_cancelled_is_asked_first() -> None:
    leader = Leader()
    order: list[type[Any]] = []
    do = leader.do

    def noted(caller: RemoteCaller, message: Asked) -> None:
        order.append(type(message))
        do(caller, message)

    leader.do = noted  # type: ignore[method-assign]  # spied on
    wait = ask(7, QueueDequeue("q", block_ms=60_000))
    leader.caller(*[ask(number, KvPut("k", b"x")) for number in range(5)], wait, Cancel(1, 0, 7))
    await leader.turn(20)
    assert order == [Ask] * 6 + [Cancel]


@pytest.mark.parametrize("is_told", [False, True])
async def test_a_large_answer_is_a_message_as_any_other_and_others_wait_for_it(
    is_told: bool,
) -> None:
    leader = Leader()
    caller = leader.caller()
    assert isinstance(caller, TakesBodies)
    caller.await_body(7)
    caller.owe(7, 600)
    caller.owe(8, 100)  # a delivery, which is counted where it is given
    assert leader.answers.held_bytes == 600
    caller.inbox.append(ask(9, KvPut("k", b"x")))
    leader.turns.begin(caller)
    await leader.turn(5)
    assert caller.inbox, "nothing more is begun"
    if is_told:
        lead: Any = SimpleNamespace(replica=SimpleNamespace(position=SimpleNamespace(reach=5)))
        caller.telling[7] = Telling(lead, True, "here:1")
    caller.give_body(7, [head_of_items(7, 2), encode(b"a" * 100_000), encode(b"b")])
    [answers] = leader.sent
    assert isinstance(answers, Answers)
    [(request_id, body)] = answers.answers
    answer = decode_answer(body)
    assert (answers.caller, request_id, answer.id) == (1, 7, 7)
    assert msgspec.msgpack.decode(answer.result) == [b"a" * 100_000, b"b"]
    assert answer.told == (Told(5, 0, "here:1") if is_told else None)
    assert leader.answers.held_bytes == 0
    await leader.turn(3)
    assert not caller.inbox


async def test_what_was_made_for_one_that_goes_is_forgotten() -> None:
    leader = Leader()
    caller = leader.caller()
    caller.await_body(7)
    caller.owe(7, 600)
    caller.close()
    assert leader.answers.held_bytes == 0
    caller.give_body(7, [head_of_items(7, 0)])
    assert leader.sent == []


async def test_answers_that_are_ready_together_go_in_messages_of_some_size() -> None:
    leader = Leader()
    caller = leader.caller()
    for request_id in range(5):
        caller.add_answer(request_id, b"x" * (PIECE_BYTES * 2 // 5), None)
    caller.add_answer(5, b"y" * (PIECE_BYTES * 3), None)
    caller.add_answer(6, None, None)
    caller.flush()
    assert [len(message.answers) for message in leader.sent] == [2, 2, 1, 1, 1]
    assert [id for message in leader.sent for id, _ in message.answers] == list(range(7))


async def test_nothing_more_is_begun_while_much_of_what_was_answered_waits() -> None:
    leader = Leader()
    caller = leader.caller()
    leader.is_taken = False
    caller.add_answer(1, b"x", None)
    caller.flush()
    caller.inbox.append(ask(2, KvPut("k", b"x")))
    leader.go_on_soon(caller)
    await leader.turn(5)
    assert not leader.done
    assert not leader.turns._is_due, "nobody looks again and again"
    leader.is_taken, caller.is_full = True, False  # as the speaker tells it
    leader.go_on_soon(caller)
    assert leader.done == [caller]


async def test_a_flood_of_large_requests_gets_few_of_them_into_one_batch() -> None:
    """A batch is written at once, and who put little into it waits for all of it."""
    leader = Leader()
    body = b"x" * 1_000_000
    leader.caller(*[ask(number, KvPut("k", body)) for number in range(50)])
    await leader.turn(200)
    assert len(leader.done) <= 3
    came = len(leader.done)
    leader.fill.begin(came)
    await leader.turn(5)
    assert came < len(leader.done) <= came + 3
