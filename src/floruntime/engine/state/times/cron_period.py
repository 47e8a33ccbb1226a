"""How close together the times of a cron expression are, by arithmetic alone.

The clock's changes are left out: they come twice a year, and each moves a time by an hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from floruntime.engine.state.times.cron import CronFields, parse_cron

_MINUTE_MS: Final = 60_000
_MINUTES_OF_DAY: Final = 24 * 60
_YEARS: Final = range(2000, 2028)
"""After 28 years each date has met each weekday, leap years included."""
_FIRST_WEEKDAY: Final = 6
"""That of the first of January 2000: a Saturday."""
_DAYS_OF_MONTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@lru_cache(maxsize=128)
def shortest_period_ms(expression: str) -> int | None:
    """The shortest time from one match to the next; `None` where there is only one in 28 years."""
    fields = parse_cron(expression)
    times = sorted(60 * hour + minute for hour in fields.hours for minute in fields.minutes)
    within = [later - earlier for earlier, later in pairwise(times)]
    days = _shortest_days(fields)
    if days is not None:
        within.append(days * _MINUTES_OF_DAY - times[-1] + times[0])
    return min(within) * _MINUTE_MS if within else None


def _shortest_days(fields: CronFields) -> int | None:
    """The shortest way from a day that matches to the next one, in days."""
    shortest: int | None = None
    last: int | None = None
    for number, (month, day) in enumerate(_dates()):
        if not _matches(fields, month, day, (_FIRST_WEEKDAY + number) % 7):
            continue
        if last is not None and (shortest is None or number - last < shortest):
            shortest = number - last
        if shortest == 1:
            break
        last = number
    return shortest


def _dates() -> Iterator[tuple[int, int]]:
    """Month and day of every day of these years."""
    for year in _YEARS:
        for month, days in enumerate(_DAYS_OF_MONTHS, 1):
            is_leap_month = month == 2 and year % 4 == 0
            yield from ((month, day) for day in range(1, days + is_leap_month + 1))


def _matches(fields: CronFields, month: int, day: int, weekday: int) -> bool:
    if month not in fields.months:
        return False
    is_day, is_weekday = day in fields.days, weekday in fields.weekdays
    return is_day or is_weekday if fields.is_either else is_day and is_weekday
