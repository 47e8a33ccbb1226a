"""Which deliveries go back when their callers are gone."""

from __future__ import annotations

from typing import Any

from floruntime.core.system import Delivery, HandBack
from floruntime.engine.machine import Outcome
from floruntime.server.commit.open_batch import Answer, OpenBatch

DELIVERY = Delivery("queue", 1, [])


class Someone:
    def __init__(self, client: str, *, gone: bool) -> None:
        self.client, self.is_closed = client, gone
        self.spans: Any = None

    def note_of(self, namespace: str, command: object) -> None:
        """Nothing is written down of it."""

    def add_answer(self, request_id: int, result: object, error: object) -> None:
        """Not asked here."""

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """Nor this."""

    def flush(self) -> None:
        """Nor this."""


def answer(
    *, gone: bool, number: int = 7, again: bool = False, delivers: bool = True, client: str = "me"
) -> Answer:
    outcome = Outcome("x", delivery=DELIVERY if delivers else None, recalled=again)
    return Someone(client, gone=gone), 1, number, outcome


def hand_backs(*answers: Answer, owed: tuple[Answer, ...] = ()) -> list[HandBack]:
    batch = OpenBatch()
    batch.answers += answers
    return batch.hand_backs(list(owed))


BACK = HandBack("me", 7, DELIVERY)


def test_what_was_delivered_or_delivers_nothing_stays() -> None:
    assert hand_backs(answer(gone=False), answer(gone=True, delivers=False)) == []


def test_a_delivery_to_one_that_is_gone_goes_back() -> None:
    assert hand_backs(answer(gone=True), answer(gone=False, client="other")) == [BACK]


def test_one_that_was_asked_for_again_stays() -> None:
    again = answer(gone=False, again=True)
    assert hand_backs(answer(gone=True), again) == []
    assert hand_backs(answer(gone=True), owed=(again,)) == []


def test_asked_for_again_within_the_batch_by_one_that_is_gone_too_goes_back_once() -> None:
    assert hand_backs(answer(gone=True), answer(gone=True, again=True)) == [BACK]


def test_one_that_the_next_batch_owes_is_judged_then() -> None:
    assert hand_backs(answer(gone=True), owed=(answer(gone=True, again=True),)) == []


def test_another_number_or_client_asks_for_something_else() -> None:
    others = (
        answer(gone=False, again=True, number=8),
        answer(gone=False, again=True, client="other"),
    )
    assert hand_backs(answer(gone=True), *others) == [BACK]


def test_without_a_number_each_delivery_is_its_own() -> None:
    gone = answer(gone=True, number=0)
    assert hand_backs(gone, gone) == [HandBack("me", 0, DELIVERY)] * 2
