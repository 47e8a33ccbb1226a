"""Cron expressions and zones: what is valid here is what the server can reckon with."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from floruntime.core.errors import BadRequestError
from floruntime.engine.state.times.cron import CronDoubtError, check_cron, check_timezone
from floruntime.engine.state.times.time_zones import TIME_ZONES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = st.sampled_from(["0", "1", "5", "07", "12", "29", "31", "59", "mon", "JAN", "Sun"])
ENDS = st.sampled_from(["", "", "", "-1", "-5", "-12", "-31", "-sat", "/2", "-23/5", "/99", "/0"])
TERMS = st.tuples(NUMBERS | st.just("*"), ENDS).map("".join)
FIELDS = st.just("*") | st.lists(TERMS, min_size=1, max_size=2).map(",".join)
EXPRESSIONS = st.tuples(FIELDS, FIELDS, FIELDS, FIELDS, FIELDS).map(" ".join)


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "*/5 * * * *",
        "0 */6 * * *",
        "0 9 * * 1-5",
        "30 2 * * 0",
        "30 2 * * 7",
        "0,15,30-40/5 0-23 1,31 1-12/2 *",
        "0 0 1 jan-Mar MON-fri",
        "  0   0 29 2 *  ",
        "5/10 * * * *",
        "0 0 31 2 1",  # either of them
        "0 0 30 1,2 *",
    ],
)
def test_what_cron_knows_is_valid(expression: str) -> None:
    assert check_cron(expression) == expression
    assert next(CronSim(expression, NOW))


@pytest.mark.parametrize(
    ("expression", "field"),
    [
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * 32 * *", "day of the month"),
        ("* * L * *", "day of the month"),
        ("* * ? * *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * MON *", "month"),
        ("* * * * 8", "weekday"),
        ("* * * * JAN", "weekday"),
        ("* * * * 5#2", "weekday"),
        ("*/0 * * * *", "minute"),
        ("5-1 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("*-5 * * * *", "minute"),
        ("1- * * * *", "minute"),
        ("* * * * SAT-SUN", "weekday"),
        ("\u0661 * * * *", "minute"),
        ("* * * *", "4 fields"),
        ("0 * * * * *", "6 fields"),
        ("@daily", "1 fields"),
        ("", "0 fields"),
        ("0 0 30 2 *", "never"),
        ("0 0 31 4,6,9,11 *", "never"),
        (" * * * * *" + ",1" * 200, "fields"),
    ],
)
def test_what_it_does_not_know_is_refused_by_field(expression: str, field: str) -> None:
    with pytest.raises(BadRequestError, match=field):
        check_cron(expression)


@given(EXPRESSIONS)
@settings(suppress_health_check=[HealthCheck.filter_too_much])
def test_what_is_valid_here_is_valid_to_the_server(expression: str) -> None:
    try:
        check_cron(expression)
    except BadRequestError:
        assume(False)
    assert next(CronSim(expression, NOW)) > NOW


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("*/90 * * * *", "minute '*/90' matches 0 only"),
        ("0 */25 * * *", "hour '*/25' matches 0 only"),
        ("50/20 * * * *", "minute '50/20' matches 50 only"),
        ("0 0 10-20/11 * *", "day of the month '10-20/11' matches 10 only"),
        ("0 0 1 */12 *", "month '*/12' matches 1 only"),
        ("0 0 */1 * 1", "weekday '1' has no effect, since day of the month '*/1' is every day"),
        ("0 0 1 * 0-6", "day of the month '1' has no effect"),
    ],
)
def test_what_matches_other_than_it_reads_is_doubted(expression: str, told: str) -> None:
    with pytest.raises(CronDoubtError) as doubt:
        check_cron(expression)
    assert told in doubt.value.message


@pytest.mark.parametrize("expression", ["*/59 * * * *", "*/30 */12 */2 */6 *", "5/10 0/23 * * *"])
def test_a_step_that_leads_somewhere_is_not(expression: str) -> None:
    assert check_cron(expression)


def test_zones_are_those_of_the_database() -> None:
    names = set(resources.files("tzdata").joinpath("zones").read_text().split())
    assert names >= TIME_ZONES
    assert len(TIME_ZONES) > 500


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT-14"]
)
def test_a_name_of_the_database_is_a_zone(name: str) -> None:
    assert check_timezone(name) == name
    assert ZoneInfo(name)


@pytest.mark.parametrize("name", ["", "utc", "CEST", "Europe/berlin", "../etc/passwd", "localtime"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(BadRequestError, match="IANA"):
        check_timezone(name)
