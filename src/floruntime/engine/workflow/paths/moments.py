"""Converts RFC 3339 texts, such as `2026-11-29T22:00:00Z`, to epoch milliseconds.

It is calculated here, since the engine has no clock and does not use the system's calendar.
"""

from __future__ import annotations

import re
from typing import Final

_MOMENT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_MS: Final = 24 * 3_600_000
_EPOCH_DAYS: Final = 719_468
"""From the first of March of the year 0 to the first of January 1970."""


def epoch_ms_of(text: str) -> int | None:
    """The moment that a text names; `None` where it names none. What is finer than a millisecond is
    left out; a leap second is the one after it.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    away_hours, away_minutes = int(found[10] or 0), int(found[11] or 0)
    if not (
        1 <= month <= len(_DAYS)
        and 1 <= day <= _days_in(year, month)
        and hour <= 23
        and minute <= 59
        and second <= 60
        and away_hours <= 23
        and away_minutes <= 59
    ):
        return None
    millis = int((found[7] or "0")[:3].ljust(3, "0"))
    away_ms = (away_hours * 60 + away_minutes) * 60_000
    local_ms = _days_since_epoch(year, month, day) * _DAY_MS
    local_ms += ((hour * 60 + minute) * 60 + second) * 1_000 + millis
    return local_ms + away_ms if found[9] == "-" else local_ms - away_ms


def _days_in(year: int, month: int) -> int:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and is_leap else _DAYS[month - 1]


def _days_since_epoch(year: int, month: int, day: int) -> int:
    """Years begin in March, so that the leap day is the last of them."""
    year -= month <= 2
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - _EPOCH_DAYS
