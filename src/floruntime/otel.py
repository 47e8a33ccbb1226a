"""Traces by OpenTelemetry: call `floruntime.otel.instrument()` once, where a program begins.

Each call that sends something to a handler (`queue.enqueue`, `stream.append`, `action.invoke`,
`action.call`, `workflow.start`, or a batch with one of these) is a span of the kind `PRODUCER`. Its
`traceparent` goes along. Each attempt of a handler is a span of the kind `CONSUMER`: a child of the
producer's span, and linked to it. What the handler itself sends continues the trace. This module
uses only OpenTelemetry's API: unless the program sets up an SDK, nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

try:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.trace import (
        Link,
        NonRecordingSpan,
        Span,
        SpanContext,
        SpanKind,
        StatusCode,
        TraceFlags,
        TracerProvider,
    )
except ImportError as error:
    raise ImportError(
        "floruntime.otel needs OpenTelemetry: pip install 'floruntime[otel]'"
    ) from error

from floruntime.client.link.tracing import Delivered, set_tracing
from floruntime.core.action import ActionCall, ActionInvoke
from floruntime.core.queue import QueueEnqueue
from floruntime.core.stream import StreamAppend
from floruntime.core.system import Batch
from floruntime.core.types import Request
from floruntime.core.version import VERSION
from floruntime.core.workflow import WorkflowStart

SYSTEM = "flo"
"""The value of `messaging.system`."""


def instrument(tracer_provider: TracerProvider | None = None) -> None:
    """Trace all clients and workers of this process from now on.

    `tracer_provider`: the provider of the tracer; by default OpenTelemetry's global one. Let spans
    go through the SDK's `BatchSpanProcessor`: then a slow exporter delays nothing.
    """
    set_tracing(OpenTelemetryTracing(tracer_provider))


def uninstrument() -> None:
    """Stop tracing."""
    set_tracing(None)


class OpenTelemetryTracing:
    """See the head of this module."""

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("floruntime", VERSION, tracer_provider)

    @contextmanager
    def sending(self, request: Request[Any], namespace: str) -> Iterator[str | None]:
        operation, attributes = _told(request)
        attributes["flo.namespace"] = namespace
        destination = attributes.get("messaging.destination.name")
        span = self._tracer.start_span(
            operation if destination is None else f"{operation} {destination}",
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.system": SYSTEM,
                "messaging.operation.name": operation,
                "messaging.operation.type": "send",
                **attributes,
            },
        )
        with _while_it_lasts(span) as traceparent:
            yield traceparent

    @contextmanager
    def handling(self, delivered: Delivered) -> Iterator[str | None]:
        creator = _span_context(delivered.traceparent)
        parent = Context()  # not the worker's own context: a delivery is no part of that
        if creator is not None:
            parent = trace.set_span_in_context(NonRecordingSpan(creator), parent)
        span = self._tracer.start_span(
            f"process {delivered.name}",
            context=parent,
            kind=SpanKind.CONSUMER,
            links=[] if creator is None else [Link(creator)],
            attributes=_attributes_of(delivered),
        )
        with _while_it_lasts(span) as traceparent:
            yield traceparent


@contextmanager
def _while_it_lasts(span: Span) -> Iterator[str | None]:
    """Make `span` the current one until the block ends, and record an exception of the block."""
    with trace.use_span(
        span, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield _traceparent(span.get_span_context())
        except BaseException as error:  # a handler that is stopped is cancelled
            span.record_exception(error)
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(StatusCode.ERROR, str(error))
            raise


def _told(request: Request[Any]) -> tuple[str, dict[str, Any]]:
    """The name of a request's span, and its attributes."""
    match request:
        case QueueEnqueue(queue=name, payloads=payloads):
            return "enqueue", _destination(name, "queue", len(payloads))
        case StreamAppend(stream=name, payloads=payloads):
            return "append", _destination(name, "stream", len(payloads))
        case ActionInvoke(name=name):
            return "invoke", _destination(name, "action")
        case ActionCall(name=name):
            return "call", _destination(name, "action")
        case WorkflowStart(name=name):
            return "start", _destination(name, "workflow")
        case Batch(commands=commands):
            return "batch", {"messaging.batch.message_count": len(commands)}
        case _:
            raise AssertionError(f"{type(request).__name__} hands nothing over")


def _destination(name: str, primitive: str, count: int = 1) -> dict[str, Any]:
    told: dict[str, Any] = {"messaging.destination.name": name, "flo.primitive": primitive}
    if count != 1:
        told["messaging.batch.message_count"] = count
    return told


def _attributes_of(delivered: Delivered) -> Mapping[str, Any]:
    told = {
        "messaging.system": SYSTEM,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": delivered.name,
        "messaging.message.id": delivered.id,
        "flo.namespace": delivered.namespace,
        "flo.primitive": delivered.primitive,
        "flo.attempt": delivered.attempt,
    }
    if delivered.group is not None:
        told["messaging.consumer.group.name"] = delivered.group
    return told


def _traceparent(context: SpanContext) -> str | None:
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _span_context(traceparent: str | None) -> SpanContext | None:
    if traceparent is None:
        return None
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )
