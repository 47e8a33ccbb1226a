/** Flo for Node: a client and workers over TCP and TLS. */

export * from "@floruntime/core";
export { FloClient, type FloClientOptions } from "./client.js";
export type { Tls } from "./tcp.js";
export { TcpTransport } from "./tcp.js";
export {
  ActionWorker,
  type ActionWorkerOptions,
  StreamWorker,
  type StreamWorkerOptions,
  type WorkerEndpoint,
} from "./workers.js";
export { Workflow } from "./workflow-files.js";
