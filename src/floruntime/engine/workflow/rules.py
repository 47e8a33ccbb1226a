"""Imports every module that registers rules, for the machine."""

from floruntime.engine.workflow import (  # noqa: F401 # register their rules
    actions,
    children,
    control,
    history,
    idempotency,
    listing,
    plans,
    schedules,
    signals,
    start,
    sync,
    triggers,
)
