"""The types of events in a run's history."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """What can happen to a run. The names are a contract."""

    WORKFLOW_STARTED = "workflow_started"
    STEP_STARTED = "step_started"
    STEP_COMPLETED = "step_completed"
    STEP_RETRY = "step_retry"
    AWAITING_ACTION = "awaiting_action"
    ACTION_COMPLETED = "action_completed"
    ACTION_NOT_FOUND = "action_not_found"
    ACTION_DISABLED = "action_disabled"
    WAITING_FOR_SIGNAL = "waiting_for_signal"
    SIGNAL_RECEIVED = "signal_received"
    SIGNAL_MATCHED = "signal_matched"
    SIGNAL_TIMEOUT = "signal_timeout"
    POLL_SCHEDULED = "poll_scheduled"
    POLL_EXHAUSTED = "poll_exhausted"
    PLAN_EXECUTOR_START = "plan_executor_start"
    PLAN_EXECUTOR_SUCCESS = "plan_executor_success"
    PLAN_EXECUTOR_RETRY = "plan_executor_retry"
    PLAN_EXECUTOR_EXHAUSTED = "plan_executor_exhausted"
    PLAN_BREAKER_SKIP = "plan_breaker_skip"
    AWAITING_CHILD = "awaiting_child"
    CHILD_COMPLETED = "child_completed"
    CHILD_NOT_FOUND = "child_not_found"
    SLEEP_STARTED = "sleep_started"
    SLEEP_ENDED = "sleep_ended"
    BRANCH_STARTED = "branch_started"
    BRANCH_COMPLETED = "branch_completed"
    BRANCH_CANCELLED = "branch_cancelled"
    JOIN_REACHED = "join_reached"
    CHOICE_MADE = "choice_made"
    WORKFLOW_COMPLETED = "workflow_completed"
    WORKFLOW_FAILED = "workflow_failed"
    WORKFLOW_CANCELLED = "workflow_cancelled"
    WORKFLOW_TIMED_OUT = "workflow_timed_out"
