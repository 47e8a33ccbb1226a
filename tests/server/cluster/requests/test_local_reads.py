"""A copy answers what it is new enough for, and says how old it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from floruntime.core.errors import FloError
from floruntime.core.kv import KvGet, KvMget, KvPut
from floruntime.core.terms import Terms, Told
from floruntime.core.wire import decode_answer, decode_reply
from floruntime.engine.machine import Entry, Machine
from floruntime.engine.rules import RULES
from floruntime.engine.store import Changes, Store, StoreFailedError
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.cluster.log.message import Position
from floruntime.server.cluster.requests.local_reads import LocalReads
from tests.until import until

SEQUENCE, STALE_MS = 7, 300


class Caller:
    spans = None

    def __init__(self, seen: int, max_staleness_ms: int | None = None) -> None:
        self.terms: Terms | None = Terms(0, seen, max_staleness_ms)
        self.answers: list[tuple[Any, Any]] = []
        self.errors: list[FloError] = []

    def add_answer(
        self, request_id: int, result: Any, error: Any, told: Told | None = None
    ) -> None:
        self.answers.append((result, told))
        if error is not None:
            self.errors.append(error)


class Reader(Caller):
    """One that takes answers in pieces."""

    is_closed = False

    def __init__(self) -> None:
        super().__init__(0)
        self.owed_bytes = 0
        self.body = b""
        self.waits_for: int | None = None

    def await_body(self, request_id: int) -> None:
        self.waits_for = request_id

    def owe(self, request_id: int, answer_bytes: int) -> None:
        self.owed_bytes += answer_bytes

    def give_body(self, request_id: int, pieces: list[bytes]) -> None:
        self.waits_for, self.body = None, b"".join(pieces)


def answered(
    caller: Caller,
    *,
    may_be_read: bool = True,
    stale_ms: int | None = STALE_MS,
    partition: int = 0,
    store: Store | None = None,
    request: Any = KvGet("k"),  # noqa: B008  # it is not changed
) -> bool:
    position = Position(SEQUENCE, time_ms=1_000)
    store = MemoryStore() if store is None else store
    replica = SimpleNamespace(position=position, store=store, may_be_read=may_be_read)
    watch = SimpleNamespace(staleness_ms=lambda sequence: stale_ms, time_ms=lambda: None)
    node: Any = SimpleNamespace(
        replicas={0: replica},
        watches=[watch, watch],
        config=SimpleNamespace(value_bytes_max=2**20),
        answer_room=None,
    )
    return LocalReads(node).answer(partition, caller, 1, "default", request)


def filled(count: int, store: MemoryStore | None = None) -> MemoryStore:
    """A copy with so many values of a mebibyte."""
    store = MemoryStore() if store is None else store
    machine = Machine(store, RULES)
    for number in range(count):
        put = KvPut(f"k{number}", bytes(2**20))
        machine.apply(Entry(1_000 + number, "default", "", 0, put, True, None))
    store.write(machine.take())
    return store


def test_a_copy_that_has_what_was_seen_answers_and_says_how_old_it_is() -> None:
    for seen in (0, SEQUENCE):
        caller = Caller(seen, STALE_MS)
        assert answered(caller)
        assert caller.answers == [(None, Told(SEQUENCE, STALE_MS))]


def test_one_that_is_behind_what_was_seen_does_not() -> None:
    caller = Caller(SEQUENCE + 1)
    assert not answered(caller)
    assert not caller.answers


def test_one_of_the_history_before_does_not_however_far_it_was() -> None:
    now = Position(SEQUENCE - 5, history=1)
    assert not answered(Caller(now.reach))
    assert Position(SEQUENCE).reach == SEQUENCE, "as older versions tell it"


def test_one_that_is_too_old_does_not() -> None:
    assert not answered(Caller(0, STALE_MS - 1))


def test_one_of_which_nobody_knows_how_old_it_is_does_not() -> None:
    assert not answered(Caller(0), stale_ms=None)


def test_one_that_stands_beside_the_log_does_not_nor_one_that_is_not_there() -> None:
    assert not answered(Caller(0), may_be_read=False)
    assert not answered(Caller(0), partition=1)


async def test_a_large_answer_is_made_in_pieces_of_the_state_that_there_was() -> None:
    store, reader = filled(12), Reader()
    keys = [f"k{number}" for number in range(12)]
    assert answered(reader, store=store, request=KvMget(keys))
    assert reader.waits_for == 1, "not all of it in one turn"
    store.write(Changes({}, [(b"", b"\xff")]))
    await until(lambda: reader.waits_for is None)
    answer = decode_answer(reader.body)
    assert answer.told == Told(SEQUENCE, STALE_MS)
    entries = decode_reply(KvMget(keys), answer.result)
    assert [entry and len(entry.value) for entry in entries] == [2**20] * 12
    assert reader.owed_bytes >= 12 * 2**20


async def test_a_small_one_of_such_a_kind_is_answered_at_once() -> None:
    reader = Reader()
    assert answered(reader, store=filled(1), request=KvMget(["k0", "missing"]))
    [(entries, told)] = reader.answers
    assert [entry and len(entry.value) for entry in entries] == [2**20, None]
    assert told == Told(SEQUENCE, STALE_MS)


async def test_a_copy_that_is_replaced_meanwhile_says_so() -> None:
    class Replaced(MemoryStore):
        def snapshot(self) -> Any:
            snapshot, reads = super().snapshot(), iter(range(10))

            def get(key: bytes) -> bytes | None:
                if next(reads, None) is None:
                    raise StoreFailedError("the store is closed")
                return snapshot.get(key)

            return SimpleNamespace(get=get, scan=snapshot.scan)

    store, reader = filled(12, Replaced()), Reader()
    assert answered(reader, store=store, request=KvMget([f"k{number}" for number in range(12)]))
    await until(lambda: reader.waits_for is None)
    assert not reader.body
    [(_, told)] = reader.answers
    assert told == Told(SEQUENCE, STALE_MS)
    assert [error.code for error in reader.errors] == ["unavailable"]
