"""When a schedule's nominal times are: the only place that knows of cron and time zones.

Daylight saving is as Debian's cron has it: a fixed time in the hour that spring leaves out comes
once, right after it; one in the hour that autumn has twice comes once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim

from floruntime.engine.workflow.definition import Schedule


class Calendar(Protocol):
    """The nominal times of a schedule, as Unix epoch milliseconds."""

    def after(self, time_ms: int) -> int | None:
        """The first nominal time later than `time_ms`, if there is one."""
        ...

    def last_by(self, time_ms: int) -> int | None:
        """The last nominal time that is not later than `time_ms`, if there was one."""
        ...


@lru_cache(maxsize=128)
def _zone_of(name: str) -> ZoneInfo:
    """The zone by the rules of the `tzdata` package, whatever the machine's own are."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


class CronCalendar:
    """Five fields of cron in a time zone."""

    def __init__(self, cron: str, timezone: str) -> None:
        self._cron = cron
        self._zone = _zone_of(timezone)

    def after(self, time_ms: int) -> int | None:
        return self._next(time_ms, reverse=False)

    def last_by(self, time_ms: int) -> int | None:
        return self._next(time_ms + 1, reverse=True)

    def _next(self, time_ms: int, *, reverse: bool) -> int | None:
        # Whole seconds, rounded away from where the search goes: nothing between is passed over.
        seconds = -(-time_ms // 1000) if reverse else time_ms // 1000
        moment = datetime.fromtimestamp(seconds, UTC).astimezone(self._zone)
        found = next(CronSim(self._cron, moment, reverse=reverse), None)
        return None if found is None else int(found.timestamp()) * 1000


class IntervalCalendar:
    """Every so many milliseconds, the first time one interval after the anchor."""

    def __init__(self, interval_ms: int, anchor_ms: int) -> None:
        self._interval_ms = interval_ms
        self._anchor_ms = anchor_ms

    def after(self, time_ms: int) -> int | None:
        passed = max(0, time_ms - self._anchor_ms) // self._interval_ms
        return self._anchor_ms + (passed + 1) * self._interval_ms

    def last_by(self, time_ms: int) -> int | None:
        passed = (time_ms - self._anchor_ms) // self._interval_ms
        return self._anchor_ms + passed * self._interval_ms if passed > 0 else None


def calendar_of(spec: Schedule, anchor_ms: int) -> Calendar:
    """The calendar that a definition asks for."""
    if spec.cron is not None:
        return CronCalendar(spec.cron, spec.timezone)
    assert spec.interval is not None, "a definition was checked"
    return IntervalCalendar(spec.interval, anchor_ms)
