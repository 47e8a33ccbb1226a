"""Rules for plans and their executors."""

from __future__ import annotations

from floruntime.core.limits import shown
from floruntime.engine.workflow.language.definition import (
    Executor,
    Plan,
    RateLimit,
    Selection,
    TargetKind,
    TrackingMode,
    target_of,
)
from floruntime.engine.workflow.language.problems import KeyPath
from floruntime.engine.workflow.language.report import Report
from floruntime.engine.workflow.language.step_rules import check_retry, check_target
from floruntime.engine.workflow.paths.cache_key import CacheKeyError, parse_cache_key


def check_plans(report: Report) -> None:
    """All plans."""
    for name, plan in report.definition.plans.items():
        path: KeyPath = ("plans", name)
        _check_executor_names(report, path, plan)
        for index, executor in enumerate(plan.executors):
            _check_executor(report, (*path, "executors", index), executor)
        _check_health(report, path, plan)
        _check_cache(report, path, plan)
        _check_errors(report, path, plan)


def _check_executor_names(report: Report, path: KeyPath, plan: Plan) -> None:
    seen: set[str] = set()
    for index, executor in enumerate(plan.executors):
        if executor.name in seen:
            message = f"this plan has an executor {shown(executor.name)} already"
            report.at_value("E303", (*path, "executors", index, "name"), message)
        seen.add(executor.name)


def _check_executor(report: Report, path: KeyPath, executor: Executor) -> None:
    target = target_of(executor.run)
    if target is not None and target.kind is not TargetKind.ACTION:
        message = f"an executor runs an action, @actions/NAME, not {shown(executor.run)}"
        report.at_value("E215", (*path, "run"), message)
    else:
        check_target(report, (*path, "run"), executor.run)
    check_retry(report, (*path, "retry"), executor.retry)
    if executor.rate_limit == RateLimit():
        message = "rate_limit has none of max_per_second, max_per_minute, max_per_hour"
        report.lacking("E407", (*path, "rate_limit"), message)
    if executor.tracking.mode is TrackingMode.SYNC:
        _check_idle(
            report,
            (*path, "tracking", "timeout_ms"),
            "mode is sync: no signal is waited for",
        )


def _check_health(report: Report, path: KeyPath, plan: Plan) -> None:
    if plan.selection is not Selection.HEALTH_WEIGHTED:
        reason = f"health is measured, but {plan.selection.value} does not choose by it"
        _check_idle(report, (*path, "health"), reason)


def _check_idle(report: Report, path: KeyPath, reason: str) -> None:
    if report.is_given(path):
        report.at_key("W607", path, f"{path[-1]} has no effect: {reason}")


def _check_cache(report: Report, path: KeyPath, plan: Plan) -> None:
    if plan.cache is None or plan.cache.key is None:
        return
    try:
        parse_cache_key(plan.cache.key)
    except CacheKeyError as error:
        report.at_value("E212", (*path, "cache", "key"), str(error))


def _check_errors(report: Report, path: KeyPath, plan: Plan) -> None:
    for index, code in enumerate(plan.errors.fatal):
        if code in plan.errors.retryable:
            message = f"{shown(code)} is among the retryable errors, too"
            report.at_value("E408", (*path, "errors", "fatal", index), message)
