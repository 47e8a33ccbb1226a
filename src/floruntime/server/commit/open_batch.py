"""What a batch owes once it is durable."""

from __future__ import annotations

from floruntime.core.system import HandBack
from floruntime.engine.machine import Outcome
from floruntime.engine.state.tx import Topic
from floruntime.server.commit.caller import Caller

Answer = tuple[Caller, int, int, Outcome]
"""Whom to answer, the id of the request, its write number, and what it came to."""


class OpenBatch:
    """Collects beside the machine's open batch; is kept while that one becomes durable."""

    __slots__ = ("answers", "ended", "touched")

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        #: What its commands changed, for those who wait for it.
        self.touched: list[Topic] = []
        #: What its commands took away: the waits for it are over.
        self.ended: list[Topic] = []

    def hand_backs(self, owed: list[Answer]) -> list[HandBack]:
        """What releases the deliveries of callers that were gone before they got them.

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
    """The clients and numbers of the writes whose first answer is given once more."""
    return {(caller.client, number) for caller, _, number, outcome in answers if outcome.recalled}
