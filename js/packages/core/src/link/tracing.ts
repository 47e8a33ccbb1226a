/**
 * Who follows traces: nobody, until `@floruntime/otel` says who. What is handed over goes with the
 * `traceparent` (W3C) that it gives, and each handler runs within what it makes of the delivery's.
 */

import {
  ActionCall,
  ActionInvoke,
  Batch,
  QueueEnqueue,
  StreamAppend,
  WorkflowStart,
} from "../wire/messages.generated.js";
import { Request } from "../wire/request.js";

export type Primitive = "action" | "queue" | "stream" | "workflow";

/** A request that hands something over. `primitive`, `name`: to what; `null` of a batch. */
export interface Sent {
  readonly operation: string;
  readonly primitive: Primitive | null;
  readonly name: string | null;
  /** How many messages, records or commands. */
  readonly count: number;
  readonly namespace: string;
}

/** A delivery. `id`: of the run or record; `traceparent`: the trace that it was handed over in. */
export interface Delivered {
  readonly primitive: Primitive;
  readonly name: string;
  readonly id: string;
  readonly attempt: number;
  readonly namespace: string;
  readonly traceparent: string | null;
  readonly group: string | null;
}

/** Makes spans. */
export interface Tracing {
  /** `send` with the `traceparent` of a span that lasts as long; `null` where there is none. */
  sending<R>(sent: Sent, send: (traceparent: string | null) => Promise<R>): Promise<R>;
  /** `run` a handler within a span; `traceparent` is that of the span, where there is one. */
  handling<R>(delivered: Delivered, run: (traceparent: string | null) => R): Promise<Awaited<R>>;
}

// On the global object: of this package there may be several copies, as a module and as CommonJS.
const PLACE: unique symbol = Symbol.for("floruntime.tracing") as never;
const place = globalThis as { [PLACE]?: Tracing | null };

/** Let `tracing` hear of everything from now on; `null`: nobody. */
export function setTracing(tracing: Tracing | null): void {
  place[PLACE] = tracing;
}

/** Who hears of it. */
export function theTracing(): Tracing | null {
  return place[PLACE] ?? null;
}

const OPERATIONS = new Map<unknown, readonly [string, Primitive, string]>([
  [QueueEnqueue, ["enqueue", "queue", "queue"]],
  [StreamAppend, ["append", "stream", "stream"]],
  [ActionInvoke, ["invoke", "action", "name"]],
  [ActionCall, ["call", "action", "name"]],
  [WorkflowStart, ["start", "workflow", "name"]],
]);

/** What a request hands over; `null`: nothing. */
export function sentBy(request: Request<unknown>, namespace: string): Sent | null {
  const fields = request.fields as Readonly<Record<string, unknown>>;
  if (request.kind === Batch) {
    const commands = commandsOf(request);
    const hasSome = commands.some((command) => OPERATIONS.has(command.kind));
    const count = commands.length;
    return hasSome ? { operation: "batch", primitive: null, name: null, count, namespace } : null;
  }
  const known = OPERATIONS.get(request.kind);
  if (known === undefined) {
    return null;
  }
  const [operation, primitive, field] = known;
  const { payloads } = fields;
  const count = Array.isArray(payloads) ? payloads.length : 1;
  return { operation, primitive, name: String(fields[field]), count, namespace };
}

/** The request in this trace, as far as it carries one. */
export function inTrace<R>(request: Request<R>, traceparent: string): Request<R> {
  if (request.kind === Batch) {
    const commands = commandsOf(request).map((command) => inTrace(command, traceparent));
    return request.with({ commands });
  }
  return OPERATIONS.has(request.kind) ? request.with({ traceparent }) : request;
}

function commandsOf(request: Request<unknown>): readonly Request<unknown>[] {
  const { commands } = request.fields as { commands: readonly unknown[] };
  return commands.filter((command) => command instanceof Request);
}
