/** What tests of one client over the scripted server begin with. */

import { FakeClock } from "@floruntime/testing";
import { FloClient } from "../dist/api/client.js";
import type { ClientOptions } from "../dist/link/connected.js";
import { FakeServer, type Script } from "./fake-server.js";

const EXACT = { initialDelayMs: 100, maxDelayMs: 1_000, jitter: 0 };

export interface Setup {
  readonly server: FakeServer;
  readonly clock: FakeClock;
  readonly client: FloClient;
}

export function setUp(script?: Script, options: ClientOptions = {}): Setup {
  const server = new FakeServer(script);
  const clock = new FakeClock();
  const client = new FloClient(server, { clock, retry: EXACT, ...options });
  return { server, clock, client };
}

export const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : new TextDecoder().decode(bytes);

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** A logger that keeps its lines. */
export const REMEMBERING = {
  lines: [] as string[],

  /** The logger, which has no lines yet. */
  fresh() {
    this.lines = [];
    const keep =
      (level: string) =>
      (...texts: unknown[]) => {
        this.lines.push(`${level}: ${texts.map(String).join(" ")}`);
      };
    return { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
  },
};
