"""Long polls that found nothing yet: which request waits on which topic, in order of arrival.

A wait ends when a change of its topic brings an answer, when its time is up (with its empty
answer), or when its connection closes (without an answer). A request waits on one topic or on
several. Topics are exact names; a wait on an empty name waits on every name of the primitive.
Ending the topic of a namespace alone ends all waits in that namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from floruntime.core.errors import FloError
from floruntime.engine.state.dispatch import WaitRule
from floruntime.engine.state.tx import Topic
from floruntime.engine.store.guarded import TOLD
from floruntime.server.clock import Clock, Handle
from floruntime.server.commit.caller import Caller


class Waiter:
    """One request that waits.

    `empty`: its answer when its time is up. `gone`: its answer if its namespace is deleted, if
    there is one.
    """

    __slots__ = (
        "asked_ms",
        "deadline",
        "empty",
        "gone",
        "is_due",
        "is_ended",
        "is_gone",
        "namespace",
        "number",
        "owner",
        "request",
        "request_id",
        "rule",
        "topics",
    )

    def __init__(
        self,
        owner: Caller,
        request_id: int,
        namespace: str,
        number: int,
        request: Any,
        rule: WaitRule,
        empty: Any,
        asked_ms: int,
        gone: FloError | None = None,
    ) -> None:
        self.owner = owner
        self.request_id = request_id
        self.namespace = namespace
        self.number = number
        self.request = request
        self.rule = rule
        self.empty = empty
        self.gone = gone
        self.asked_ms = asked_ms
        self.topics = rule.topics(namespace, request)
        self.deadline: Handle | None = None
        #: Whether something changed, and it must still be tried again.
        self.is_due = False
        #: Whether what it waits on was deleted, together with its namespace.
        self.is_ended = False
        self.is_gone = False

    def waits_on_any(self, topics: list[Topic]) -> bool:
        """Whether it waits on any of `topics`."""
        return any(topic in topics or (topic[0], "", "") in topics for topic in self.topics)


class Waiters:
    """All waits of one kind (commands, or queries) by topic."""

    def __init__(self, clock: Clock, time_up: Callable[[Waiter], None]) -> None:
        self._clock = clock
        self._time_up = time_up
        #: The waiters by topic; empty while nobody waits.
        self.by_topic: dict[Topic, dict[Waiter, None]] = {}
        self._by_owner: dict[Caller, dict[Waiter, None]] = {}
        self._keeping_alive: dict[Waiter, None] = {}

    def __bool__(self) -> bool:
        return bool(self.by_topic)

    def __len__(self) -> int:
        return sum(map(len, self._by_owner.values()))

    def add(self, waiter: Waiter, block_ms: int) -> None:
        """Let `waiter`, which was tried just now, wait for `block_ms`."""
        for topic in waiter.topics:
            self.by_topic.setdefault(topic, {})[waiter] = None
        self._by_owner.setdefault(waiter.owner, {})[waiter] = None
        if waiter.rule.keeps_alive:
            self._keeping_alive[waiter] = None

        def time_up() -> None:
            self.remove(waiter)
            with TOLD:
                self._time_up(waiter)

        waiter.deadline = self._clock.call_at(waiter.asked_ms + block_ms, time_up)

    def remove(self, waiter: Waiter) -> None:
        """Remove `waiter`, if it still waits."""
        for topic in waiter.topics:
            _take_out(self.by_topic, topic, waiter)
        _take_out(self._by_owner, waiter.owner, waiter)
        self._keeping_alive.pop(waiter, None)
        if waiter.deadline is not None:
            waiter.deadline.cancel()

    def has(self, waiter: Waiter) -> bool:
        """Whether `waiter` still waits."""
        return waiter in self._by_owner.get(waiter.owner, ())

    def on(self, topics: list[Topic]) -> Iterator[Waiter]:
        """The waiters on any of `topics`, in order of arrival within a topic."""
        seen: set[Topic] = set()
        by_topic = self.by_topic
        for topic in topics:
            if not topic[1]:
                for each in self._within(topic[0]):
                    yield from self.at(each, seen)
            elif topic in by_topic or (topic[0], topic[1], "") in by_topic:
                yield from self.at(topic, seen)

    def _within(self, namespace: str) -> list[Topic]:
        """All topics of a namespace that have waiters."""
        return [topic for topic in self.by_topic if topic[0] == namespace]

    def at(self, topic: Topic, seen: set[Topic]) -> Iterator[Waiter]:
        """The waiters on `topic`, and then those on all names of its primitive, without those in
        `seen`.

        A waiter that is removed meanwhile is skipped: trying one may have ended another's wait.
        """
        for key in (topic, (topic[0], topic[1], "")):
            if key not in seen:
                seen.add(key)
                if key not in self.by_topic:
                    continue
                for waiter in list(self.by_topic[key]):
                    if waiter in self.by_topic.get(key, ()):
                        yield waiter

    def of(self, owner: Caller) -> list[Waiter]:
        """Everything that `owner` waits for."""
        return list(self._by_owner.get(owner, ()))

    def keeping_alive(self, asked_before_ms: int) -> list[Waiter]:
        """The waiters whose wait renews something, and that were last tried before that time."""
        return [waiter for waiter in self._keeping_alive if waiter.asked_ms < asked_before_ms]

    def drop(self, owner: Caller) -> None:
        """Forget all waits of `owner` without an answer."""
        for waiter in self.of(owner):
            self.remove(waiter)

    def end(self, owner: Caller, request_id: int) -> bool:
        """End one wait of `owner` as if its time were up; False if there is no such wait."""
        for waiter in self.of(owner):
            if waiter.request_id == request_id:
                self._end(waiter)
                return True
        return False

    def end_all(self) -> None:
        """End all waits as if their time were up."""
        for waiter in [waiter for members in self._by_owner.values() for waiter in members]:
            self._end(waiter)

    def _end(self, waiter: Waiter) -> None:
        self.remove(waiter)
        self._time_up(waiter)


def _take_out(groups: dict[Any, dict[Waiter, None]], key: Any, waiter: Waiter) -> None:
    members = groups.get(key, {})
    members.pop(waiter, None)
    if not members:
        groups.pop(key, None)
