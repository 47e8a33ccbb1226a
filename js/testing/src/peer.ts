/** A test server whose clock the test moves, and a Python client of it, in one Python process. */

import { environment, Process, python } from "./process.js";

/** A value as the peer writes it. */
export type Shown =
  | null
  | boolean
  | number
  | string
  | readonly Shown[]
  | { readonly [name: string]: Shown };

export class Peer {
  readonly #process: Process;
  #last: Promise<unknown> = Promise.resolve();
  #lines = 1;
  endpoint = "";

  private constructor(process: Process) {
    this.#process = process;
  }

  static async start(): Promise<Peer> {
    const peer = new Peer(new Process(python(), ["-m", "tests.js.peer"], environment()));
    const [line] = await peer.#process.line(/^\{.*\}$/);
    peer.endpoint = (JSON.parse(line) as { endpoint: string }).endpoint;
    return peer;
  }

  /** Move the server's clock by `ms`, stopping at every deadline on the way; its time then. */
  async advance(ms: number): Promise<number> {
    return (await this.#ask({ do: "advance", ms })) as number;
  }

  /** Cut every connection, and start again on the same state and port. */
  async restart(): Promise<void> {
    await this.#ask({ do: "restart" });
  }

  /** Call a method of the Python client, such as `kv.put`. */
  async call(method: string, args: readonly Shown[] = [], options: object = {}): Promise<Shown> {
    return await this.#ask({ do: "call", method, arguments: args, options });
  }

  async stop(): Promise<void> {
    await this.#process.kill();
  }

  /** One question after the other. */
  #ask(question: object): Promise<Shown> {
    const answer = this.#last.then(async () => {
      this.#process.write(JSON.stringify(question));
      const [line] = await this.#process.line(/^\{.*\}$/, this.#lines);
      this.#lines = this.#process.lines.length;
      const told = JSON.parse(line) as {
        result?: Shown;
        error?: { code: string; message: string };
      };
      if (told.error !== undefined) {
        throw new Error(`${told.error.code}: ${told.error.message}`);
      }
      return told.result ?? null;
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }
}

/** Bytes as the peer writes them. */
export function bytes(text: string): { bytes: string } {
  return { bytes: Buffer.from(text).toString("hex") };
}
