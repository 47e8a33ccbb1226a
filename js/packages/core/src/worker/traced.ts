/** Runs a handler within the trace of its delivery. */

import { type Delivered, theTracing } from "../link/tracing.js";
import { ActionContext, type Context, QueueContext, StreamContext } from "./contexts.js";

/** What the handler comes to. */
export function handled(context: Context, run: () => unknown): unknown {
  const tracing = theTracing();
  const delivered = tracing === null ? null : deliveredBy(context);
  if (tracing === null || delivered === null) {
    return run();
  }
  return tracing.handling(delivered, (traceparent) => {
    context.traceparent = traceparent ?? context.traceparent;
    return run();
  });
}

function deliveredBy(context: Context): Delivered | null {
  const { attempt, namespace, traceparent } = context;
  const common = { attempt, namespace, traceparent };
  if (context instanceof ActionContext) {
    return {
      ...common,
      primitive: "action",
      name: context.actionName,
      id: context.taskId,
      group: null,
    };
  }
  if (context instanceof StreamContext) {
    const { stream, group } = context;
    return { ...common, primitive: "stream", name: stream, id: String(context.streamId), group };
  }
  if (context instanceof QueueContext) {
    const { queue, seq } = context;
    return { ...common, primitive: "queue", name: queue, id: String(seq), group: null };
  }
  return null;
}
