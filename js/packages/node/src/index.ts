/** Flo for Node: a client and workers over TCP and TLS. */

export * from "@floruntime/core/public";
export { FloClient, type FloClientOptions } from "./client.js";
export { type Endpoint, parseEndpoint } from "./endpoint.js";
export type { Tls, TlsOptions } from "./tcp.js";
export { TcpTransport } from "./tcp.js";
export {
  ActionWorker,
  type ActionWorkerOptions,
  type ActionWorkerOptions as ActionWorkerConfig,
  type ActionWorkerOptions as WorkerConfig,
  QueueWorker,
  type QueueWorkerOptions,
  StreamWorker,
  type StreamWorkerConfig,
  type StreamWorkerOptions,
  type StreamWorkerSource,
  type WorkerEndpoint,
} from "./workers.js";
export { Workflow } from "./workflow-files.js";
