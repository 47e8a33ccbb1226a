import {
  type ClientOptions,
  ClientWithin,
  FloClient as CoreFloClient,
  checkNamed,
} from "@floruntime/core";

import { placeOf } from "./address.js";
import { nodeClock } from "./clock.js";
import { TcpTransport, type Tls } from "./tcp.js";
import {
  ActionWorker,
  type ActionWorkerOptions,
  QueueWorker,
  type QueueWorkerOptions,
  StreamWorker,
  type StreamWorkerOptions,
  type WorkerEndpoint,
} from "./workers.js";
import { Workflow } from "./workflow-files.js";

type ActionOptions = Omit<ActionWorkerOptions, keyof WorkerEndpoint>;
type QueueOptions = Omit<QueueWorkerOptions, keyof WorkerEndpoint>;
type StreamOptions = Omit<StreamWorkerOptions, keyof WorkerEndpoint>;

export interface FloClientOptions extends ClientOptions {
  /** Use TLS: `true`, or options of `node:tls` (`ca`, `cert`, `key`, …). Default: false. */
  readonly tls?: Tls | null | undefined;
}

/**
 * A client of one server over TCP.
 *
 * `endpoint` is `host:port` (default port: 9000), or one address for everything:
 * `flo://TOKEN@host:9000/namespace?tls=1&ca=ca.pem` (`flos://` for TLS). Options win over the
 * address. Without an endpoint it uses the environment: `FLO_URL`, which holds such an address, and
 * for what that leaves open `FLO_HOST`, `FLO_NAMESPACE`, `FLO_TOKEN`, `FLO_TLS`, `FLO_TLS_CA`,
 * `FLO_CLIENT_CERT` and `FLO_CLIENT_KEY`; else `localhost:9000`.
 *
 * It connects with `connect()` or at the first call. `close()` closes it; `await using client = …`
 * does so at the end of its block. A process does not end while a client is connected. In a cluster
 * the client also connects to the leaders of its namespaces, if it can reach them.
 */
export class FloClient extends CoreFloClient {
  override readonly workflow: Workflow = new Workflow(this);

  constructor(endpoint?: string, options: FloClientOptions = {}) {
    const { tls: _, ...rest } = checkNamed("FloClient", options);
    const { tls, namespace, token, ...place } = placeOf(endpoint, options);
    super(new TcpTransport(place.endpoint, tls), { clock: nodeClock, ...rest, namespace, token });
  }

  override within(namespace: string): FloClient {
    return new FloClientWithin(this, namespace);
  }

  /**
   * Create an `ActionWorker` on this client's connection. It leaves the client open when it ends.
   */
  newActionWorker(options: ActionOptions = {}): ActionWorker {
    return new ActionWorker({ ...checkNamed("newActionWorker", options), client: this });
  }

  /** Another name for `newActionWorker`. */
  newWorker(options: ActionOptions = {}): ActionWorker {
    return this.newActionWorker(options);
  }

  /** Create a `QueueWorker` on this client's connection. It leaves the client open when it ends. */
  newQueueWorker(options: QueueOptions = {}): QueueWorker {
    return new QueueWorker({ ...checkNamed("newQueueWorker", options), client: this });
  }

  /**
   * Create a `StreamWorker` on this client's connection. It leaves the client open when it ends.
   */
  newStreamWorker(options: StreamOptions): StreamWorker {
    return new StreamWorker({ ...checkNamed("newStreamWorker", options), client: this });
  }
}

/** What `within` gives: on the connection of another client, with all that a client has here. */
class FloClientWithin extends ClientWithin implements FloClient {
  override readonly workflow: Workflow = new Workflow(this);
  readonly newActionWorker = FloClient.prototype.newActionWorker;
  readonly newWorker = FloClient.prototype.newWorker;
  readonly newQueueWorker = FloClient.prototype.newQueueWorker;
  readonly newStreamWorker = FloClient.prototype.newStreamWorker;

  override within(namespace: string): FloClient {
    return new FloClientWithin(this, namespace);
  }
}
