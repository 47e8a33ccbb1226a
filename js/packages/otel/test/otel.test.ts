/** Traces: one from a page's append to the last handler, retries as spans of their own. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { ActionWorker, FloClient, StreamWorker } from "@floruntime/node";
import { instrument, uninstrument } from "@floruntime/otel";
import { ServerProcess } from "@floruntime/testing";
import { FloClient as Page } from "@floruntime/web";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";

const ORDERS = `
kind: Workflow
name: orders
version: "1"
trigger:
  stream: orders
start:
  run: "@actions/charge"
  transitions: { success: flo.Completed, failure: flo.Failed }
`;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

let server: ServerProcess;
let client: FloClient;
let exporter: InMemorySpanExporter;
let provider: BasicTracerProvider;

before(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  server = await ServerProcess.start("--durability", "ephemeral");
  client = new FloClient(server.endpoint, { logger: SILENT });
});
after(async () => {
  await client.close();
  await server.stop();
});
beforeEach(() => {
  exporter = new InMemorySpanExporter();
  provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  instrument(provider);
});
afterEach(() => uninstrument());

const named = (name: string): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name);
function one(name: string): ReadableSpan {
  const [span, ...others] = named(name);
  assert.ok(span !== undefined && others.length === 0, `${name}: ${others.length}`);
  return span;
}
function isBelow(child: ReadableSpan, parent: ReadableSpan): boolean {
  return child.parentSpanContext?.spanId === parent.spanContext().spanId;
}

test("one trace leads from a page's append to the last handler and its retry", async () => {
  const lines: unknown[][] = [];
  const logger = { ...SILENT, info: (...texts: unknown[]) => lines.push(texts) };
  const worker = new ActionWorker({ endpoint: server.endpoint, logger, handleSignals: false });
  worker.action(
    "charge",
    async (ctx) => {
      if (ctx.attempt === 1) {
        throw new Error("the card was refused");
      }
      await ctx.client.batch((b) => b.stream.append("paid", "yes"));
    },
    { maxRetries: 2, retryDelayMs: 0 },
  );
  let finish: (traceId: string | null) => void = () => undefined;
  const finished = new Promise<string | null>((resolve) => {
    finish = resolve;
  });
  const reader = new StreamWorker({
    endpoint: server.endpoint,
    stream: "paid",
    group: "mails",
    logger,
    handleSignals: false,
    handler: (ctx) => {
      ctx.log.info("paid");
      finish(ctx.traceId);
    },
  });
  await client.action.register("charge");
  await client.workflow.sync(ORDERS);
  const working = [worker.start(), reader.start()];
  const page = new Page(`ws://${server.endpoint}/ws`, { logger: SILENT });
  const click = provider.getTracer("page").startSpan("click");
  await context.with(trace.setSpan(context.active(), click), () =>
    page.streams.append("orders", "{}"),
  );
  click.end();
  const traceId = await finished;
  await Promise.all([worker.close(), reader.close(), page.close()]);
  await Promise.all(working);

  const append = one("append orders");
  const [first, second] = named("process charge");
  const [batch, mailed] = [one("batch"), one("process paid")];
  assert.ok(first !== undefined && second !== undefined);
  assert.ok(isBelow(append, one("click")));
  assert.ok(isBelow(first, append));
  assert.ok(isBelow(second, append));
  assert.ok(isBelow(batch, second));
  assert.ok(isBelow(mailed, batch));
  assert.equal(new Set(exporter.getFinishedSpans().map((s) => s.spanContext().traceId)).size, 1);
  assert.equal(traceId, append.spanContext().traceId);
  assert.deepEqual([append.kind, first.kind], [SpanKind.PRODUCER, SpanKind.CONSUMER]);
  assert.deepEqual(
    [first, second].map((span) => span.links[0]?.context.spanId),
    [append.spanContext().spanId, append.spanContext().spanId],
  );
  assert.deepEqual([first.attributes["flo.attempt"], second.attributes["flo.attempt"]], [1, 2]);
  assert.equal(first.status.code, SpanStatusCode.ERROR);
  assert.equal(first.status.message, "the card was refused");
  assert.ok(lines.some(([about]) => String(about).includes(`trace_id ${traceId}`)));
});

test("spans say what the conventions of messaging name", async () => {
  await client.queue.enqueueMany("mails", ["1", "2"], { namespace: "shop" });
  assert.deepEqual(one("enqueue mails").attributes, {
    "messaging.system": "flo",
    "messaging.operation.name": "enqueue",
    "messaging.operation.type": "send",
    "messaging.destination.name": "mails",
    "messaging.batch.message_count": 2,
    "flo.primitive": "queue",
    "flo.namespace": "shop",
  });
  const { messages } = await client.queue.peek("mails", 1, { namespace: "shop" });
  const { traceId, spanId } = one("enqueue mails").spanContext();
  assert.equal(messages[0]?.traceparent, `00-${traceId}-${spanId}-01`);
});

test("what fails is a span that says so", async () => {
  await assert.rejects(client.action.invoke("nobody-registered-this"));
  const span = one("invoke nobody-registered-this");
  assert.equal(span.status.code, SpanStatusCode.ERROR);
  assert.equal(span.attributes["error.type"], "NotFoundError");
});

test("nothing travels where nobody traces", async () => {
  uninstrument();
  await client.stream.append("quiet", "x");
  const { records } = await client.stream.read("quiet");
  assert.equal(records[0]?.traceparent, null);
  assert.equal(exporter.getFinishedSpans().length, 0);
});

test("an exporter that hangs slows nobody", async (t) => {
  let asked = 0;
  let letGo: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const hanging: SpanExporter = {
    export: (_spans, done) => {
      asked += 1;
      over.then(() => done({ code: 0 }));
    },
    shutdown: async () => undefined,
  };
  const batches = new BatchSpanProcessor(hanging, { maxQueueSize: 20, maxExportBatchSize: 10 });
  t.after(() => {
    letGo(); // or what hangs keeps this process for three times thirty seconds
    return batches.shutdown();
  });
  instrument(new BasicTracerProvider({ spanProcessors: [batches] }));
  for (let number = 0; number < 200; number += 1) {
    await client.stream.append("many", `${number}`);
  }
  const { records } = await client.stream.read("many", { limit: 200 });
  assert.equal(text(records[199]?.payload ?? new Uint8Array()), "199");
  assert.ok(asked > 0);
});
