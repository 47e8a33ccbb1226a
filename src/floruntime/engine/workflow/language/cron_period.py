"""How close together the times of a cron expression are, by arithmetic alone.

The clock's changes are left out: they come twice a year, and each moves a time by an hour.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Final

from floruntime.engine.workflow.language.cron import CronFields, parse_cron

_MINUTE_MS: Final = 60_000
_MINUTES_OF_DAY: Final = 24 * 60
_FIRST: Final = date(2000, 1, 1).toordinal()
_DAYS: Final = 28 * 365 + 7
"""After so many days each date has met each weekday, leap years included."""


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
    shortest, last = None, None
    for day in range(_FIRST, _FIRST + _DAYS):
        if not _matches(fields, date.fromordinal(day)):
            continue
        if last is not None and (shortest is None or day - last < shortest):
            shortest = day - last
        if shortest == 1:
            break
        last = day
    return shortest


def _matches(fields: CronFields, day: date) -> bool:
    if day.month not in fields.months:
        return False
    is_day, is_weekday = day.day in fields.days, day.isoweekday() % 7 in fields.weekdays
    return is_day or is_weekday if fields.is_either else is_day and is_weekday
