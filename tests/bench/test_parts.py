"""Parts that judge Flo against itself: claims under limits, and who waits beside a job."""

from __future__ import annotations

import pytest
from bench.bulk import Waits
from bench.keyed import FREE, KEYED, Pace

from bench import __main__, bulk, keyed


@pytest.mark.parametrize(("per_s", "is_met"), [(700.0, True), (690.0, False)])
def test_claims_under_limits_are_judged_by_their_share(per_s: float, is_met: bool) -> None:
    paces = {FREE: [Pace(1_000, 50)] * 3, KEYED: [Pace(per_s, 80), Pace(1, 1), Pace(9_999, 1)]}
    row = keyed.row(paces)
    assert (row.is_met, row.ratio) == (is_met, f"{per_s / 1_000:.2f}")


@pytest.mark.parametrize(("beside_s", "is_met"), [(0.002, True), (0.0021, False)])
def test_who_waits_beside_a_job_is_judged_by_an_idle_server(beside_s: float, is_met: bool) -> None:
    row = bulk.row(100, Waits([0.001] * 100, [beside_s] * 100, 4.0))
    assert row.is_met == is_met
    assert "25 runs/s" in row.note


def test_each_part_has_its_module() -> None:
    for part in __main__.ALONE:
        if part not in ("workflows", "tasks"):
            assert callable(__main__._alone(part))
