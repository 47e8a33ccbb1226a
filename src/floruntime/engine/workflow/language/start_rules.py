"""Rules for what starts runs: schedules and triggers."""

from __future__ import annotations

from floruntime.core.errors import BadRequestError
from floruntime.core.schedule import Overlap
from floruntime.engine.state.times import cron
from floruntime.engine.state.times.cron_period import shortest_period_ms
from floruntime.engine.workflow.language.definition import Schedule
from floruntime.engine.workflow.language.report import Report


def check_schedule(report: Report) -> None:
    """The schedule, if there is one."""
    schedule = report.definition.schedule
    if schedule is None:
        return
    _check_times(report, schedule)
    if schedule.interval is not None:
        _check_interval(report, schedule, schedule.interval)
    if schedule.overlap is Overlap.ALLOW and report.is_given(("schedule", "max_concurrent")):
        message = "max_concurrent has no effect: overlap allows any number"
        report.at_key("W607", ("schedule", "max_concurrent"), message)


def _check_times(report: Report, schedule: Schedule) -> None:
    if schedule.cron is None and schedule.interval is None:
        report.lacking("E405", ("schedule",), "schedule has neither cron nor interval")
    if schedule.cron is not None and schedule.interval is not None:
        message = "schedule has cron, too; it has one of them"
        report.at_key("E406", ("schedule", "interval"), message)
    if schedule.cron is not None:
        _check_cron(report, schedule, schedule.cron)
    try:
        cron.check_timezone(schedule.timezone)
    except BadRequestError as error:
        report.refused("E211", ("schedule", "timezone"), error)


def _check_cron(report: Report, schedule: Schedule, expression: str) -> None:
    path = ("schedule", "cron")
    try:
        cron.check_cron(expression)
    except cron.CronDoubtError as doubt:
        report.refused("W614", path, doubt)
    except BadRequestError as error:
        report.refused("E210", path, error)
        return
    if schedule.jitter_ms and schedule.interval is None:
        _check_jitter(report, schedule, shortest_period_ms(expression), "time between two runs")


def _check_jitter(report: Report, schedule: Schedule, period_ms: int | None, what: str) -> None:
    if period_ms is not None and schedule.jitter_ms >= period_ms:
        message = (
            f"jitter_ms is {schedule.jitter_ms:,}; less than the {what}, {period_ms:,}, is "
            "allowed, or runs could overtake each other"
        )
        report.at_value("E409", ("schedule", "jitter_ms"), message)


def _check_interval(report: Report, schedule: Schedule, interval_ms: int) -> None:
    _check_jitter(report, schedule, interval_ms, "interval")
    if schedule.cron is None and report.is_given(("schedule", "timezone")):
        message = "timezone has no effect: an interval is the same in all zones"
        report.at_key("W607", ("schedule", "timezone"), message)


def check_trigger(report: Report) -> None:
    """The trigger, if there is one."""
    trigger = report.definition.trigger
    given = report.is_given(("trigger", "batch_timeout_ms"))
    if trigger is not None and trigger.batch_size == 1 and given:
        message = "batch_timeout_ms has no effect: a batch of one event is complete at once"
        report.at_key("W607", ("trigger", "batch_timeout_ms"), message)
