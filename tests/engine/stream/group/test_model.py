"""Groups against plain-Python models, with crashes and passing time among the rules."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from floruntime.core.stream import (
    GroupAck,
    GroupCreate,
    GroupDead,
    GroupGetInfo,
    GroupLeave,
    GroupNack,
    GroupPending,
    GroupRead,
    GroupTouch,
    StreamAppend,
    StreamCreate,
    StreamID,
    StreamRecord,
)
from tests.engine.harness import Engine

LEASE_MS, MAX_DELIVER = 1_000, 3
CONSUMERS = st.sampled_from(["c1", "c2", "c3"])


class Held:
    """The model of one pending record: who has it (nobody: None), since when it may be given."""

    def __init__(self, consumer: str | None, lease: int, attempt: int, due_ms: int) -> None:
        self.consumer, self.lease, self.attempt, self.due_ms = consumer, lease, attempt, due_ms


class SharedGroup(RuleBasedStateMachine):
    """A shared group does what a list and a dict do."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine()
        self.engine.run(GroupCreate("s", "g", ack_timeout_ms=LEASE_MS, max_deliver=MAX_DELIVER))
        self.fresh: list[StreamID] = []
        self.pending: dict[StreamID, Held] = {}
        self.dead: list[StreamID] = []
        self.delivered: list[StreamRecord] = []
        self.acked: set[tuple[StreamID, int]] = set()

    @rule(count=st.integers(1, 4))
    def append(self, count: int) -> None:
        results = self.engine.run(StreamAppend("s", [b"x"] * count))
        self.fresh += [result.id for result in results]

    @rule(consumer=CONSUMERS, limit=st.integers(1, 5))
    def read(self, consumer: str, limit: int) -> None:
        now_ms = self.engine.now_ms
        due = sorted(
            (held.due_ms, id)
            for id, held in self.pending.items()
            if held.consumer is None and held.due_ms <= now_ms
        )
        wanted = [id for _, id in due][:limit]
        new = self.fresh[: limit - len(wanted)]
        self.fresh = self.fresh[len(new) :]
        records = self.engine.run(GroupRead("s", "g", consumer, limit)).records
        assert [record.id for record in records] == wanted + new
        for record in records:
            before = self.pending.get(record.id)
            assert record.attempt == (before.attempt + 1 if before else 1)
            assert all(record.lease > old.lease for old in self.delivered if old.id == record.id)
            self.pending[record.id] = Held(
                consumer, record.lease, record.attempt, now_ms + LEASE_MS
            )
        self.delivered += records

    def chosen(self, number: int) -> StreamRecord:
        """One delivery of the past, whatever became of it."""
        return self.delivered[number % len(self.delivered)]

    def settle(self, kind: type[Any], record: StreamRecord, is_done: bool, **options: Any) -> None:
        request = kind("s", "g", [record.id], [record.lease], **options)
        assert self.engine.run(request).done == ([record.id] if is_done else [])

    @precondition(lambda self: self.delivered)
    @rule(number=st.integers(0, 1000))
    def ack(self, number: int) -> None:
        record = self.chosen(number)
        held = self.pending.get(record.id)
        is_latest = held is not None and held.lease == record.lease
        self.settle(GroupAck, record, is_latest or (record.id, record.lease) in self.acked)
        if is_latest:
            del self.pending[record.id]
            self.acked.add((record.id, record.lease))

    @precondition(lambda self: self.delivered)
    @rule(number=st.integers(0, 1000), delay_ms=st.sampled_from([0, 300, 5_000]))
    def nack(self, number: int, delay_ms: int) -> None:
        record = self.chosen(number)
        held = self.pending.get(record.id)
        if held is None or held.lease != record.lease or held.consumer is None:
            return  # what a repeated or late nack answers has its own tests
        self.settle(GroupNack, record, True, delay_ms=delay_ms)
        self.give_back(record.id, held, self.engine.now_ms + delay_ms)

    def give_back(self, id: StreamID, held: Held, due_ms: int) -> None:
        if held.attempt >= MAX_DELIVER:
            del self.pending[id]
            self.dead.append(id)
            self.acked.add((id, held.lease))  # settled for good
        else:
            held.consumer, held.due_ms = None, due_ms

    @precondition(lambda self: self.delivered)
    @rule(number=st.integers(0, 1000), extend_ms=st.sampled_from([1, 700, 3_000]))
    def touch(self, number: int, extend_ms: int) -> None:
        record = self.chosen(number)
        held = self.pending.get(record.id)
        is_held = held is not None and held.lease == record.lease and held.consumer is not None
        self.settle(GroupTouch, record, is_held, extend_ms=extend_ms)
        if held is not None and is_held:
            held.due_ms = max(held.due_ms, self.engine.now_ms + extend_ms)

    @rule(consumer=CONSUMERS)
    def leave(self, consumer: str) -> None:
        self.engine.run(GroupLeave("s", "g", consumer))
        for held in self.pending.values():
            if held.consumer == consumer:
                held.consumer, held.due_ms = None, self.engine.now_ms
                held.attempt -= 1

    @rule(ms=st.sampled_from([1, 400, 1_000, 4_000]))
    def time_passes(self, ms: int) -> None:
        now_ms = self.engine.now_ms + ms
        ran_out = [
            (id, held)
            for id, held in self.pending.items()
            if held.consumer is not None and held.due_ms <= now_ms
        ]
        dead_before = len(self.dead)
        for id, held in ran_out:
            self.give_back(id, held, now_ms)
            # Only what a caller settled itself is remembered as settled.
            self.acked.discard((id, held.lease))
        self.engine.advance(ms)
        died = self.dead_letters()[dead_before:]
        assert sorted(died) == sorted(self.dead[dead_before:])
        self.dead[dead_before:] = died

    @rule()
    def crash_and_reopen(self) -> None:
        self.engine.reopen()

    def dead_letters(self) -> list[StreamID]:
        letters = self.engine.query(GroupDead("s", "g", limit=1000)).items
        assert all(letter.reason == "max_attempts" for letter in letters)
        return [letter.id for letter in letters]

    @invariant()
    def agrees(self) -> None:
        info = self.engine.query(GroupGetInfo("s", "g"))
        assert (info.pending, info.lag, info.dead) == (
            len(self.pending),
            len(self.fresh),
            len(self.dead),
        )
        entries = self.engine.query(GroupPending("s", "g", limit=1000)).items
        assert [(e.id, e.lease, e.attempt, e.expires_at_ms) for e in entries] == [
            (id, held.lease, held.attempt, held.due_ms) for id, held in sorted(self.pending.items())
        ]
        assert self.dead_letters() == self.dead


class KeySharedGroup(RuleBasedStateMachine):
    """A key has one live consumer at a time, its records come in order, and all of them come."""

    TIMEOUT_MS = 5_000

    @initialize(partitions=st.sampled_from([1, 3]))
    def begin(self, partitions: int) -> None:
        self.engine = Engine()
        self.engine.run(StreamCreate("s", partitions=partitions))
        self.engine.run(
            GroupCreate(
                "s",
                "g",
                mode="key_shared",
                ack_timeout_ms=20_000,
                max_deliver=1000,
                consumer_timeout_ms=self.TIMEOUT_MS,
            )
        )
        self.appended: dict[str, list[StreamID]] = {}
        self.first_given: dict[str, list[StreamID]] = {}
        self.held: dict[StreamID, tuple[StreamRecord, str]] = {}
        self.done: set[StreamID] = set()

    @rule(key=st.sampled_from("abcdefgh"), count=st.integers(1, 3))
    def append(self, key: str, count: int) -> None:
        for result in self.engine.run(StreamAppend("s", [b"x"] * count, key)):
            self.appended.setdefault(key, []).append(result.id)

    @rule(consumer=CONSUMERS, limit=st.integers(1, 6))
    def read_some(self, consumer: str, limit: int) -> None:
        self.read(consumer, limit)

    def read(self, consumer: str, limit: int) -> list[StreamRecord]:
        self.note_who_is_gone()
        records = self.engine.run(GroupRead("s", "g", consumer, limit)).records
        for record in records:
            key = record.partition_key
            assert key is not None
            assert record.id not in self.done
            holders = {
                holder
                for other, holder in self.held.values()
                if other.partition_key == key and holder and other.id != record.id
            }
            assert holders <= {consumer}, f"{key} is with {holders} and goes to {consumer}"
            given = self.first_given.setdefault(key, [])
            if record.id not in given:
                given.append(record.id)
            self.held[record.id] = (record, consumer)
        for key, given in self.first_given.items():
            assert given == self.appended[key][: len(given)]
        return records

    def note_who_is_gone(self) -> None:
        """What somebody held who is gone stays with nobody, even if they come back."""
        live = self.engine.query(GroupGetInfo("s", "g")).consumers
        for id, (record, holder) in self.held.items():
            self.held[id] = (record, holder if holder in live else "")

    @rule(number=st.integers(0, 1000))
    def ack(self, number: int) -> None:
        if self.held:
            id = sorted(self.held)[number % len(self.held)]
            record, _ = self.held.pop(id)
            result = self.engine.run(GroupAck("s", "g", [id], [record.lease]))
            assert result.done == [id]
            self.done.add(id)

    @rule(number=st.integers(0, 1000), delay_ms=st.sampled_from([0, 700]))
    def nack(self, number: int, delay_ms: int) -> None:
        if self.held:
            id = sorted(self.held)[number % len(self.held)]
            record, _ = self.held.pop(id)
            self.engine.run(GroupNack("s", "g", [id], [record.lease], delay_ms=delay_ms))

    @rule(consumer=CONSUMERS)
    def leave(self, consumer: str) -> None:
        self.engine.run(GroupLeave("s", "g", consumer))
        self.held = {id: held for id, held in self.held.items() if held[1] != consumer}

    @rule(ms=st.sampled_from([10, 1_000, 6_000]))
    def time_passes(self, ms: int) -> None:
        self.engine.advance(ms)
        still = {
            entry.id
            for entry in self.engine.query(GroupPending("s", "g", limit=1000)).items
            if entry.expires_at_ms > self.engine.now_ms
        }
        self.held = {id: held for id, held in self.held.items() if id in still}

    @rule()
    def crash_and_reopen(self) -> None:
        self.engine.reopen()

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        for _ in range(3):
            self.engine.advance(30_000)
            while records := self.read("last", 1000):
                ids = [record.id for record in records]
                self.engine.run(GroupAck("s", "g", ids, [r.lease for r in records]))
                self.done.update(ids)
                for id in ids:
                    del self.held[id]
        assert self.done == {id for ids in self.appended.values() for id in ids}
        info = self.engine.query(GroupGetInfo("s", "g"))
        assert (info.pending, info.lag) == (0, 0)


SETTINGS = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSharedGroup = SharedGroup.TestCase
TestSharedGroup.settings = SETTINGS
TestKeySharedGroup = KeySharedGroup.TestCase
TestKeySharedGroup.settings = SETTINGS
