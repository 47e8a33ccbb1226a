/** A test server and a client whose clocks the tests of workers move, and workers that end with them. */

import { after, afterEach, before } from "node:test";

import {
  type ActionContext,
  type ActionWorker,
  type ActionWorkerOptions,
  FloClient,
  type Logger,
  type QueueWorker,
  type StreamWorker,
} from "@floruntime/node";
import { FakeClock, Peer } from "@floruntime/testing";

export const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export let peer: Peer;
export let client: FloClient;
let names = 0;
/** Time is moved on here in leaps, within which the server cannot answer: it is not taken for dead. */
const DAYS_MS = 1_000_000_000;
export const clock = new FakeClock();
let working: Promise<void>[] = [];
let workers: { close(): Promise<void> }[] = [];

before(async () => {
  peer = await Peer.start();
  client = new FloClient(peer.endpoint, { clock, logger: SILENT, timeoutMs: DAYS_MS });
  await client.connect();
});
afterEach(async () => {
  let areOver = false;
  const closing = Promise.all([...workers.map((worker) => worker.close()), ...working]);
  void closing.finally(() => {
    areOver = true;
  });
  while (!areOver) {
    await clock.advance(100); // what does not end by itself is handed back when its time is up
  }
  await closing;
  workers = [];
  working = [];
});
after(async () => {
  await client.close();
  await peer.stop();
});

/** A worker that a test began is ended with it. */
export function keep<W extends { close(): Promise<void> }>(worker: W): W {
  workers.push(worker);
  return worker;
}

export const fresh = (): string => `name-${names++}`;
export const text = (value: Uint8Array | null): string | null =>
  value === null ? null : new TextDecoder().decode(value);

type WorkerSettings = Omit<ActionWorkerOptions, "client" | "endpoint">;

export function newWorker(options: WorkerSettings = {}): ActionWorker {
  return keep(client.newActionWorker({ handleSignals: false, ...options }));
}

export async function begin(worker: ActionWorker | QueueWorker | StreamWorker): Promise<void> {
  working.push(worker.start());
  await worker.atWork.wait();
}

/** Wait for what the worker and the server bring about; a little time passes meanwhile. */
export async function until(condition: () => unknown, stepMs = 1): Promise<void> {
  while (!(await condition())) {
    await clock.advance(stepMs);
  }
}

/** Move both clocks. */
export async function advance(ms: number): Promise<void> {
  await clock.advance(ms);
  await client.ping();
  await peer.advance(ms);
}

export const status = async (runId: string): Promise<string> =>
  (await client.action.status(runId)).status;

/** A handler that waits until it is told to go on. */
export function gate(): {
  handler: (ctx: ActionContext) => Promise<string>;
  open: () => void;
  seen: ActionContext[];
} {
  const seen: ActionContext[] = [];
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const handler = async (ctx: ActionContext) => {
    seen.push(ctx);
    await opened;
    return "done";
  };
  return { handler, open, seen };
}
