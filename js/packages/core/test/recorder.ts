/** A caller that remembers what it is asked, and answers as it is told. */

import { FakeClock } from "@floruntime/testing";
import { defaultLogger } from "../dist/base/logger.js";
import { type CallOptions, ofCall } from "../dist/base/options.js";
import type { Caller, WaitOptions } from "../dist/link/caller.js";
import type { Request } from "../dist/wire/request.js";

export interface Asked {
  readonly name: string;
  readonly fields: object;
  readonly namespace: string | undefined;
  readonly blockMs: number | bigint | undefined;
  readonly signal: AbortSignal | undefined;
}

export class Recorder implements Caller {
  readonly namespace = "mine";
  readonly clock = new FakeClock();
  readonly logger = defaultLogger;
  readonly asked: Asked[] = [];
  /** What the next calls are answered with, as it is decoded; errors are thrown. */
  readonly answers: unknown[] = [];

  async call<R>(request: Request<R>, options: CallOptions & WaitOptions = {}): Promise<R> {
    const { namespace, blockMs, signal } = ofCall(options);
    request.encode(); // what could not travel is refused as it would be
    const fields = Object.fromEntries(
      Object.entries(request.fields).filter(([, value]) => value !== undefined),
    );
    this.asked.push({ name: request.kind.name, fields, namespace, blockMs, signal });
    const answer = this.answers.shift();
    if (answer instanceof Error) {
      throw answer;
    }
    return request.finish(answer);
  }

  /** The fields of the latest question. */
  get lastFields(): Readonly<Record<string, unknown>> {
    return (this.last?.fields ?? {}) as Record<string, unknown>;
  }

  /** The latest question. */
  get last(): Asked | undefined {
    return this.asked.at(-1);
  }
}
