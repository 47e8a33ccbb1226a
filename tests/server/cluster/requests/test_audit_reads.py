"""The audit of what belongs to no namespace is read from all partitions, as one stream."""

from __future__ import annotations

from typing import Any

from floruntime.core.errors import FloError, UnavailableError
from floruntime.core.kv import KvGet
from floruntime.core.stream import ReadResult, StreamID, StreamRead, StreamRecord
from floruntime.core.types import Query
from floruntime.server.cluster.requests.audit_reads import AuditReads, is_of_all

ALL = StreamRead("_audit", start="0")


class Router:
    """It keeps what it is asked, which the test answers."""

    partitions = 2

    def __init__(self) -> None:
        self.asked: dict[int, Any] = {}
        self.namespaces: set[str] = set()
        self.drops = 0

    def ask_at(
        self, partition: int, caller: Any, request_id: int, namespace: str, query: Query[Any]
    ) -> None:
        assert partition == request_id
        self.asked[partition] = query
        self.namespaces.add(namespace)

    def drop(self, caller: Any) -> None:
        self.asked.clear()
        self.drops += 1


class Caller:
    client, is_closed, spans, terms = "client", False, None, None

    def __init__(self) -> None:
        self.answers: list[tuple[int, ReadResult | None, FloError | None]] = []

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        self.answers.append((request_id, result, error))

    def flush(self) -> None: ...

    @property
    def shown(self) -> list[tuple[int, int]]:
        """The moments and partitions of the one answer."""
        [(_, result, error)] = self.answers
        assert error is None
        assert result is not None
        return [(each.id.timestamp_ms, each.partition) for each in result.records]


def read(request: StreamRead) -> tuple[Router, Caller, AuditReads]:
    router, caller = Router(), Caller()
    it = AuditReads(router, caller, 7, request)
    it.begin()
    return router, caller, it


def found(*moments: int, after: int | None = None, payload: bytes = b"") -> ReadResult:
    """What a partition shows."""
    records = [
        StreamRecord(StreamID(ms, 0), place, 0, "_audit", payload, {}, None, ms)
        for place, ms in enumerate(moments)
    ]
    seen = max(moments, default=after)
    return ReadResult(records, None if seen is None else StreamID(seen, 0))


def test_which_reads_are_meant() -> None:
    assert is_of_all(ALL, "_system")
    assert not is_of_all(ALL, "shop")
    assert not is_of_all(StreamRead("other"), "_system")
    assert not is_of_all(KvGet("_audit"), "_system")


def test_records_come_in_the_order_of_their_ids_and_tell_their_partition() -> None:
    router, caller, it = read(ALL)
    assert (router.asked, router.namespaces) == (dict.fromkeys(range(3), ALL), {"_system"})
    it.add_answer(2, found(5, 9), None)
    it.add_answer(0, found(), None)
    assert not caller.answers
    it.add_answer(1, found(7), None)
    assert caller.shown == [(5, 2), (7, 1), (9, 2)]
    [(request_id, result, _)] = caller.answers
    assert result is not None
    assert (request_id, result.next_after) == (7, StreamID(9, 0))


def test_a_page_ends_behind_an_id_and_never_between_two_records_of_one() -> None:
    _, caller, it = read(StreamRead("_audit", start="0", limit=2))
    it.add_answer(0, found(1, 4), None)
    it.add_answer(1, found(4, 8, payload=b"another"), None)
    it.add_answer(2, found(4, payload=b"a third"), None)
    assert caller.shown == [(1, 0), (4, 0), (4, 1), (4, 2)]
    [(_, result, _)] = caller.answers
    assert result is not None
    assert result.next_after == StreamID(4, 0)


def test_what_each_partition_has_from_a_single_server_is_shown_once() -> None:
    _, caller, it = read(ALL)
    for number in (2, 0, 1):
        it.add_answer(number, found(1, 4), None)
    assert caller.shown == [(1, 0), (4, 0)]


def test_it_waits_in_all_of_them_behind_what_is_there_and_for_the_first_alone() -> None:
    router, caller, it = read(StreamRead("_audit", start="$", block_ms=1000))
    assert {each.block_ms for each in router.asked.values()} == {0}
    it.add_answer(0, found(after=3), None)
    it.add_answer(1, found(), None)
    it.add_answer(2, found(after=6), None)
    waiting = {
        number: (each.start, each.after, each.block_ms) for number, each in router.asked.items()
    }
    assert waiting == {0: (None, "3-0", 1000), 1: ("$", None, 1000), 2: (None, "6-0", 1000)}
    it.add_answer(2, found(8), None)
    assert caller.shown == [(8, 2)]
    assert router.drops == 2
    it.add_answer(0, found(9), None)
    assert len(caller.answers) == 1, "whoever comes later is not heard"


def test_where_nothing_comes_it_ends_with_nothing_behind_what_was_seen() -> None:
    _, caller, it = read(StreamRead("_audit", start="$", block_ms=1000))
    for _ in range(2):
        for number in range(3):
            it.add_answer(number, found(after=number), None)
    assert caller.answers == [(7, ReadResult([], StreamID(2, 0)), None)]


def test_of_one_partition_or_at_an_offset_one_alone_is_asked() -> None:
    router, caller, it = read(StreamRead("_audit", offset=5, partition=2))
    assert router.asked == {2: StreamRead("_audit", offset=5)}
    it.add_answer(2, found(4), None)
    assert caller.shown == [(4, 2)]
    assert read(StreamRead("_audit", offset=5))[0].asked == {0: StreamRead("_audit", offset=5)}
    beyond = StreamRead("_audit", partition=3)
    assert read(beyond)[0].asked == {0: beyond}, "which refuses it"


def test_a_partition_that_cannot_answer_makes_the_whole_unknown() -> None:
    _, caller, it = read(StreamRead("_audit", start="0", block_ms=1000))
    it.add_answer(0, found(1), None)
    it.add_answer(1, None, UnavailableError("nobody leads it"))
    it.add_answer(2, found(), None)
    [(_, result, error)] = caller.answers
    assert result is None
    assert isinstance(error, UnavailableError)
