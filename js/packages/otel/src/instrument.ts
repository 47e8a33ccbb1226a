/** Lets clients and workers make spans. */

import { setTracing } from "@floruntime/core";
import { type TracerProvider, trace } from "@opentelemetry/api";
import { OpenTelemetryTracing } from "./tracing.js";

const NAME = "@floruntime/otel";

/**
 * Trace all clients and workers of this process, or page, from now on.
 *
 * `provider`: whose tracer makes the spans; by default OpenTelemetry's global one. An exporter that is
 * slow holds up nobody where spans go through the SDK's `BatchSpanProcessor`.
 */
export function instrument(provider: TracerProvider = trace.getTracerProvider()): void {
  setTracing(new OpenTelemetryTracing(provider.getTracer(NAME)));
}

/** Trace nothing any more. */
export function uninstrument(): void {
  setTracing(null);
}
