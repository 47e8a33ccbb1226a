"""Options: what our calls are given for them."""

from __future__ import annotations

import pytest

import floruntime.compat.flo as flo
from floruntime.compat.flo.options import Options


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (flo.GetOptions(), {}),
        (flo.GetOptions(namespace="other"), {"namespace": "other"}),
        (flo.PutOptions(cas_version=0), {"cas_version": 0}),
        (flo.KVTouchOptions(if_match=3), {"cas_version": 3}),
        (flo.StreamReadOptions(count=5, tail=True), {"limit": 5, "tail": True}),
        (
            flo.StreamTrimOptions(max_len=5, max_age_seconds=60),
            {"max_records": 5, "max_age_ms": 60_000},
        ),
        (flo.StreamGroupNackOptions(redelivery_delay_ms=10), {"delay_ms": 10}),
        (
            flo.WorkerRegisterOptions(machine_id="m", metadata="{}", concurrency=2),
            {"concurrency": 2, "metadata": {"machine_id": "m", "text": "{}"}},
        ),
        (flo.WorkerRegisterOptions(), {}),
        (flo.WorkflowListRunsOptions(status_filter="running"), {"status": "running"}),
    ],
)
def test_they_go_by_our_names(options: Options, expected: object) -> None:
    assert options.keywords() == expected
