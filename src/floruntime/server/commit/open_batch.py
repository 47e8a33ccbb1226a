"""The open batch: what must be answered and woken once it is durable."""

from __future__ import annotations

from floruntime.core.system import HandBack
from floruntime.engine.machine import Outcome
from floruntime.engine.state.tx import Topic
from floruntime.server.commit.caller import Caller

Answer = tuple[Caller, int, int, Outcome]
"""The caller, the id of the request, its write number, and its outcome."""


class OpenBatch:
    """Collects along with the machine's open batch, and is kept until that is durable."""

    __slots__ = ("answers", "ended", "touched")

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        #: What its commands changed: waits on these topics are woken.
        self.touched: list[Topic] = []
        #: What its commands deleted: waits on these topics end.
        self.ended: list[Topic] = []

    def hand_backs(self, owed: list[Answer]) -> list[HandBack]:
        """Commands that release deliveries to callers that disconnected before they got them.

        A delivery that was asked for again is not released: this batch has brought it, or it is
        among the answers that the next batch owes.
        """
        brought = [answer for answer in self.answers if not answer[0].is_closed]
        kept = _given_again(brought) | _given_again(owed)
        commands = []
        for caller, _, number, outcome in self.answers:
            if caller.is_closed and outcome.delivery is not None:
                if number:
                    if (caller.client, number) in kept:
                        continue
                    kept.add((caller.client, number))
                commands.append(HandBack(caller.client, number, outcome.delivery))
        return commands


def _given_again(answers: list[Answer]) -> set[tuple[str, int]]:
    """The clients and numbers of the writes whose first answer is sent once more."""
    return {(caller.client, number) for caller, _, number, outcome in answers if outcome.recalled}
