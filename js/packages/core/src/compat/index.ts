/** What the packages' `compat` modules have in common. */

export { type Extended, extended } from "./extended.js";
export {
  beginTxn,
  type KeyReads,
  type KeyWrites,
  keyReads,
  keys,
  type ScanOptions,
  Transaction,
} from "./keys.js";
export * from "./shapes.js";
export { type StreamDifferences, streams } from "./streams.js";
export {
  type ActionDifferences,
  actions,
  type WorkerDifferences,
  type WorkflowDifferences,
  workers,
  workflows,
} from "./work.js";
