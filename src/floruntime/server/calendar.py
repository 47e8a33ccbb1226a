"""The nominal times of schedules: the only module that knows cron and time zones.

If the hours are fixed (`30 2 * * *`, `*/5 1-3 * * *`), each time of a day happens once. A time that
does not exist in spring happens right after the gap; a time that exists twice in autumn happens the
first time. If the hours are not fixed (`15 * * * *`, `0 */2 * * *`), the times are those that the
wall clock shows. Spring then leaves some out, and autumn has some twice.

cronsim only tells which local times match. Its own handling of clock changes takes every change for
one of an hour, and goes back in time during the second of autumn's hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim

from floruntime.core.limits import DURATION_MS_MAX
from floruntime.engine.state.times.cron import spelt_out
from floruntime.engine.system.schedules import Spec

_LOOK_BACK_MS: Final = 120_000
"""How far back the last time is looked for first; each time twice as far, up to ten years."""
_DAY_S: Final = 86_400
"""No clock is changed by more than this, or twice within it."""
_EPOCH: Final = datetime(1970, 1, 1)
_SECOND: Final = timedelta(seconds=1)


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
    """Five fields of cron in a time zone. Within it times are seconds: of the epoch, or, `local`,
    as the zone's wall clock shows them.
    """

    def __init__(self, cron: str, timezone: str) -> None:
        self._cron = spelt_out(cron)
        self._zone = _zone_of(timezone)
        self._has_fixed_hours = not cron.split()[1].startswith("*")

    def after(self, time_ms: int) -> int | None:
        find = self._fixed_after if self._has_fixed_hours else self._shown_after
        found = find(time_ms // 1000)
        return None if found is None else found * 1000

    def last_by(self, time_ms: int) -> int | None:
        back_ms = _LOOK_BACK_MS
        while back_ms <= DURATION_MS_MAX:
            last_ms, next_ms = None, self.after(time_ms - back_ms)
            while next_ms is not None and next_ms <= time_ms:
                last_ms, next_ms = next_ms, self.after(next_ms)
            if last_ms is not None:
                return last_ms
            back_ms *= 2
        return None

    def _fixed_after(self, time: int) -> int | None:
        local = time + self._offset_at(time)
        moments = (self._moment_of(match) for match in self._matches_after(local))
        return next((moment for moment in moments if moment > time), None)

    def _moment_of(self, local: int) -> int:
        """When a local time comes: the first time, or right after the gap that it lies in."""
        shown = _EPOCH + local * _SECOND
        before, after = (self._offset_of(shown.replace(fold=fold)) for fold in (0, 1))
        if before >= after:
            return local - before
        return self._change_in(local - after, local - before)

    def _shown_after(self, time: int) -> int | None:
        """The next moment at which the wall clock shows a time that matches."""
        offset = self._offset_at(time)
        while True:
            match = next(self._matches_after(time + offset), None)
            if match is None:
                return None
            moment = match - offset
            # The clock may be put back over times that have matched before, but only a day's.
            until = min(moment, time + _DAY_S)
            if self._offset_at(until) != offset:
                time = self._change_in(time, until) - 1
                offset = self._offset_at(time + 1)
            elif until == moment:
                return moment
            else:
                time = max(until, moment - _DAY_S)
                offset = self._offset_at(time)

    def _matches_after(self, local: int) -> Iterator[int]:
        """The local times that match, whether the zone has them or not."""
        start = _EPOCH + local * _SECOND
        return ((match - _EPOCH) // _SECOND for match in CronSim(self._cron, start))

    def _offset_at(self, time: int) -> int:
        return self._offset_of(datetime.fromtimestamp(time, UTC).astimezone(self._zone))

    def _offset_of(self, shown: datetime) -> int:
        offset = self._zone.utcoffset(shown)
        assert offset is not None, "a zone has an offset at every time"
        return offset // _SECOND

    def _change_in(self, low: int, high: int) -> int:
        """The first moment after `low`, up to `high`, with another offset than at `low`."""
        offset = self._offset_at(low)
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset_at(middle) == offset:
                low = middle
            else:
                high = middle
        return high


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


def calendar_of(spec: Spec, anchor_ms: int) -> Calendar:
    """The calendar that a schedule asks for."""
    if spec.cron is not None:
        return CronCalendar(spec.cron, spec.timezone)
    assert spec.interval is not None, "a schedule was checked"
    return IntervalCalendar(spec.interval, anchor_ms)
