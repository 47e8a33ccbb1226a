/** Several writes of any primitives in one commit: all happen, or none. */

import { BadRequestError, BadTypeError, ProtocolError } from "../base/errors.js";
import { BATCH_BYTES_MAX, BATCH_COMMANDS_MAX } from "../base/limits.generated.js";
import { type CallOptions, knownOfCall, NONE } from "../base/options.js";
import { typeName } from "../base/shown.js";
import type { Caller } from "../link/caller.js";
import { encodeMessagePack } from "../wire/message-pack-writer.js";
import { Batch as BatchRequest } from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";
import { ActionCommands } from "./action/commands.js";
import { Commands } from "./base/commands.js";
import type { LeaseMemory } from "./base/leases.js";
import { KvCommands } from "./kv/commands.js";
import { QueueCommands } from "./queue/commands.js";
import { StreamCommands } from "./stream/commands.js";
import { WorkerCommands } from "./worker/commands.js";
import { WorkflowCommands } from "./workflow/commands.js";

/** The methods of a command builder; each records what the builder makes, and answers nothing. */
export type Recorded<Builder> = {
  readonly [Method in keyof Builder]: Builder[Method] extends (
    ...given: infer Given
  ) => Request<unknown>
    ? (...given: Given) => void
    : never;
};

/** Which deliveries a client remembers, of queues and of groups. */
export interface Memories {
  readonly queue: LeaseMemory;
  readonly stream: LeaseMemory;
}

/** Collects commands for one commit. Commands that are added after its block are refused. */
export class Batch {
  /** The writes of `client.kv`, and `check`. */
  readonly kv: Recorded<KvCommands>;
  /** The writes of `client.queue`, without `dequeue`. */
  readonly queue: Recorded<QueueCommands>;
  /** The writes of `client.stream`, without `groupRead`. */
  readonly stream: Recorded<StreamCommands>;
  /** The same as `stream`. */
  readonly streams: Recorded<StreamCommands>;
  /** `invoke` and `cancel` of `client.action`. */
  readonly action: Recorded<ActionCommands>;
  /** `complete` and `fail` of `client.worker`. */
  readonly worker: Recorded<WorkerCommands>;
  /** `start`, `signal` and `cancel` of `client.workflow`. */
  readonly workflow: Recorded<WorkflowCommands>;
  readonly #commands: Request<unknown>[] = [];
  #isOver = false;

  constructor(memories: Memories, namespace: string) {
    this.kv = this.#recorder(new KvCommands(true));
    this.queue = this.#recorder(new QueueCommands(true, memories.queue, namespace));
    this.stream = this.#recorder(new StreamCommands(true, memories.stream, namespace));
    this.streams = this.stream;
    this.action = this.#recorder(new ActionCommands(true));
    this.worker = this.#recorder(new WorkerCommands(true));
    this.workflow = this.#recorder(new WorkflowCommands(true));
  }

  /** The number of commands in it. */
  get size(): number {
    return this.#commands.length;
  }

  /** Take no more; what was collected. */
  end(): readonly Request<unknown>[] {
    this.#isOver = true;
    return this.#commands;
  }

  #recorder<Builder extends Commands>(builder: Builder): Recorded<Builder> {
    const recorded = methodsOf(builder).map(([name, build]) => [
      name,
      (...given: unknown[]) => {
        this.#add(build.apply(builder, given));
      },
    ]);
    return Object.freeze(Object.fromEntries(recorded)) as Recorded<Builder>;
  }

  #add(command: Request<unknown>): void {
    if (this.#isOver) {
      throw new BadRequestError("this batch is over; begin another with client.batch()");
    }
    if (this.#commands.length === BATCH_COMMANDS_MAX) {
      throw new BadRequestError(`a batch takes at most ${BATCH_COMMANDS_MAX} commands`, {
        index: this.#commands.length,
      });
    }
    this.#commands.push(command);
  }
}

type Build = (...given: unknown[]) => Request<unknown>;

/** The methods that a builder's class has beyond those of all builders, by name. */
function methodsOf(builder: Commands): [string, Build][] {
  const found: [string, Build][] = [];
  let prototype: object = Object.getPrototypeOf(builder) as object;
  while (prototype !== Commands.prototype) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name !== "constructor") {
        found.push([name, (prototype as Record<string, Build>)[name] as Build]);
      }
    }
    prototype = Object.getPrototypeOf(prototype) as object;
  }
  return found;
}

/** What fills a batch. */
export type FillBatch = (batch: Batch) => unknown;

/** Let `fill` collect commands, and send them when it ends without throwing. Their results. */
export async function runBatch(
  caller: Caller,
  memories: Memories,
  fill: FillBatch,
  options: CallOptions,
): Promise<unknown[]> {
  knownOfCall("batch", options, NONE);
  if (typeof fill !== "function") {
    throw new BadTypeError(`batch takes a function that fills it, not ${typeName(fill)}`);
  }
  const batch = new Batch(memories, options.namespace ?? caller.namespace);
  let commands: readonly Request<unknown>[] = [];
  try {
    await fill(batch);
  } finally {
    commands = batch.end();
  }
  return commands.length === 0 ? [] : await caller.call(batchOf(commands), options);
}

/** One request of these commands, answered with what each of them answers. */
export function batchOf(commands: readonly Request<unknown>[]): Request<unknown[]> {
  const request = BatchRequest.of({ commands });
  const size = encodeMessagePack(request.encode()).length;
  if (size > BATCH_BYTES_MAX) {
    throw new BadRequestError(`a batch of ${size} bytes; at most ${BATCH_BYTES_MAX} are allowed`);
  }
  return request.map((results) => {
    if (results.length !== commands.length) {
      throw new ProtocolError(`${results.length} results for ${commands.length} commands`);
    }
    return commands.map((command, index) =>
      command.finish(command.kind.reply.decode(results[index])),
    );
  });
}
