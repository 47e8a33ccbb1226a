"""Commands that wait: each is tried again, in the same commit, when what it waits for changes.

First come, first served: they are tried before any command that arrives later. A tried command may
itself change something. Other waiting commands are told of that change afterwards, so that none is
tried a second time before its first answer has ended the wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from floruntime.core.errors import FloError
from floruntime.core.types import Command
from floruntime.engine.machine import Machine, Outcome
from floruntime.engine.state.dispatch import WaitRule
from floruntime.engine.state.tx import Topic
from floruntime.server.clock import Clock
from floruntime.server.commit.caller import Caller
from floruntime.server.commit.waiters import Waiter, Waiters

KEEP_ALIVE_MS = 500
"""A wait that keeps a group member alive is tried again before a tick, if its last try is older."""


class Apply(Protocol):
    """Applies a command to the open batch."""

    def __call__(
        self, now_ms: int, namespace: str, client: str, number: int, command: Command[Any], /
    ) -> Outcome: ...


AnswerLater = Callable[[Caller, int, int, Outcome], None]


class CommandWaits:
    """The commands that wait, and the changes to offer them. `answer` gets the result of a wait."""

    def __init__(self, machine: Machine, clock: Clock, apply: Apply, answer: AnswerLater) -> None:
        self._machine = machine
        self._clock = clock
        self._apply = apply
        self._answer = answer
        self._waiters = Waiters(clock, self._time_up)
        #: Empty while nothing waits. So a caller may look here before it offers a change.
        self.by_topic = self._waiters.by_topic
        self._to_offer: deque[Outcome] = deque()

    def begin(
        self,
        rule: WaitRule,
        caller: Caller,
        request_id: int,
        namespace: str,
        number: int,
        command: Any,
        outcome: Outcome,
        now_ms: int,
    ) -> bool:
        """Let a new command wait if its first outcome is not an answer yet; return False if it does
        not wait.
        """
        if _ends_wait(rule, outcome):
            return False
        request = rule.rest(command) if rule.look is None else rule.look(outcome.result)
        waiter = Waiter(
            caller, request_id, namespace, number, request, rule, outcome.result, now_ms
        )
        if outcome.ended and waiter.waits_on_any(outcome.ended):
            return False
        self._waiters.add(waiter, command.block_ms)
        return True

    def offer(self, outcome: Outcome) -> None:
        """Offer what a command has changed to the commands that wait for it."""
        self._to_offer.append(outcome)
        while self._to_offer:
            self._offer(self._to_offer.popleft())

    def _offer(self, outcome: Outcome) -> None:
        if outcome.ended:
            for waiter in self._waiters.on(outcome.ended):
                self._waiters.remove(waiter)
                self._time_up(waiter)
        by_topic = self.by_topic
        for topic in dict.fromkeys(outcome.touched):
            if topic in by_topic or (topic[0], topic[1], "") in by_topic:
                self._offer_at(topic)

    def _offer_at(self, topic: Topic) -> None:
        """Offer what changed at one topic, in order of arrival, until nothing of it is left."""
        last: Waiter | None = None
        for waiter in self._waiters.at(topic, set()):
            if last is not None and self._machine.is_spent(last.rule, topic):
                return
            self._ask(waiter)
            last = waiter

    def keep_alive(self) -> None:
        """Try again the waits that keep a group member alive, if their last try is long ago."""
        now_ms = self._clock.now_ms()
        for waiter in self._waiters.keeping_alive(now_ms - KEEP_ALIVE_MS):
            self._ask(waiter)
        while self._to_offer:
            self._offer(self._to_offer.popleft())

    def _ask(self, waiter: Waiter) -> None:
        """Try a command again, and answer it if that ends its wait."""
        waiter.asked_ms = now_ms = self._clock.now_ms()
        outcome = (
            self._ask_again(waiter) if waiter.rule.look is None else self._look(waiter, now_ms)
        )
        if _ends_wait(waiter.rule, outcome):
            self._waiters.remove(waiter)
            self._answer(waiter.owner, waiter.request_id, waiter.number, outcome)

    def _ask_again(self, waiter: Waiter) -> Outcome:
        outcome = self._apply(
            waiter.asked_ms,
            waiter.namespace,
            waiter.owner.client,
            waiter.number,
            waiter.request,
        )
        if outcome.touched or outcome.ended:
            self._to_offer.append(outcome)
        return outcome

    def _look(self, waiter: Waiter, now_ms: int) -> Outcome:
        """Look at what a command waits for, as it is in the open batch."""
        try:
            look = self._machine.look(waiter.namespace, now_ms, waiter.request)
        except FloError as error:
            return Outcome(None, error)
        return Outcome(look)

    def _time_up(self, waiter: Waiter) -> None:
        outcome = (
            Outcome(waiter.empty)
            if waiter.rule.look is None
            else self._look(waiter, self._clock.now_ms())
        )
        self._answer(waiter.owner, waiter.request_id, waiter.number, outcome)

    def drop(self, caller: Caller) -> None:
        """Forget the waits of a caller that has disconnected."""
        self._waiters.drop(caller)

    def cancel(self, caller: Caller, request_id: int) -> bool:
        """End one wait of a caller with its empty answer; False if it does not wait."""
        return self._waiters.end(caller, request_id)

    def end_all(self) -> None:
        """End every wait: answer with what there is."""
        self._waiters.end_all()


def _ends_wait(rule: WaitRule, outcome: Outcome) -> bool:
    """Whether `outcome` is an answer. A refusal is one, and so is a remembered answer.

    Exception: some commands act first, and then only look. When such a command is sent again, it
    goes on looking.
    """
    if outcome.error is not None or rule.found(outcome.result):
        return True
    return outcome.recalled and rule.look is None
