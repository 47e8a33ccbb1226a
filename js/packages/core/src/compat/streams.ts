/** `client.stream` as the first JavaScript SDK has it. */

import type { Stream } from "../api/stream/stream.js";
import type { CallOptions } from "../base/options.js";
import { type Extended, extended } from "./extended.js";
import type { StreamInfoResult } from "./shapes.js";

/** What differs of `client.stream`: counts are bigints. */
export interface StreamDifferences {
  /** The stream's size. `NotFoundError` where there is none. */
  info(stream: string, options?: CallOptions): Promise<StreamInfoResult>;
}

/** `client.stream`, with those. */
export function streams(stream: Stream): Extended<Stream, StreamDifferences> {
  return extended<Stream, StreamDifferences>(stream, {
    async info(name, options) {
      const { firstId, lastId, count, sizeBytes, partitions } = await stream.info(name, options);
      const sizes = { count: BigInt(count), bytes: BigInt(sizeBytes) };
      return { firstId, lastId, ...sizes, partitionCount: partitions };
    },
  });
}
