/** Workers of Node: they have an endpoint, or a client, and listen to signals. */

import { hostname } from "node:os";

import {
  BadRequestError,
  type ClientSource,
  ActionWorker as CoreActionWorker,
  type ActionWorkerOptions as CoreActionWorkerOptions,
  FloClient as CoreFloClient,
  QueueWorker as CoreQueueWorker,
  type QueueWorkerOptions as CoreQueueWorkerOptions,
  StreamWorker as CoreStreamWorker,
  type StreamWorkerOptions as CoreStreamWorkerOptions,
  checkFlag,
  type Given,
  known,
  type Logger,
  loggerOf,
  metadataOf,
  type OptionNames,
  randomHex,
  type StreamHandler,
  type Token,
  type WorkerBaseOptions,
} from "@floruntime/core";

import { placeOf } from "./address.js";
import { nodeClock } from "./clock.js";
import { listen } from "./signals.js";
import { TcpTransport, type Tls } from "./tcp.js";

const CALL_TIMEOUT_MS = 10_000;
const HOST_CHARS_MAX = 100;

/** Where a worker connects: an endpoint, or a client that it shares and leaves open. */
export interface WorkerEndpoint {
  /** `host:port`, or an address, as for `FloClient`. Default: `client`, else the environment. */
  readonly endpoint?: string | null | undefined;
  /** A client to share, which stays open when the worker ends. */
  readonly client?: CoreFloClient | null | undefined;
  readonly token?: Token | null | undefined;
  readonly tls?: Tls | null | undefined;
  /**
   * The logger: `true` for the console, `false` for none, or an object with `debug`, `warn` and
   * `error`. Default: warnings and errors go to the console.
   */
  readonly logger?: Logger | boolean | null | undefined;
  /** An older spelling of `logger: true`. */
  readonly debug?: boolean | null | undefined;
}

interface OfEveryWorker extends WorkerEndpoint {
  /** Whether to stop on SIGINT and SIGTERM; a second one ends the process. Default: true. */
  readonly handleSignals?: boolean | null | undefined;
}

export interface ActionWorkerOptions extends CoreActionWorkerOptions, OfEveryWorker {
  /** Shown in its metadata, as `machineId`. */
  readonly machineId?: string | null | undefined;
}

export interface QueueWorkerOptions extends CoreQueueWorkerOptions, OfEveryWorker {}

export interface StreamWorkerOptions extends CoreStreamWorkerOptions, OfEveryWorker {
  /** Another name for `consumer`. */
  readonly workerId?: string | null | undefined;
  /** The beginning of the default for `consumer`. Default: the name of this host. */
  readonly machineId?: string | null | undefined;
}

/** Options of a `StreamWorker` whose client and handler are separate arguments. */
export interface StreamWorkerConfig
  extends Omit<StreamWorkerOptions, "client" | "endpoint" | "handler" | "group"> {
  /** Default: `default`. */
  readonly group?: string | null | undefined;
}

/** Where a `StreamWorker` works: a client to share, an endpoint, or options that name one. */
export type StreamWorkerSource = CoreFloClient | string | WorkerEndpoint;

const OF_EVERY_WORKER: OptionNames<OfEveryWorker & WorkerBaseOptions> = {
  endpoint: true,
  client: true,
  token: true,
  tls: true,
  logger: true,
  debug: "logger",
  handleSignals: true,
  namespace: true,
  concurrency: true,
  blockMs: true,
  autoTouch: true,
  drainTimeoutMs: true,
};
const ACTION_WORKER: OptionNames<ActionWorkerOptions> = {
  ...OF_EVERY_WORKER,
  workerId: true,
  labels: true,
  metadata: true,
  actionTimeoutMs: true,
  heartbeatIntervalMs: true,
  machineId: true,
};
const QUEUE_WORKER: OptionNames<QueueWorkerOptions> = {
  ...OF_EVERY_WORKER,
  queue: true,
  handler: true,
  workerId: true,
  batchSize: true,
  visibilityTimeoutMs: true,
  messageTimeoutMs: true,
  retryDelayMs: true,
  retryBackoff: true,
  retryDelayMaxMs: true,
};
const STREAM_WORKER: OptionNames<StreamWorkerOptions> = {
  ...OF_EVERY_WORKER,
  stream: true,
  group: true,
  handler: true,
  consumer: true,
  workerId: "consumer",
  machineId: true,
  batchSize: true,
  messageTimeoutMs: true,
  retryDelayMs: true,
  retryBackoff: true,
  retryDelayMaxMs: true,
};

/** A worker for actions: call `worker.action(name, handler)`, then `await worker.start()`. */
export class ActionWorker extends CoreActionWorker {
  readonly #handlesSignals: boolean;

  constructor(options: ActionWorkerOptions = {}) {
    const given = known("ActionWorker", options, ACTION_WORKER);
    const { machineId, metadata, workerId = newName() } = given;
    const told = metadataOf({ metadata, machineId });
    super(sourceOf(given), { ...given, metadata: told, workerId });
    this.#handlesSignals = checkFlag("handleSignals", given.handleSignals ?? true);
  }

  /** Work until `stop()`, SIGINT, SIGTERM or a drain from outside; then end in good order. */
  override async start(): Promise<void> {
    await untilSignal(this, this.#handlesSignals, () => super.start());
  }
}

/** A worker for queues: call `worker.queue(name, handler)`, then `await worker.start()`. */
export class QueueWorker extends CoreQueueWorker {
  readonly #handlesSignals: boolean;

  constructor(options: QueueWorkerOptions = {}) {
    const given = known("QueueWorker", options, QUEUE_WORKER);
    super(sourceOf(given), { ...given, workerId: given.workerId ?? newName() });
    this.#handlesSignals = checkFlag("handleSignals", given.handleSignals ?? true);
  }

  /** Work until `stop()`, SIGINT or SIGTERM; then end in good order. */
  override async start(): Promise<void> {
    await untilSignal(this, this.#handlesSignals, () => super.start());
  }
}

/** A consumer of a stream's group: call `await worker.start()`. */
export class StreamWorker extends CoreStreamWorker {
  readonly #handlesSignals: boolean;

  /** All in one object, or where it works and the handler apart. */
  constructor(options: StreamWorkerOptions);
  constructor(source: StreamWorkerSource, config: StreamWorkerConfig, handler: StreamHandler);
  constructor(
    first: StreamWorkerOptions | StreamWorkerSource,
    config?: StreamWorkerConfig,
    handler?: StreamHandler,
  ) {
    const options =
      config === undefined ? first : together(first as StreamWorkerSource, config, handler);
    const given = known("StreamWorker", options as StreamWorkerOptions, STREAM_WORKER);
    super(sourceOf(given), { ...given, consumer: given.consumer ?? newName(given.machineId) });
    this.#handlesSignals = checkFlag("handleSignals", given.handleSignals ?? true);
  }

  /** Work until `stop()`, SIGINT or SIGTERM; then end in good order. */
  override async start(): Promise<void> {
    await untilSignal(this, this.#handlesSignals, () => super.start());
  }
}

function together(
  source: StreamWorkerSource,
  config: StreamWorkerConfig,
  handler: StreamHandler | undefined,
): StreamWorkerOptions {
  const group = config.group ?? "default";
  return { ...config, ...whereOf(source), group, handler: handler as StreamHandler };
}

function whereOf(source: StreamWorkerSource): WorkerEndpoint {
  if (typeof source === "string") {
    return { endpoint: source };
  }
  return source instanceof CoreFloClient ? { client: source } : source;
}

async function untilSignal(
  worker: { stop(): void },
  handlesSignals: boolean,
  start: () => Promise<void>,
): Promise<void> {
  const stopListening = handlesSignals ? listen(() => worker.stop()) : () => undefined;
  try {
    await start();
  } finally {
    stopListening();
  }
}

function sourceOf(options: Given<OfEveryWorker & WorkerBaseOptions>): ClientSource {
  const { endpoint, client, logger, ...beside } = options;
  if (endpoint !== undefined && client !== undefined) {
    throw new BadRequestError("give a worker an endpoint or a client, and not both");
  }
  if (client !== undefined) {
    refuseBeside(client, { token: beside.token, tls: beside.tls });
    const own = logger === undefined ? undefined : loggerOf(logger);
    return { open: () => client, isOwned: false, logger: own };
  }
  const { namespace, token, tls, ...place } = placeOf(endpoint, beside);
  const transport = new TcpTransport(place.endpoint, tls);
  const settings = { namespace, token, logger, timeoutMs: CALL_TIMEOUT_MS, clock: nodeClock };
  const open = () => new CoreFloClient(transport, settings);
  open(); // so that a bad setting is refused here, and not by start()
  return { open, isOwned: true };
}

function refuseBeside(client: CoreFloClient, settings: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) {
      throw new BadRequestError(
        `${name} is the client's: leave it out; the client of ${client.endpoint} has its own`,
      );
    }
  }
}

/** A name for a worker or consumer that nobody else has: host, process, and chance. */
function newName(machine = hostname()): string {
  return `${machine.slice(0, HOST_CHARS_MAX)}-${process.pid}-${randomHex(4)}`;
}
