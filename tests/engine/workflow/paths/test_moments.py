"""Moments as RFC 3339 text."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.engine.workflow.paths.moments import epoch_ms_of

ZONES = st.integers(-23 * 60, 23 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@given(st.datetimes(timezones=ZONES, min_value=datetime.datetime(1, 1, 2)))
def test_it_is_the_moment_that_others_read(moment: datetime.datetime) -> None:
    expected = (moment - EPOCH) // datetime.timedelta(milliseconds=1)
    assert epoch_ms_of(moment.isoformat()) == expected


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00.001z", 1),
        ("1970-01-01 01:00:00+01:00", 0),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("2023-02-29T00:00:00Z", None),
        ("2023-13-01T00:00:00Z", None),
        ("2023-01-01T24:00:00Z", None),
        ("2023-01-01T00:00:00", None),
        ("2023-01-01", None),
        ("tomorrow", None),
    ],
)
def test_texts(text: str, expected_ms: int | None) -> None:
    assert epoch_ms_of(text) == expected_ms
