/** The cluster that a client is connected to: how it is, and where its leads are to be. */

import { type CallOptions, knownOfCall, NONE } from "../base/options.js";
import type { Caller } from "../link/caller.js";
import {
  ClusterDrain,
  ClusterForget,
  ClusterImport,
  type ClusterInfo,
  ClusterMove,
  ClusterRecover,
  ClusterStatus,
} from "../wire/messages.generated.js";

/** `client.cluster`: for the role `admin`. A server that is alone refuses all of it. */
export class Cluster {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** The nodes, the partitions and the state of NATS, as the node that answers sees them. */
  async status(options: CallOptions = {}): Promise<ClusterInfo> {
    knownOfCall("cluster.status", options, NONE);
    return await this.#caller.call(ClusterStatus.of({}), options);
  }

  /** Let `node` lead `partition` (0 is `system`), until it is drained or lost. */
  async move(partition: number, node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.move", options, NONE);
    await this.#caller.call(ClusterMove.of({ partition, node }), options);
  }

  /** Hand over all that `node` leads, until it starts again. */
  async drain(node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.drain", options, NONE);
    await this.#caller.call(ClusterDrain.of({ node }), options);
  }

  /** Drop a node that is gone for good. Refused while it lives. */
  async forget(node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.forget", options, NONE);
    await this.#caller.call(ClusterForget.of({ node }), options);
  }

  /**
   * Let `partition` (0 is `system`) go on from the copy of `node`, as a new history: for one that
   * nobody can lead, because its log was set back or lost its beginning. What other copies and the
   * log hold beyond that is given up.
   */
  async recover(partition: number, node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.recover", options, NONE);
    await this.#caller.call(ClusterRecover.of({ partition, node }), options);
  }

  /**
   * Take a single server's data into this cluster, which must be empty; how many namespaces there
   * are. `directory` is a backup on the machine of the node that is asked.
   */
  async importBackup(directory: string, options: CallOptions = {}): Promise<number> {
    knownOfCall("cluster.importBackup", options, NONE);
    return await this.#caller.call(ClusterImport.of({ directory }), options);
  }
}
