"""The checker finds each kind of broken promise: a test that cannot fail proves nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from floruntime.core.queue import QueueStats
from floruntime.core.stream import StreamID
from tests.crash.checker import Found, problems
from tests.crash.history import NOT_RUN, UNKNOWN, Delivered, History, Settled

A, B = StreamID(1, 0), StreamID(1, 1)
Change = Callable[[History, Found], object]


def kept_promises() -> tuple[History, Found]:
    history = History()
    history.puts["k"] += [(0, 10), (1, 12), (2, UNKNOWN)]
    history.seen["k"] = 1
    history.incrs += [1, 2, UNKNOWN]
    history.enqueued |= {b"a": 1, b"b": 2, b"c": UNKNOWN, b"n": NOT_RUN}
    history.jobs.delivered += [Delivered(1, b"a", 1, 5), Delivered(2, b"b", 1, 5)]
    history.jobs.settled += [Settled(1, 5, True, True), Settled(2, 5, False, True)]
    history.appended += [([b"x", b"y"], [A, B]), ([b"u", b"v"], UNKNOWN), ([b"n"], NOT_RUN)]
    history.followed.append([(A, b"x")])
    history.records.delivered += [Delivered(A, b"x", 1, 7), Delivered(B, b"y", 1, 7)]
    history.records.settled += [Settled(A, 7, True, True), Settled(B, 7, True, UNKNOWN)]
    history.batches |= {"one": True, "two": False, "three": UNKNOWN}
    history.moved |= {b"one": True}
    found = Found(
        values={"k": (1, 12)},
        versions={"k": [(0, 10), (1, 12)]},
        counter=2,
        dead={2: b"b"},
        stats=QueueStats("jobs", 0, 0, 0, 1, 0, 2, 1),
        stream=[(A, 0, 0, b"x"), (B, 0, 1, b"y")],
        batch_keys={"one"},
        batch_counter=1,
        batch_records=["one"],
        batch_messages=["one"],
        moved=[b"one"],
    )
    return history, found


def test_kept_promises_are_no_problem() -> None:
    assert problems(*kept_promises()) == []


def test_an_unknown_write_may_have_happened_whole() -> None:
    history, found = kept_promises()
    found.values["k"] = (2, 13)
    found.versions["k"].append((2, 13))
    found.counter = 3
    found.stream += [(StreamID(2, 0), 0, 2, b"u"), (StreamID(2, 1), 0, 3, b"v")]
    history.records.delivered += [Delivered(r[0], r[3], 1, 9) for r in found.stream[2:]]
    history.records.settled += [Settled(r[0], 9, True, True) for r in found.stream[2:]]
    assert problems(history, found) == []


def forget_batches(found: Found) -> None:
    found.batch_keys, found.batch_records, found.batch_messages = set(), [], []


BROKEN: dict[str, Change] = {
    "1 was acknowledged, 0 is there": lambda h, f: f.values.update(k=(0, 10)),
    "1 was acknowledged, -1 is there": lambda h, f: f.values.clear(),
    "2 was read": lambda h, f: h.seen.update(k=2),
    "was never written": lambda h, f: f.values.update(k=(7, 99)),
    "was given version": lambda h, f: f.values.update(k=(1, 13)),
    "versions do not grow": lambda h, f: h.puts["k"].append((3, 12)),
    "its history says": lambda h, f: f.versions.update(k=[(0, 9), (1, 12)]),
    "out of order or repeats": lambda h, f: f.versions["k"].insert(0, (0, 9)),
    "counter: 4": lambda h, f: setattr(f, "counter", 4),
    "counter: 1": lambda h, f: setattr(f, "counter", 1),
    "told the same sum": lambda h, f: h.incrs.append(2),
    "exists as [1, 9]": lambda h, f: h.jobs.delivered.append(Delivered(9, b"a", 1, 8)),
    "acknowledged as seq 3": lambda h, f: h.enqueued.update({b"z": 3}),
    "b'n' was not enqueued": lambda h, f: f.dead.update({4: b"n"}),
    "delivered and never enqueued": lambda h, f: f.dead.update({4: b"?"}),
    "handed out 2 times": lambda h, f: h.jobs.delivered.append(Delivered(1, b"a", 1, 5)),
    "acked under lease 5": lambda h, f: h.jobs.delivered.append(Delivered(1, b"a", 2, 6)),
    "both acked and dead": lambda h, f: f.dead.update({1: b"a"}),
    "acked twice": lambda h, f: h.jobs.settled.append(Settled(1, 6, True, True)),
    "sent to the dead letters, and not there": lambda h, f: f.dead.clear(),
    "never settled, and gone": lambda h, f: h.jobs.settled.pop(0),
    "dead, 1 are there": lambda h, f: setattr(f, "stats", QueueStats("", 0, 0, 0, 2, 0, 2, 1)),
    "drained, and": lambda h, f: setattr(f, "stats", QueueStats("", 1, 0, 0, 1, 0, 2, 1)),
    "do not make up": lambda h, f: setattr(f, "stats", QueueStats("", 0, 0, 0, 1, 0, 2, 0)),
    "9 enqueued in total": lambda h, f: setattr(f, "stats", QueueStats("", 0, 0, 0, 1, 0, 9, 8)),
    "were acknowledged as": lambda h, f: f.stream.pop(),
    "(unknown) 1 are there": lambda h, f: f.stream.append((StreamID(2, 0), 0, 2, b"u")),
    "(not run) 1 are there": lambda h, f: f.stream.append((StreamID(2, 0), 0, 2, b"n")),
    "more than once": lambda h, f: f.stream.append((StreamID(2, 0), 0, 2, b"x")),
    "ids do not grow": lambda h, f: f.stream.reverse(),
    "has offset 3": lambda h, f: f.stream.append((StreamID(2, 0), 0, 3, b"u")),
    "never appended": lambda h, f: f.stream.append((StreamID(2, 0), 0, 2, b"?")),
    "is not the stream's": lambda h, f: h.followed.append([(B, b"y")]),
    "never delivered": lambda h, f: h.records.delivered.pop(),
    "record 1-0: delivered, never settled": lambda h, f: h.records.settled.pop(0),
    "are there (1, 1, 0)": lambda h, f: f.batch_messages.clear(),
    "are there (1, 2, 1)": lambda h, f: f.batch_records.append("one"),
    "batch one was acknowledged": lambda h, f: forget_batches(f),
    "counted": lambda h, f: setattr(f, "batch_counter", 2),
    "passed on 2 times": lambda h, f: f.moved.append(b"one"),
    "as was acknowledged, and not there": lambda h, f: f.moved.clear(),
    "odd": lambda h, f: h.surprises.append("odd"),
}


@pytest.mark.parametrize("problem", BROKEN)
def test_a_broken_promise_is_found(problem: str) -> None:
    history, found = kept_promises()
    BROKEN[problem](history, found)
    assert any(problem in sentence for sentence in problems(history, found))


def test_a_refused_batch_that_is_there_is_found() -> None:
    history, found = kept_promises()
    found.batch_keys.add("two")
    found.batch_records.append("two")
    found.batch_messages.append("two")
    assert any("two was refused" in sentence for sentence in problems(history, found))
