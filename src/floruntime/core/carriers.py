"""Requests that carry a trace: those that send a message, record or run to somebody else."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec.structs import replace

from floruntime.core.action import ActionCall, ActionInvoke
from floruntime.core.queue import QueueEnqueue
from floruntime.core.stream import StreamAppend
from floruntime.core.system import Batch
from floruntime.core.types import Request
from floruntime.core.workflow import WorkflowStart

CARRIERS = (ActionCall, ActionInvoke, QueueEnqueue, StreamAppend, WorkflowStart)

R = TypeVar("R", bound=Request[Any])


def carries(request: Request[Any]) -> bool:
    """Whether the request carries a trace, or is a batch with a command that does."""
    if isinstance(request, Batch):
        return any(isinstance(command, CARRIERS) for command in request.commands)
    return isinstance(request, CARRIERS)


def with_traceparent(request: R, traceparent: str) -> R:
    """Return the request in this trace, unless it carries no trace or already names one."""
    if isinstance(request, Batch):
        commands = [with_traceparent(command, traceparent) for command in request.commands]
        return replace(request, commands=commands)
    if isinstance(request, CARRIERS) and request.traceparent is None:
        return replace(request, traceparent=traceparent)
    return request
