"""The table says which goals are met, and which are not."""

from __future__ import annotations

from tests.crash.cluster.figures import Figures


def test_rows_are_judged_by_their_goals_at_p99() -> None:
    one, other = Figures(), Figures()
    one.add("flo", *[3.0] * 98)
    other.add("flo", 5.0, 5.5)
    other.add("move", 0.1, 0.9)
    other.add("nats", 12.0)
    one.merge(other)
    _, flo, move, nats = str(one).splitlines()
    assert flo.split() == ["flo", "100", "3.00", "5.00", "5.50", "6", "s:", "met"]
    assert move.endswith("0.5 s: NOT MET")
    assert nats.endswith("none")
