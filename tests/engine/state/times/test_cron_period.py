"""How close together the times of a cron expression are, as the server's calendar has them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from floruntime.core.errors import BadRequestError
from floruntime.engine.state.times.cron import CronDoubtError, check_cron
from floruntime.engine.state.times.cron_period import shortest_period_ms
from floruntime.server.calendar import CronCalendar
from tests.engine.state.times.test_cron import EXPRESSIONS
from tests.engine.workflow.language.definitions import problems_of, with_start

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("cron", "period_ms"),
    [
        ("* * * * *", MINUTE),
        ("*/5 * * * *", 5 * MINUTE),
        ("*/7 * * * *", 4 * MINUTE),
        ("0 * * * *", HOUR),
        ("0 9,17 * * *", 8 * HOUR),
        ("50 23 * * *", DAY),
        ("0,50 0,23 * * *", 10 * MINUTE),
        ("0 0 * * 1", 7 * DAY),
        ("0 0 * * 5,6", DAY),
        ("0 0 1 * *", 28 * DAY),
        ("0 0 1 * 1", DAY),
        ("0 0 29 2 *", 4 * 365 * DAY + DAY),
        ("0 0 1 1 *", 365 * DAY),
        ("0 0 31 1,3 *", 59 * DAY),
    ],
)
def test_the_shortest_period(cron: str, period_ms: int) -> None:
    assert shortest_period_ms(cron) == period_ms


@given(EXPRESSIONS)
@settings(max_examples=50, suppress_health_check=[HealthCheck.filter_too_much])
def test_the_calendar_never_has_two_times_closer_together(cron: str) -> None:
    try:
        check_cron(cron)
    except CronDoubtError:
        pass
    except BadRequestError:
        assume(False)
    period_ms = shortest_period_ms(cron)
    calendar, time_ms = CronCalendar(cron, "UTC"), 1_700_000_000_000
    last_ms = calendar.after(time_ms)
    for _ in range(20):
        assert last_ms is not None
        next_ms = calendar.after(last_ms)
        assert next_ms is not None
        assert period_ms is None or next_ms - last_ms >= period_ms
        last_ms = next_ms


@pytest.mark.parametrize(("jitter_ms", "codes"), [(299_999, []), (300_000, ["E409"])])
def test_a_jitter_is_shorter_than_the_period(jitter_ms: int, codes: list[str]) -> None:
    schedule = f'schedule: {{cron: "*/5 * * * *", jitter_ms: {jitter_ms}}}\n'
    assert [problem.code for problem in problems_of(with_start(schedule))] == codes
