"""How a trace describes the delivery that a handler has."""

from __future__ import annotations

from floruntime.client.link.tracing import Delivered
from floruntime.client.worker.contexts import (
    ActionContext,
    Context,
    QueueContext,
    StreamContext,
)


def delivered_by(context: Context) -> Delivered:
    """Return the delivery that belongs to this context."""
    match context:
        case ActionContext():
            what = "action", context.action_name, context.task_id
        case QueueContext():
            what = "queue", context.queue, str(context.seq)
        case StreamContext():
            what = "stream", context.stream, str(context.stream_id)
        case _:
            raise AssertionError(f"{type(context).__name__} is of no delivery")
    group = context.group if isinstance(context, StreamContext) else None
    return Delivered(*what, context.attempt, context.namespace, context.traceparent, group)
