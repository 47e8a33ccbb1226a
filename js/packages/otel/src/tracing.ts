/**
 * Spans as OpenTelemetry's conventions of messaging have them: what is handed over is one of the kind
 * `PRODUCER`, each attempt of a handler one of the kind `CONSUMER` below it, and linked to it.
 */

import type { Delivered, Sent, Tracing } from "@floruntime/core";
import {
  type Attributes,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";

const SYSTEM = { "messaging.system": "flo" };

export class OpenTelemetryTracing implements Tracing {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  sending<R>(sent: Sent, send: (traceparent: string | null) => Promise<R>): Promise<R> {
    const { operation, name } = sent;
    const span = this.#tracer.startSpan(name === null ? operation : `${operation} ${name}`, {
      kind: SpanKind.PRODUCER,
      attributes: sendAttributes(sent),
    });
    return within(span, send);
  }

  handling<R>(delivered: Delivered, run: (traceparent: string | null) => R): Promise<Awaited<R>> {
    const creator = spanContextOf(delivered.traceparent);
    // Not below what the worker was started in: that is none of a delivery's.
    const parent = creator === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, creator);
    const span = this.#tracer.startSpan(
      `process ${delivered.name}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: processAttributes(delivered),
        links: creator === null ? [] : [{ context: creator }],
      },
      parent,
    );
    return within(span, run);
  }
}

/** `work` with `span` as the current one, which ends with it; so do its failures. */
async function within<R>(span: Span, work: (traceparent: string | null) => R): Promise<Awaited<R>> {
  const told = traceparentOf(span.spanContext());
  try {
    return await context.with(trace.setSpan(context.active(), span), work, undefined, told);
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    span.recordException(failure);
    span.setAttribute("error.type", failure.name);
    span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
    throw error;
  } finally {
    span.end();
  }
}

function sendAttributes(sent: Sent): Attributes {
  const attributes: Attributes = {
    ...SYSTEM,
    "messaging.operation.name": sent.operation,
    "messaging.operation.type": "send",
    "flo.namespace": sent.namespace,
  };
  if (sent.name !== null && sent.primitive !== null) {
    attributes["messaging.destination.name"] = sent.name;
    attributes["flo.primitive"] = sent.primitive;
  }
  if (sent.name === null || sent.count !== 1) {
    attributes["messaging.batch.message_count"] = sent.count;
  }
  return attributes;
}

function processAttributes(delivered: Delivered): Attributes {
  const attributes: Attributes = {
    ...SYSTEM,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": delivered.name,
    "messaging.message.id": delivered.id,
    "flo.namespace": delivered.namespace,
    "flo.primitive": delivered.primitive,
    "flo.attempt": delivered.attempt,
  };
  if (delivered.group !== null) {
    attributes["messaging.consumer.group.name"] = delivered.group;
  }
  return attributes;
}

function traceparentOf(told: SpanContext): string | null {
  if (!isSpanContextValid(told)) {
    return null;
  }
  const flags = told.traceFlags.toString(16).padStart(2, "0");
  return `00-${told.traceId}-${told.spanId}-${flags}`;
}

function spanContextOf(traceparent: string | null): SpanContext | null {
  const [, traceId, spanId, flags] = traceparent?.split("-") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) {
    return null;
  }
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
