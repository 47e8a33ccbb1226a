"""Nominal times: cron in zones whose clocks change, both nights of a year; intervals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from floruntime.engine.workflow.language.definition import Schedule
from floruntime.server.calendar import CronCalendar, IntervalCalendar, calendar_of

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
LORD_HOWE, TOKYO, CAIRO = "Australia/Lord_Howe", "Asia/Tokyo", "Africa/Cairo"
HOURS_BUT_2 = [hour for hour in range(24) if hour != 2]


def at(text: str) -> int:
    """Milliseconds of a time with its offset."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def shown(time_ms: int, zone: str) -> str:
    """What the wall clock of the zone shows, with its offset."""
    moment = datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    return moment.isoformat(timespec="minutes")[5:]


def times(cron: str, zone: str, first: str, last: str) -> list[str]:
    """All nominal times after `first`, up to `last`."""
    calendar = CronCalendar(cron, zone)
    found: list[str] = []
    time_ms: int | None = calendar.after(at(first))
    while time_ms is not None and time_ms <= at(last):
        found.append(shown(time_ms, zone))
        time_ms = calendar.after(time_ms)
    return found


# Daylight saving, by hand. Spring leaves out an hour (Lord Howe: half of one), autumn has it twice.


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["03-31T03:00+02:00", "04-01T02:30+02:00"]),
        ("0 2 * * *", ["03-31T03:00+02:00", "04-01T02:00+02:00"]),
        ("0 3 * * *", ["03-31T03:00+02:00", "04-01T03:00+02:00"]),
        ("0 2,3 * * *", ["03-31T03:00+02:00", "04-01T02:00+02:00", "04-01T03:00+02:00"]),
        ("59 1 * * *", ["03-31T01:59+01:00", "04-01T01:59+02:00"]),
        ("*/20 2 31 3 *", ["03-31T03:00+02:00"]),
        ("0 1,4,5 31 3 *", ["03-31T01:00+01:00", "03-31T04:00+02:00", "03-31T05:00+02:00"]),
        ("15 * 31 3 0", [f"03-31T{hour:02}:15+0{1 + (hour > 2)}:00" for hour in HOURS_BUT_2]),
        ("0 */2 31 3 *", [f"03-31T{h:02}:00+0{1 + (h > 2)}:00" for h in (0, *range(4, 24, 2))]),
    ],
)
def test_spring_in_berlin(cron: str, expected: list[str]) -> None:
    assert times(cron, BERLIN, "2024-03-30T23:30+01:00", "2024-04-01T03:00+02:00") == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["10-27T02:30+02:00", "10-28T02:30+01:00"]),
        ("0 2 * * *", ["10-27T02:00+02:00", "10-28T02:00+01:00"]),
        ("0 3 * * *", ["10-27T03:00+01:00", "10-28T03:00+01:00"]),
        ("59 1 * * *", ["10-27T01:59+02:00", "10-28T01:59+01:00"]),
        ("*/20 2 27 10 *", ["10-27T02:00+02:00", "10-27T02:20+02:00", "10-27T02:40+02:00"]),
        (
            "*/30 * 27 10 0",
            [
                *(f"10-27T0{hour}:{minute}+02:00" for hour in (0, 1, 2) for minute in ("00", "30")),
                *(f"10-27T{hour:02}:{m}+01:00" for hour in range(2, 24) for m in ("00", "30")),
            ],
        ),
        (
            "0 */2 27 10 *",
            [
                "10-27T00:00+02:00",
                "10-27T02:00+02:00",
                *(f"10-27T{hour:02}:00+01:00" for hour in range(2, 24, 2)),
            ],
        ),
    ],
)
def test_autumn_in_berlin(cron: str, expected: list[str]) -> None:
    assert times(cron, BERLIN, "2024-10-26T23:30+02:00", "2024-10-28T03:00+01:00") == expected


@pytest.mark.parametrize(
    ("cron", "spring", "autumn"),
    [
        ("30 2 * * *", ["03-10T03:00-04:00"], ["11-03T02:30-05:00"]),
        ("30 1 * * *", ["03-10T01:30-05:00"], ["11-03T01:30-04:00"]),
        (
            "30 * * * *",
            ["03-10T00:30-05:00", "03-10T01:30-05:00", "03-10T03:30-04:00"],
            ["11-03T00:30-04:00", "11-03T01:30-04:00", "11-03T01:30-05:00", "11-03T02:30-05:00"],
        ),
    ],
)
def test_both_nights_in_new_york(cron: str, spring: list[str], autumn: list[str]) -> None:
    assert times(cron, NEW_YORK, "2024-03-10T00:00-05:00", "2024-03-10T04:00-04:00") == spring
    assert times(cron, NEW_YORK, "2024-11-03T00:00-04:00", "2024-11-03T03:00-05:00") == autumn


@pytest.mark.parametrize(
    ("cron", "spring", "autumn"),
    [
        ("15 2 * * *", ["10-06T02:30+11:00"], ["04-07T02:15+10:30"]),
        ("45 1 * * *", ["10-06T01:45+10:30"], ["04-07T01:45+11:00"]),
        ("45 2 * * *", ["10-06T02:45+11:00"], ["04-07T02:45+10:30"]),
        (
            "*/15 * * * *",
            [
                *("10-06T01:15+10:30", "10-06T01:30+10:30", "10-06T01:45+10:30"),
                *("10-06T02:30+11:00", "10-06T02:45+11:00", "10-06T03:00+11:00"),
            ],
            [
                *("04-07T01:15+11:00", "04-07T01:30+11:00", "04-07T01:45+11:00"),
                *("04-07T01:30+10:30", "04-07T01:45+10:30", "04-07T02:00+10:30"),
                *("04-07T02:15+10:30", "04-07T02:30+10:30", "04-07T02:45+10:30"),
                "04-07T03:00+10:30",
            ],
        ),
        ("0 */2 * * *", [], ["04-07T02:00+10:30"]),
    ],
)
def test_both_nights_on_lord_howe(cron: str, spring: list[str], autumn: list[str]) -> None:
    assert times(cron, LORD_HOWE, "2024-10-06T01:00+10:30", "2024-10-06T03:00+11:00") == spring
    assert times(cron, LORD_HOWE, "2024-04-07T01:00+11:00", "2024-04-07T03:00+10:30") == autumn


@pytest.mark.parametrize(
    ("cron", "spring", "autumn"),
    [
        ("0 0 * * *", ["04-26T01:00+03:00"], ["10-31T00:00+03:00", "11-01T00:00+02:00"]),
        ("30 23 * * *", ["04-25T23:30+02:00"], ["10-31T23:30+03:00"]),
        ("0 23 * * *", ["04-25T23:00+02:00"], ["10-31T23:00+03:00"]),
    ],
)
def test_where_the_clock_changes_at_midnight(
    cron: str, spring: list[str], autumn: list[str]
) -> None:
    """In Cairo spring has no midnight, and autumn the hour before it twice."""
    assert times(cron, CAIRO, "2024-04-25T22:00+02:00", "2024-04-26T10:00+03:00") == spring
    assert times(cron, CAIRO, "2024-10-30T23:40+03:00", "2024-11-01T10:00+02:00") == autumn


def test_a_zone_whose_clock_never_changes() -> None:
    expected = [f"03-31T{hour:02}:30+09:00" for hour in range(24)]
    assert (
        times("30 * * * *", TOKYO, "2024-03-31T00:00+09:00", "2024-04-01T00:00+09:00") == expected
    )
    assert times("30 2 * * *", TOKYO, "2024-10-26T03:00+09:00", "2024-10-28T03:00+09:00") == [
        "10-27T02:30+09:00",
        "10-28T02:30+09:00",
    ]


# The same by counting out every minute

NIGHTS = [
    (BERLIN, "2024-03-31"),
    (BERLIN, "2024-10-27"),
    (NEW_YORK, "2024-03-10"),
    (NEW_YORK, "2024-11-03"),
    (LORD_HOWE, "2024-04-07"),
    (LORD_HOWE, "2024-10-06"),
    (CAIRO, "2024-04-26"),
    (CAIRO, "2024-10-31"),
    ("Antarctica/Troll", "2024-03-31"),
    ("Antarctica/Troll", "2024-10-27"),
    (TOKYO, "2024-03-31"),
    ("UTC", "2024-03-31"),
]
CRONS: dict[str, tuple[range | tuple[int, ...], range | tuple[int, ...] | None]] = {
    "30 2 * * *": ((30,), (2,)),
    "0 0,1,2,3 * * *": ((0,), (0, 1, 2, 3)),
    "*/25 0-3 * * *": (range(0, 60, 25), range(4)),
    "15 * * * *": ((15,), None),
    "*/20 * * * *": (range(0, 60, 20), None),
    "10 */2 * * *": ((10,), range(0, 24, 2)),
}


def counted_out(cron: str, zone: str, day: datetime) -> list[int]:
    """All nominal times of a few days: what each minute of the wall clock shows, or, where the
    hours are fixed, where each minute of a day lies.
    """
    minutes, hours = CRONS[cron]
    place = ZoneInfo(zone)
    matches = [
        local
        for n in range(-24 * 60, 48 * 60)
        if (local := day + timedelta(minutes=n)).minute in minutes
        and (hours is None or local.hour in hours)
    ]
    if not cron.split()[1].startswith("*"):
        return sorted({fixed_ms(local, place) for local in matches})
    wanted = set(matches)
    begins = int(day.replace(tzinfo=place).timestamp()) - 86_400
    moments = range(begins, begins + 3 * 86_400, 60)
    return [
        moment * 1000
        for moment in moments
        if datetime.fromtimestamp(moment, place).replace(tzinfo=None, fold=0) in wanted
    ]


def fixed_ms(local: datetime, place: ZoneInfo) -> int:
    """The moment of a local time: the first of two; after a gap, its end."""
    while True:
        moment = local.replace(tzinfo=place)
        if moment.astimezone(UTC).astimezone(place).replace(tzinfo=None, fold=0) == local:
            return int(moment.timestamp()) * 1000
        local += timedelta(minutes=1)


@pytest.mark.parametrize("cron", CRONS)
@pytest.mark.parametrize(("zone", "day"), NIGHTS)
def test_around_a_change_of_the_clock_every_moment_knows_what_is_next_and_was_last(
    zone: str, day: str, cron: str
) -> None:
    midnight = datetime.fromisoformat(day)
    expected = counted_out(cron, zone, midnight)
    calendar = CronCalendar(cron, zone)
    begins_ms = int(midnight.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    for minutes in range(-90, 330, 10):
        for time_ms in (begins_ms + minutes * 60_000, begins_ms + minutes * 60_000 - 1):
            later = [nominal for nominal in expected if nominal > time_ms]
            earlier = [nominal for nominal in expected if nominal <= time_ms]
            assert calendar.after(time_ms) == later[0], shown(time_ms, zone)
            assert calendar.last_by(time_ms) == earlier[-1], shown(time_ms, zone)


# Edges


def test_a_nominal_time_itself_is_not_after_itself_and_is_the_last_by_itself() -> None:
    calendar = CronCalendar("0 9 * * *", BERLIN)
    nine = at("2024-06-01T09:00+02:00")
    assert calendar.after(nine) == at("2024-06-02T09:00+02:00")
    assert calendar.after(nine - 1) == nine
    assert calendar.last_by(nine) == nine
    assert calendar.last_by(nine - 1) == at("2024-05-31T09:00+02:00")


@pytest.mark.parametrize(
    ("cron", "time", "next_time", "last_time"),
    [
        ("0 9 * * 1-5", "2024-06-08T00:00", "2024-06-10T09:00", "2024-06-07T09:00"),
        ("0 0 29 2 *", "2025-01-01T00:00", "2028-02-29T00:00", "2024-02-29T00:00"),
        ("0 0 1 1 *", "2024-06-01T00:00", "2025-01-01T00:00", "2024-01-01T00:00"),
        ("* * 1 1 *", "2024-06-01T00:00", "2025-01-01T00:00", "2024-01-01T23:59"),
        ("0 0 13 * 5", "2024-06-01T00:00", "2024-06-07T00:00", "2024-05-31T00:00"),
        ("0 0 * * 7", "2024-06-01T00:00", "2024-06-02T00:00", "2024-05-26T00:00"),
    ],
)
def test_rare_times(cron: str, time: str, next_time: str, last_time: str) -> None:
    calendar = CronCalendar(cron, "UTC")
    assert calendar.after(at(time + "+00:00")) == at(next_time + "+00:00")
    assert calendar.last_by(at(time + "+00:00")) == at(last_time + "+00:00")


@pytest.mark.parametrize(
    ("cron", "days"),
    [
        ("0 0 */10 * 1", {1, 3, 10, 11, 17, 21, 24, 31}),  # Mondays are the 3rd, 10th, …
        ("0 0 1,15 * */3", {1, 2, 5, 8, 9, 12, 15, 16, 19, 22, 23, 26, 29, 30}),  # Sun, Wed, Sat
        ("0 0 */10 * *", {1, 11, 21, 31}),
        ("0 0 * * */6", {1, 2, 8, 9, 15, 16, 22, 23, 29, 30}),
    ],
)
def test_a_day_in_steps_is_given_like_any_other(cron: str, days: set[int]) -> None:
    found = times(cron, "UTC", "2029-11-30T12:00+00:00", "2029-12-31T12:00+00:00")
    assert {int(time[3:5]) for time in found} == days


# Intervals


def test_an_interval_counts_from_its_anchor() -> None:
    calendar = IntervalCalendar(1000, 250)
    assert [calendar.after(ms) for ms in (0, 250, 1249, 1250, 5000)] == [
        1250,
        1250,
        1250,
        2250,
        5250,
    ]
    assert [calendar.last_by(ms) for ms in (0, 1249, 1250, 5000)] == [None, None, 1250, 4250]


def test_the_calendar_is_what_the_schedule_says() -> None:
    noon = at("2024-06-01T12:00+02:00")
    cron = calendar_of(Schedule(cron="0 13 * * *", timezone=BERLIN), 0)
    assert cron.after(noon) == at("2024-06-01T13:00+02:00")
    interval = calendar_of(Schedule(interval=5000), noon)
    assert interval.after(noon) == noon + 5000
