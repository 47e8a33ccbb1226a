"""Cron expressions and time zones as text: whether they are valid, not when they fire.

Pure: no clock and no zone database. When they fire is for the server, which asks `cronsim`; what is
valid here is valid there. A field is *given* where it is anything but `*`, `*/2` included; if day
and weekday both are, either of them will do.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.engine.state.times.time_zones import TIME_ZONES

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
_DAY, _WEEKDAY = 2, 4
ANY: Final = "*"


class CronDoubtError(BadRequestError):
    """The expression is valid, and matches other times than it seems to say."""


class CronFields(NamedTuple):
    """The numbers that each field matches; 7 among the weekdays is 0. `is_either`: day and weekday
    are both given, and one of them will do.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either: bool


def check_cron(expression: str) -> str:
    """Minute, hour, day of the month, month, weekday: numbers, names of months and weekdays, `*`,
    lists, ranges and steps. Raises `BadRequestError`, naming the field, also for a time that never
    comes, such as the 30th of February; `CronDoubtError` for `*/90`.
    """
    fields = parse_cron(expression)
    texts = expression.upper().split()
    for field, text in zip(_FIELDS, texts, strict=True):
        for term in text.split(","):
            _check_step(expression, field, term)
    if fields.is_either:
        _check_either(expression, texts, fields)
    return expression


@lru_cache(maxsize=1_024)
def doubt_about(expression: str) -> str:
    """What is doubtful about an expression that is valid; empty where nothing is."""
    try:
        check_cron(expression)
    except CronDoubtError as doubt:
        return doubt.message
    return ""


def parse_cron(expression: str) -> CronFields:
    """What the fields of an expression match. Raises as `check_cron` does, but has no doubts."""
    texts = expression.upper().split()
    if len(texts) != len(_FIELDS) or len(expression) > CRON_CHARS_MAX:
        raise BadRequestError(
            f"cron {shown(expression)} has {len(texts)} fields; five are allowed: minute, hour, "
            "day of the month, month, weekday"
        )
    minutes, hours, days, months, weekdays = (
        _numbers(expression, field, text) for field, text in zip(_FIELDS, texts, strict=True)
    )
    is_either = texts[_DAY] != ANY and texts[_WEEKDAY] != ANY
    weekdays = frozenset(weekday % 7 for weekday in weekdays)
    fields = CronFields(minutes, hours, days, months, weekdays, is_either)
    _check_ever(expression, fields)
    return fields


def spelt_out(expression: str) -> str:
    """The same with steps over all days written as ranges: to cronsim, as to the first crons, a day
    that begins with `*` is none that is given.
    """
    texts = expression.split()
    for at, every in ((_DAY, "1-31"), (_WEEKDAY, "0-7")):
        terms = texts[at].split(",")
        spelt = [every + term[1:] if term.startswith(ANY) else term for term in terms]
        texts[at] = texts[at] if texts[at] == ANY else ",".join(spelt)
    return " ".join(texts)


def _numbers(expression: str, field: _Field, text: str) -> frozenset[int]:
    terms = (_term_numbers(expression, field, term) for term in text.split(","))
    return frozenset(number for term in terms for number in term)


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


def _check_ever(expression: str, fields: CronFields) -> None:
    """Day and weekday both given mean either of them, and every weekday comes."""
    longest = max(_DAYS_OF_MONTHS[month - 1] for month in fields.months)
    if not fields.is_either and min(fields.days) > longest:
        raise BadRequestError(f"cron {shown(expression)} never comes: no such month has that day")


def _check_step(expression: str, field: _Field, term: str) -> None:
    """Doubt a step that leads out of its field at once: `*/90` minutes are an hour."""
    _, _, step = term.partition("/")
    numbers = _term_numbers(expression, field, term)
    if step and int(step) > 1 and len(numbers) == 1:
        raise CronDoubtError(
            f"cron {shown(expression)}: {field.name} {shown(term)} matches {numbers[0]} only: "
            f"no step leads beyond {numbers.stop - 1}; write {numbers[0]}, or a smaller step"
        )


def _check_either(expression: str, texts: list[str], fields: CronFields) -> None:
    """Doubt a day that is given beside one that every day is."""
    given = {_DAY: (fields.days, 31), _WEEKDAY: (fields.weekdays, 7)}
    for at, other in ((_DAY, _WEEKDAY), (_WEEKDAY, _DAY)):
        numbers, count = given[at]
        if len(numbers) == count:
            raise CronDoubtError(
                f"cron {shown(expression)}: {_FIELDS[other].name} {shown(texts[other])} has no "
                f"effect, since {_FIELDS[at].name} {shown(texts[at])} is every day, and either of "
                f"them will do; write * for one of them"
            )


def check_timezone(name: str) -> str:
    """A name of the IANA database, such as `Europe/Berlin`. Raises `BadRequestError`."""
    if name not in TIME_ZONES:
        raise BadRequestError(
            f"timezone {shown(name)} is not known; a name of the IANA database is allowed, "
            "such as UTC or Europe/Berlin"
        )
    return name
