"""Requests that hand something over, and say in which trace they do."""

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
    """Whether it hands something over, or is a batch of which some command does."""
    if isinstance(request, Batch):
        return any(isinstance(command, CARRIERS) for command in request.commands)
    return isinstance(request, CARRIERS)


def with_traceparent(request: R, traceparent: str) -> R:
    """The request in this trace, as far as it carries one and does not say another."""
    if isinstance(request, Batch):
        commands = [with_traceparent(command, traceparent) for command in request.commands]
        return replace(request, commands=commands)
    if isinstance(request, CARRIERS) and request.traceparent is None:
        return replace(request, traceparent=traceparent)
    return request
