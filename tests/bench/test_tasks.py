"""The task part: runs are counted, the ratio is to the best peer, a missing peer is named."""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from bench.talk import BenchError
from bench.task_callers import LoopCallers, ThreadCallers
from bench.task_marks import MARKS_FILE, count_marks, mark, read_marks, steady_rate
from bench.task_run import Figures
from bench.tasks import MEASURES, conditions, installed_peers, memory_row

from bench import task_marks, tasks

FIGURES = Figures(
    from_one_per_s=1_000,
    from_ten_per_s=2_000,
    drained_per_s=5_000,
    p50_ms=2,
    p99_ms=4,
    worker_mb=40,
    note="as it comes",
)
SLOW = replace(FIGURES, drained_per_s=500, p50_ms=8, p99_ms=16)
QUICK = replace(FIGURES, drained_per_s=1_000, p50_ms=4, p99_ms=8)
DRAIN, P50 = MEASURES[2], MEASURES[3]


def test_marks_are_counted_and_read_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "marks"
    monkeypatch.setenv(MARKS_FILE, str(path))
    assert count_marks(path) == 0
    task_marks._file.cache_clear()
    for _ in range(3):
        mark()
    os.close(task_marks._file())
    task_marks._file.cache_clear()
    assert count_marks(path) == 3
    path.write_bytes(struct.pack("<3q", 30, 10, 20))
    assert read_marks(path) == [10, 20, 30]


def test_the_first_tenth_is_not_counted() -> None:
    at_ns = [number * 1_000_000 for number in range(100)]
    assert steady_rate(at_ns, 100) == pytest.approx(1_000)
    late = [at - 10**9 for at in at_ns[:10]] + at_ns[10:]
    assert steady_rate(late, 100) == pytest.approx(1_000)


@pytest.mark.parametrize("runs", [99, 101])
def test_every_task_must_have_run_once(runs: int) -> None:
    with pytest.raises(BenchError, match=f"{runs} runs of 100 tasks"):
        steady_rate(list(range(runs)), 100)


def test_the_ratio_is_to_the_best_peer_in_each_line() -> None:
    repetitions = {"flo": [FIGURES], "arq": [SLOW], "huey": [QUICK]}
    drain, p50 = DRAIN.row(repetitions), P50.row(repetitions)
    assert (drain.ratio, drain.is_met) == ("5.00", True)
    assert (p50.ratio, p50.is_met) == ("0.50", True)
    assert drain.peer == "arq 500/s (500 to 500); Huey 1,000/s (1,000 to 1,000)"
    assert p50.target == "≤ 0.5 x the best"


def test_a_target_just_missed_is_not_met() -> None:
    repetitions = {"flo": [replace(FIGURES, drained_per_s=4_999, p50_ms=2.01)], "huey": [QUICK]}
    assert DRAIN.row(repetitions).is_met is False
    assert P50.row(repetitions).is_met is False


def test_the_median_repetition_counts() -> None:
    several = [replace(FIGURES, drained_per_s=rate) for rate in (9_000, 1_000, 6_000)]
    row = DRAIN.row({"flo": several, "huey": [QUICK]})
    assert row.flo == "6,000/s (1,000 to 9,000)"
    assert row.ratio == "6.00"


def test_without_peers_nothing_is_judged() -> None:
    row = DRAIN.row({"flo": [FIGURES]})
    assert (row.peer, row.ratio, row.is_met) == ("", "", None)


@pytest.mark.parametrize(("worker_mb", "is_met"), [(59.9, True), (60, False)])
def test_the_worker_stays_below_its_memory(worker_mb: float, is_met: bool) -> None:
    row = memory_row({"flo": [replace(FIGURES, worker_mb=worker_mb)], "huey": [QUICK]})
    assert row.is_met is is_met
    assert row.peer == "Huey 40 MB"


def test_a_missing_peer_is_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tasks, "PEERS", {"json": "Here", "no_such_peer": "Gone"})
    assert installed_peers() == ["json"]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "left out: Gone" in said
    assert conditions({"json": [FIGURES]}) == "Here: as it comes; Gone: not installed"


@pytest.mark.parametrize("callers", [1, 10])
def test_callers_enqueue_each_task_once(callers: int) -> None:
    plain: list[int] = []
    ThreadCallers(lambda: plain.append(1), lambda: None).enqueue(100, callers)
    assert len(plain) == 100

    looped = Looped()
    loop_callers = LoopCallers(looped, Looped.put, Looped.put)
    loop_callers.enqueue(100, callers)
    assert len(loop_callers.round_trips_s(1)) == 1
    loop_callers.close()
    assert (looped.tasks, looped.is_open) == (101, False)


class Looped:
    """Counts what it is given."""

    def __init__(self) -> None:
        self.tasks = 0
        self.is_open = False

    async def __aenter__(self) -> Looped:
        self.is_open = True
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.is_open = False

    async def put(self) -> None:
        assert self.is_open
        self.tasks += 1
