/** A headless Chromium, and the pages it opens, served over loopback. */

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Process, python } from "@floruntime/testing";
import { type Browser, chromium } from "playwright-core";

/** A name that leads to this machine in this browser alone: a page of some other site. */
export const ELSEWHERE = "elsewhere.test";
/** How long a page may take to show what it should; machines that build and test at once are slow. */
export const PATIENCE_MS = 120_000;
const EXECUTABLE = process.env["CHROMIUM"] || "/usr/bin/chromium";
const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
];

/** A browser with an empty profile. Nothing in it goes beyond this machine. */
export async function launch(): Promise<Browser> {
  const only = `MAP ${ELSEWHERE} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`;
  const args = [...QUIET, `--host-resolver-rules=${only}`];
  // Its sandbox needs a user who is not root; the pages are our own.
  return await chromium.launch({
    executablePath: EXECUTABLE,
    chromiumSandbox: false,
    args,
    timeout: PATIENCE_MS,
  });
}

const AGAIN_MS = 50;

/**
 * Ask again until the answer is the one that is expected, with `PATIENCE_MS`: what a page shows comes
 * when it comes. Fails with the last answer.
 */
export async function becomes<T>(ask: () => T | Promise<T>, expected: T): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  let answer = await ask();
  while (!isDeepStrictEqual(answer, expected) && performance.now() < endMs) {
    await setTimeout(AGAIN_MS);
    answer = await ask();
  }
  assert.deepEqual(answer, expected);
}

/** Serves `js/` on a port of loopback. */
export class Pages {
  readonly #process: Process;
  readonly port: number;

  private constructor(process: Process, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(): Promise<Pages> {
    const args = ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", "js"];
    const process = new Process(python(), args, {});
    const [, port] = await process.line(/ port (\d+) /);
    return new Pages(process, Number(port));
  }

  /** The address of `path` below `js/`. */
  url(path: string, host = "127.0.0.1"): string {
    return `http://${host}:${this.port}/${path}`;
  }

  async stop(): Promise<void> {
    await this.#process.kill();
  }
}
