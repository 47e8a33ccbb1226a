/** What a handler wants done together with its result: `ctx.batch()`. */

import type { CallOptions } from "../base/options.js";
import { Batch, batchOf } from "./batch.js";
import type { FloClient } from "./client.js";

/**
 * A batch that is sent when the handler has returned, in one commit with the completion of its run,
 * or with the ack of its record or message: either all of it happens, or none.
 */
export class HandlerBatch extends Batch {
  readonly #client: FloClient;

  constructor(client: FloClient) {
    super(client.memories, client.namespace);
    this.#client = client;
  }

  /** Send it, once; the worker does. Throws what any of the writes throws, with `index`. */
  async send(options: CallOptions): Promise<void> {
    await this.#client.call(batchOf(this.end()), options);
  }
}
