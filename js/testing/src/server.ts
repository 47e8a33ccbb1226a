/** A real Flo server in a process of its own. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { lastingPort } from "./port.js";
import { environment, Process, python } from "./process.js";

const READY = /ready on 127\.0\.0\.1:\d+/;

export class ServerProcess {
  readonly #dataDir: string;
  readonly #options: readonly string[];
  #process: Process | null = null;
  readonly port: number;

  private constructor(port: number, dataDir: string, options: readonly string[]) {
    this.port = port;
    this.#dataDir = dataDir;
    this.#options = options;
  }

  /** Start one with a data directory of its own on a port that stays free while it is down. */
  static async start(...options: string[]): Promise<ServerProcess> {
    const dataDir = await mkdtemp(join(tmpdir(), "flo-js-"));
    const server = new ServerProcess(await lastingPort(), dataDir, options);
    await server.start();
    return server;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Start it again after a kill, on the same port and data. */
  async start(): Promise<void> {
    const settings = ["--port", `${this.port}`, "--data-dir", this.#dataDir];
    const args = ["-m", "floruntime", "server", "start", ...settings, ...this.#options];
    this.#process = new Process(python(), args, environment());
    await this.#process.line(READY);
  }

  /** SIGKILL, and wait for the end. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Kill it and start it again on the same port and data. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** End it, and remove its data. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}
