/** Real processes, started for a test and ended by it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const READY_MS_MAX = 120_000;

/** The root of the whole repository. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * The Python that has Flo installed: `FLO_PYTHON`, or that of the repository's environment. A relative
 * path begins where npm was called, or where this process runs; a name alone is found by `PATH`.
 */
export function python(): string {
  const named = process.env["FLO_PYTHON"] ?? `${ROOT}/.venv/bin/python`;
  if (!named.includes("/")) {
    return named;
  }
  const places = [process.env["INIT_CWD"] ?? process.cwd(), process.cwd(), ROOT];
  const found = places.map((place) => resolve(place, named)).find(existsSync);
  if (found === undefined) {
    throw new Error(`there is no ${named}: run \`make test\` once, or set FLO_PYTHON`);
  }
  return found;
}

/** The environment of a process, without settings of Flo that are meant for something else. */
export function environment(added: Record<string, string> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("FLO_"));
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...added };
}

/** One process whose lines are read. */
export class Process {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly lines: string[] = [];
  #waiters: (() => void)[] = [];

  constructor(command: string, args: readonly string[], env: Record<string, string>) {
    this.#child = spawn(command, args, { cwd: ROOT, env, stdio: ["pipe", "pipe", "pipe"] });
    this.#ended = once(this.#child, "close").then(() => this.#wake());
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) {
        createInterface({ input: stream }).on("line", (line) => this.#heard(line));
      }
    }
  }

  #heard(line: string): void {
    this.lines.push(line);
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) {
      wake();
    }
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The exit code, once it has ended by itself. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** The first line, from line number `from` on, that `pattern` finds. */
  async line(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const timer = setTimeout(() => this.kill(), READY_MS_MAX);
    try {
      for (let at = from; ; at++) {
        while (at >= this.lines.length) {
          if (this.isOver) {
            throw new Error(`it ended, and never said ${pattern}:\n${this.lines.join("\n")}`);
          }
          await new Promise<void>((resolve) => this.#waiters.push(resolve));
        }
        const found = pattern.exec(this.lines[at] as string);
        if (found !== null) {
          return found;
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** SIGKILL, and wait for the end. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
