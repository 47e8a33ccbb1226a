"""Cron expressions and time zones as text: whether they are valid, not when they fire.

Pure: no clock and no zone database. When they fire is for the server, which asks `cronsim`; what is
valid here is valid there.
"""

from __future__ import annotations

import re
from typing import Final

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.engine.workflow.language.time_zones import TIME_ZONES

CRON_CHARS_MAX: Final = 256
_MONTHS: Final = (
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
)
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAYS_OF_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_TERM: Final = re.compile(
    r"(?P<first>\*|[0-9]{1,2}|[A-Z]{3})(?:-(?P<last>[0-9]{1,2}|[A-Z]{3}))?(?:/(?P<step>[0-9]{1,2}))?"
)


class _Field:
    """One of the five: its name, its range, and the words that stand for numbers."""

    def __init__(self, name: str, low: int, high: int, words: dict[str, int] | None = None) -> None:
        self.name = name
        self.low = low
        self.high = high
        self.words = words or {}


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, {word: number for number, word in enumerate(_MONTHS, 1)}),
    _Field("weekday", 0, 7, {word: number for number, word in enumerate(_WEEKDAYS)}),
)
_DAY, _MONTH, _WEEKDAY = 2, 3, 4


def check_cron(expression: str) -> str:
    """Minute, hour, day of the month, month, weekday: numbers, names of months and weekdays, `*`,
    lists, ranges and steps. Raises `BadRequestError`, naming the field, also for a time that never
    comes, such as the 30th of February.
    """
    texts = expression.upper().split()
    if len(texts) != len(_FIELDS) or len(expression) > CRON_CHARS_MAX:
        raise BadRequestError(
            f"cron {shown(expression)} has {len(texts)} fields; five are allowed: minute, hour, "
            "day of the month, month, weekday"
        )
    numbers = [
        _numbers(expression, field, text) for field, text in zip(_FIELDS, texts, strict=True)
    ]
    _check_ever(expression, texts, numbers)
    return expression


def _numbers(expression: str, field: _Field, text: str) -> set[int]:
    numbers: set[int] = set()
    for term in text.split(","):
        numbers.update(_term_numbers(expression, field, term))
    return numbers


def _term_numbers(expression: str, field: _Field, term: str) -> range:
    found = _TERM.fullmatch(term)
    if found is None or (found["first"] == "*" and found["last"]):
        raise _wrong(expression, field, term, "write a number, *, or lists, ranges and steps")
    step = int(found["step"] or 1)
    first, last = _bounds(expression, field, found)
    if step == 0 or first > last:
        raise _wrong(expression, field, term, "a range goes upwards, in steps of 1 or more")
    return range(first, last + 1, step)


def _bounds(expression: str, field: _Field, found: re.Match[str]) -> tuple[int, int]:
    if found["first"] == "*":
        return field.low, field.high
    first = _number(expression, field, found["first"])
    if found["last"]:
        return first, _number(expression, field, found["last"])
    return first, field.high if found["step"] else first


def _number(expression: str, field: _Field, text: str) -> int:
    number = field.words.get(text, int(text) if text.isdigit() else -1)
    if not field.low <= number <= field.high:
        words = f", or {', '.join(field.words)}" if field.words else ""
        raise _wrong(expression, field, text, f"{field.low} to {field.high}{words} is allowed")
    return number


def _wrong(expression: str, field: _Field, part: str, right: str) -> BadRequestError:
    return BadRequestError(f"cron {shown(expression)}: {field.name} {shown(part)}; {right}")


def _check_ever(expression: str, texts: list[str], numbers: list[set[int]]) -> None:
    """Day and weekday both given mean either of them, and every weekday comes."""
    if not texts[_DAY].startswith("*") and not texts[_WEEKDAY].startswith("*"):
        return
    if min(numbers[_DAY]) > max(_DAYS_OF_MONTHS[month - 1] for month in numbers[_MONTH]):
        raise BadRequestError(f"cron {shown(expression)} never comes: no such month has that day")


def check_timezone(name: str) -> str:
    """A name of the IANA database, such as `Europe/Berlin`. Raises `BadRequestError`."""
    if name not in TIME_ZONES:
        raise BadRequestError(
            f"timezone {shown(name)} is not known; a name of the IANA database is allowed, "
            "such as UTC or Europe/Berlin"
        )
    return name
