/** Lets clients and workers make spans. */

import { setTracing } from "@floruntime/core";
import { type TracerProvider, trace } from "@opentelemetry/api";
import { OpenTelemetryTracing } from "./tracing.js";

const NAME = "@floruntime/otel";

/**
 * Trace all clients and workers of this process, or page, from now on.
 *
 * `provider`: the provider of the tracer; by default OpenTelemetry's global one. Use the SDK's
 * `BatchSpanProcessor`, so that a slow exporter does not delay calls.
 */
export function instrument(provider: TracerProvider = trace.getTracerProvider()): void {
  setTracing(new OpenTelemetryTracing(provider.getTracer(NAME)));
}

/** Stop tracing. */
export function uninstrument(): void {
  setTracing(null);
}
