"""The table beside Redis and the peers: who is the best, and what is judged by whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.compare import TARGETS, Comparison
from bench.generator import Result
from bench.peers import PEERS

from bench import peers


def results(*rates: int) -> list[Result]:
    return [Result(rate, 1.0, 1.0, 2.0, 0.5, 0.5, 0) for rate in rates]


def compared(**others: list[Result]) -> Comparison:
    rest = {"Flo": results(1, 3_000, 9_999), "Redis": results(6_000) * 3}
    return Comparison(TARGETS[0], rest | others)


@pytest.mark.parametrize(("rate", "is_met"), [(1_000, True), (1_001, False)])
def test_flo_is_judged_by_the_best_peer(rate: int, is_met: bool) -> None:
    row, beside_redis = compared(RabbitMQ=results(10), NATS=results(5, rate, 9_000)).rows()
    assert (row.is_met, row.ratio) == (is_met, f"{3_000 / rate:.2f}")
    assert row.peer.index("NATS") < row.peer.index("RabbitMQ")
    assert (beside_redis.ratio, beside_redis.is_met) == ("0.50", False)


def test_without_a_peer_there_is_only_the_line_of_redis() -> None:
    [row] = compared().rows()
    assert "Redis" in row.peer


def test_what_one_request_costs_is_told_in_processor_time() -> None:
    *_, row = compared().rows()
    assert "Flo" in row.note
    assert "167 µs of processor each" in row.note


def test_a_peer_that_is_not_installed_is_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    etcd = next(peer for peer in PEERS if peer.name == "etcd")
    missing = replace(etcd, program=lambda: None)
    monkeypatch.setattr(peers, "PEERS", (missing,))
    assert peers.peers_of("put") == []
    assert "apt-get install etcd-server" in missing.told_version()
